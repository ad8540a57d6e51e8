#include "control/flow_schemas.h"

#include <fmt/core.h>

#include "base/time_text.h"
#include "control/conditions.h"

namespace plinth::control {
namespace {

using client::Change;
using client::Object;
using client::Plan;
using client::View;

constexpr std::string_view kName = "flow-schema-controller";
constexpr std::string_view kGroup = "flowcontrol.apiserver.k8s.io";

std::string_view level_of(const Object& schema) { return schema["spec"]["priorityLevelConfiguration"]["name"].as_string(); }

// Keys are names of FlowSchemas.
class FlowSchemas final : public client::Controller {
 public:
  std::string_view name() const override { return kName; }

  void keys_of(const Change& change, const View& view, std::vector<std::string>& keys) const override {
    if (change.object.resource.is(kGroup, "flowschemas") && !change.deleted) keys.push_back(change.object.name);
    const bool comes_or_goes = change.created || change.deleted;
    if (!comes_or_goes || !change.object.resource.is(kGroup, "prioritylevelconfigurations")) return;
    view.list(*view.find_resource(kGroup, "flowschemas"), "", [&](const Object& schema) {
      if (level_of(schema) == change.object.name) keys.push_back(schema.name);
      return true;
    });
  }

  void initial_keys(const View& view, std::vector<std::string>& keys) const override {
    view.list(*view.find_resource(kGroup, "flowschemas"), "", [&](const Object& schema) {
      keys.push_back(schema.name);
      return true;
    });
  }

  Plan step(const View& view, const std::string& key, const client::StepContext& context) const override {
    Plan plan;
    const auto schema = view.get(*view.find_resource(kGroup, "flowschemas"), "", key);
    if (!schema || schema->deleting()) return plan;
    const std::string level(level_of(*schema));
    const bool missing = !view.get(*view.find_resource(kGroup, "prioritylevelconfigurations"), "", level);
    const std::string message = fmt::format("This FlowSchema references the PriorityLevelConfiguration object named \"{}\" {}",
                                            level, missing ? "but there is no such object" : "and it exists");
    Draft patch;
    patch.root() = patch.object();
    Value& status = patch.member(patch.root(), "status");
    status = patch.object();
    Value& conditions = patch.member(status, "conditions");
    conditions = patch.clone((*schema)["status"]["conditions"]);
    const Condition dangling{"Dangling", missing, missing ? "NotFound" : "Found", message};
    if (!set_condition(patch, conditions, dangling, format_rfc3339(context.wall_ns))) return plan;
    plan.requests.push_back(client::merge_patch_request(*schema, "status", std::move(patch), /*same_revision=*/true, kName));
    return plan;
  }
};

}  // namespace

std::unique_ptr<client::Controller> make_flow_schemas() { return std::make_unique<FlowSchemas>(); }

}  // namespace plinth::control
