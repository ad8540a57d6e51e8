#include "control/namespace_controller.h"

#include <map>

#include "base/json.h"
#include "base/time_text.h"
#include "control/conditions.h"

namespace plinth::control {
namespace {

using client::Change;
using client::Object;
using client::Plan;
using client::Resource;
using client::View;

constexpr std::string_view kName = "namespace-controller";

// What is left in a namespace.
struct Remaining {
  std::map<std::string, std::size_t> by_resource;  // "pods." -> 3
  std::map<std::string, std::size_t> by_finalizer;
  std::size_t total = 0;
};

std::string counted(const std::map<std::string, std::size_t>& counts, std::string_view suffix) {
  std::string out;
  for (const auto& [name, count] : counts) {
    if (!out.empty()) out += ", ";
    out += name + std::string(suffix) + std::to_string(count) + " resource instances";
  }
  return out;
}

// Keys are names of namespaces.
class NamespaceController final : public client::Controller {
 public:
  std::string_view name() const override { return kName; }

  void keys_of(const Change& change, const View& view, std::vector<std::string>& keys) const override {
    const Object& object = change.object;
    if (object.resource.is("", "namespaces")) {
      if (object.deleting() && !change.deleted) keys.push_back(object.name);
      return;
    }
    if (object.name_space.empty()) return;
    const auto namespaces = view.find_resource("", "namespaces");
    const auto in = view.get(*namespaces, "", object.name_space);
    if (in && in->deleting()) keys.push_back(object.name_space);
  }

  void initial_keys(const View& view, std::vector<std::string>& keys) const override {
    view.list(*view.find_resource("", "namespaces"), "", [&](const Object& object) {
      if (object.deleting()) keys.push_back(object.name);
      return true;
    });
  }

  Plan step(const View& view, const std::string& key, const client::StepContext& context) const override {
    Plan plan;
    const auto object = view.get(*view.find_resource("", "namespaces"), "", key);
    if (!object || !object->deleting()) return plan;
    const Remaining remaining = plan_deletions(view, key, plan);
    if (remaining.total == 0) {
      // The view may be behind; what is left when a namespace ends is left for ever.
      for (const Resource& resource : view.resources()) {
        if (resource.namespaced) plan.requests.push_back(client::check_empty(resource, key));
      }
      plan.requests.push_back(finalize(*object));
      return plan;
    }
    plan_conditions(*object, remaining, context.wall_ns, plan);
    return plan;
  }

 private:
  // Pods go first, so that nothing that they use disappears under them.
  static Remaining plan_deletions(const View& view, const std::string& name_space, Plan& plan) {
    Remaining remaining;
    bool pods_left = false;
    auto visit_resource = [&](const Resource& resource, bool may_delete) {
      view.list(resource, name_space, [&](const Object& object) {
        ++remaining.total;
        ++remaining.by_resource[resource.plural + "." + resource.group];
        for (const Value& f : object.metadata()["finalizers"].items()) ++remaining.by_finalizer[std::string(f.as_string())];
        if (resource.is("", "pods")) pods_left = true;
        if (!object.deleting() && may_delete)
          plan.requests.push_back(client::delete_request(object, "Background", /*same_revision=*/false));
        return true;
      });
    };
    if (const auto pods = view.find_resource("", "pods")) visit_resource(*pods, true);
    const bool wait_for_pods = pods_left;
    for (const Resource& resource : view.resources()) {
      if (resource.namespaced && !resource.is("", "pods")) visit_resource(resource, !wait_for_pods);
    }
    return remaining;
  }

  static client::Request finalize(const Object& object) {
    Draft changed(object.document);
    Value& spec = changed.member(changed.root(), "spec");
    Value kept = changed.array();
    for (const Value& f : object["spec"]["finalizers"].items()) {
      if (f.as_string() != "kubernetes") changed.push(kept, f);
    }
    changed.member(spec, "finalizers") = kept;
    return client::update_request(object, "finalize", changed.root(), kName);
  }

  static void plan_conditions(const Object& object, const Remaining& remaining, std::int64_t wall_ns, Plan& plan) {
    const std::string now = format_rfc3339(wall_ns);
    Draft next(object.document);
    Value conditions = next.clone(object["status"]["conditions"]);
    bool changed = false;
    auto set = [&](std::string_view type, bool status_true, std::string_view reason, const std::string& message) {
      changed = set_condition(next, conditions, {type, status_true, reason, message}, now) || changed;
    };
    set("NamespaceDeletionDiscoveryFailure", false, "ResourcesDiscovered", "All resources successfully discovered");
    set("NamespaceDeletionGroupVersionParsingFailure", false, "ParsedGroupVersions",
        "All legacy kube types successfully parsed");
    set("NamespaceDeletionContentFailure", false, "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization");
    set("NamespaceContentRemaining", true, "SomeResourcesRemain",
        "Some resources are remaining: " + counted(remaining.by_resource, " has "));
    if (remaining.by_finalizer.empty()) {
      set("NamespaceFinalizersRemaining", false, "ContentHasNoFinalizers", "All content-preserving finalizers finished");
    } else {
      set("NamespaceFinalizersRemaining", true, "SomeFinalizersRemain",
          "Some content in the namespace has finalizers remaining: " + counted(remaining.by_finalizer, " in "));
    }
    if (!changed) return;
    next.member_path(next.root(), {"status", "conditions"}) = conditions;
    plan.requests.push_back(client::update_request(object, "status", next.root(), kName));
  }
};

}  // namespace

std::unique_ptr<client::Controller> make_namespace_controller() { return std::make_unique<NamespaceController>(); }

}  // namespace plinth::control
