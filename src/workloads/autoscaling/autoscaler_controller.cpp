#include "workloads/autoscaling/autoscaler_controller.h"

#include <map>

#include "workloads/autoscaling/autoscaler_step.h"
#include "workloads/common/keys.h"

namespace plinth::workloads {
namespace {

using client::Change;
using client::Object;
using client::Plan;
using client::StepContext;
using client::View;

constexpr std::string_view kController = "horizontal-pod-autoscaler";

std::optional<client::Resource> autoscalers(const View& view) {
  return view.find_resource("autoscaling", "horizontalpodautoscalers");
}

// Keys are "ns/name".
class AutoscalerController final : public client::Controller {
 public:
  explicit AutoscalerController(const api::UsageBoard* usage) : usage_(usage) {}
  std::string_view name() const override { return kController; }

  void keys_of(const Change& change, const View& view, std::vector<std::string>& keys) const override {
    const Object& object = change.object;
    const auto resource = autoscalers(view);
    if (!resource || object.name_space.empty()) return;
    if (object.resource == *resource) {
      keys.push_back(client::make_key(object.name_space, object.name));
      return;
    }
    if (object.resource.is("", "pods") || object.resource.is("", "events") || view.count(*resource, object.name_space) == 0)
      return;
    view.list(*resource, object.name_space, [&](const Object& autoscaler) {
      const Value reference = autoscaler["spec"]["scaleTargetRef"];
      if (reference["kind"].as_string() == object.resource.kind && reference["name"].as_string() == object.name)
        keys.push_back(client::make_key(autoscaler.name_space, autoscaler.name));
      return true;
    });
  }

  void initial_keys(const View& view, std::vector<std::string>& keys) const override {
    const auto resource = autoscalers(view);
    if (!resource) return;
    add_all_keys(view, *resource, keys);
  }

  Plan step(const View& view, const std::string& key, const StepContext& context) const override {
    Plan plan;
    const auto resource = autoscalers(view);
    const auto [name_space, name] = client::split_key(key);
    const auto autoscaler = resource ? view.get(*resource, name_space, name) : std::nullopt;
    if (!autoscaler || autoscaler->deleting()) {
      memories_.erase(key);
      return plan;
    }
    step_autoscaler(view, *autoscaler, context, usage_ == nullptr ? nullptr : usage_->latest(), memories_[key], plan);
    return plan;
  }

 private:
  const api::UsageBoard* usage_;
  // The part of the step's input that no object has. A step on the same view and memory, within a period, plans the same.
  mutable std::map<std::string, AutoscalerMemory, std::less<>> memories_;
};

}  // namespace

std::unique_ptr<client::Controller> make_autoscaler_controller(const api::UsageBoard* usage) {
  return std::make_unique<AutoscalerController>(usage);
}

}  // namespace plinth::workloads
