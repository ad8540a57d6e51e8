#include "control/role_aggregation.h"

#include "api/role_aggregation.h"

namespace plinth::control {
namespace {

using client::Change;
using client::Object;
using client::Plan;
using client::View;

constexpr std::string_view kName = "clusterrole-aggregation-controller";
constexpr std::string_view kGroup = "rbac.authorization.k8s.io";

bool aggregates(const Object& role) { return role["aggregationRule"].is_object(); }

// Keys are names of ClusterRoles.
class RoleAggregation final : public client::Controller {
 public:
  std::string_view name() const override { return kName; }

  // Any ClusterRole may be selected by any aggregating one.
  void keys_of(const Change& change, const View& view, std::vector<std::string>& keys) const override {
    if (change.object.resource.is(kGroup, "clusterroles")) initial_keys(view, keys);
  }

  void initial_keys(const View& view, std::vector<std::string>& keys) const override {
    view.list(*view.find_resource(kGroup, "clusterroles"), "", [&](const Object& role) {
      if (aggregates(role)) keys.push_back(role.name);
      return true;
    });
  }

  Plan step(const View& view, const std::string& key, const client::StepContext&) const override {
    Plan plan;
    const auto roles = view.find_resource(kGroup, "clusterroles");
    const auto role = view.get(*roles, "", key);
    if (!role || !aggregates(*role) || role->deleting()) return plan;
    std::vector<Document> documents;
    std::vector<Value> all;
    view.list(*roles, "", [&](const Object& other) {
      documents.push_back(other.document);
      all.push_back(other.document.root());
      return true;
    });
    auto rules = api::aggregated_rules(role->document.root(), all);
    if (!rules.ok() || equal(rules->root(), (*role)["rules"])) return plan;
    Draft patch;
    patch.root() = patch.object();
    patch.member(patch.root(), "rules") = patch.adopt(*rules);
    plan.requests.push_back(client::merge_patch_request(*role, "", std::move(patch), /*same_revision=*/true, kName));
    return plan;
  }
};

}  // namespace

std::unique_ptr<client::Controller> make_role_aggregation() { return std::make_unique<RoleAggregation>(); }

}  // namespace plinth::control
