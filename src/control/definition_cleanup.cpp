#include "control/definition_cleanup.h"

#include "base/time_text.h"
#include "control/conditions.h"

namespace plinth::control {
namespace {

using client::Change;
using client::Object;
using client::Plan;
using client::View;

constexpr std::string_view kName = "crd-finalizer";
constexpr std::string_view kFinalizer = "customresourcecleanup.apiextensions.k8s.io";
constexpr std::string_view kGroup = "apiextensions.k8s.io";
constexpr std::string_view kPlural = "customresourcedefinitions";

// Keys are names of definitions.
class DefinitionCleanup final : public client::Controller {
 public:
  std::string_view name() const override { return kName; }

  void keys_of(const Change& change, const View& view, std::vector<std::string>& keys) const override {
    const Object& object = change.object;
    if (object.resource.is(kGroup, kPlural)) {
      if (object.deleting() && !change.deleted) keys.push_back(object.name);
      return;
    }
    if (!change.deleted && !object.deleting()) return;
    const std::string name = object.resource.plural + "." + object.resource.group;
    const auto definition = view.get(*view.find_resource(kGroup, kPlural), "", name);
    if (definition && definition->deleting()) keys.push_back(name);
  }

  void initial_keys(const View& view, std::vector<std::string>& keys) const override {
    view.list(*view.find_resource(kGroup, kPlural), "", [&](const Object& object) {
      if (object.deleting()) keys.push_back(object.name);
      return true;
    });
  }

  Plan step(const View& view, const std::string& key, const client::StepContext& context) const override {
    Plan plan;
    const auto definition = view.get(*view.find_resource(kGroup, kPlural), "", key);
    if (!definition || !definition->deleting() || !definition->has_finalizer(kFinalizer)) return plan;
    std::size_t left = 0;
    const auto instances =
        view.find_resource((*definition)["spec"]["group"].as_string(), (*definition)["spec"]["names"]["plural"].as_string());
    if (instances) {
      view.list(*instances, "", [&](const Object& object) {
        ++left;
        if (!object.deleting()) plan.requests.push_back(client::delete_request(object, "Background", /*same_revision=*/false));
        return true;
      });
    }
    if (left == 0) {
      // The view may be behind; without its definition nothing would ever remove an instance.
      if (is_established(*definition)) plan.requests.push_back(client::check_empty(instances_of(*definition), ""));
      plan.requests.push_back(drop_finalizer(*definition));
    } else
      plan_condition(*definition, left, context.wall_ns, plan);
    return plan;
  }

 private:
  static bool is_established(const Object& definition) {
    for (const Value& condition : definition["status"]["conditions"].items()) {
      if (condition["type"].as_string() == "Established") return condition["status"].as_string() == "True";
    }
    return false;
  }

  // By the definition alone: the view may not know the kind yet.
  static client::Resource instances_of(const Object& definition) {
    const Value spec = definition["spec"];
    client::Resource resource;
    resource.group = spec["group"].as_string();
    resource.plural = spec["names"]["plural"].as_string();
    resource.kind = spec["names"]["kind"].as_string();
    for (const Value& version : spec["versions"].items()) {
      if (version["served"].as_bool()) resource.version = version["name"].as_string();
    }
    return resource;
  }

  static client::Request drop_finalizer(const Object& definition) {
    Draft patch;
    patch.root() = patch.object();
    Value& finalizers = patch.member_path(patch.root(), {"metadata", "finalizers"});
    finalizers = patch.array();
    for (const Value& f : definition.metadata()["finalizers"].items()) {
      if (f.as_string() != kFinalizer) patch.push(finalizers, patch.clone(f));
    }
    return client::merge_patch_request(definition, "", std::move(patch), /*same_revision=*/true, kName);
  }

  static void plan_condition(const Object& definition, std::size_t left, std::int64_t wall_ns, Plan& plan) {
    Draft patch;
    patch.root() = patch.object();
    Value conditions = patch.clone(definition["status"]["conditions"]);
    const std::string message = "CustomResource deletion is in progress: " + std::to_string(left) + " instances remain";
    if (!set_condition(patch, conditions, {"Terminating", true, "InstanceDeletionInProgress", message},
                       format_rfc3339(wall_ns)))
      return;
    patch.member_path(patch.root(), {"status", "conditions"}) = conditions;
    plan.requests.push_back(
        client::merge_patch_request(definition, "status", std::move(patch), /*same_revision=*/false, kName));
  }
};

}  // namespace

std::unique_ptr<client::Controller> make_definition_cleanup() { return std::make_unique<DefinitionCleanup>(); }

}  // namespace plinth::control
