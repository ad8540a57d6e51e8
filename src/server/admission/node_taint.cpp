// TaintNodesByCondition: a new node takes no pods before it is known to be ready.
#include "server/admission/plugins.h"
#include "server/admission/stored_objects.h"

namespace plinth::server {
namespace {

constexpr std::string_view kNotReady = "node.kubernetes.io/not-ready";
constexpr std::string_view kNoSchedule = "NoSchedule";

class TaintNodesByCondition final : public AdmissionPlugin {
 public:
  std::string_view name() const override { return "TaintNodesByCondition"; }

  Result<void> mutate(ServerContext&, AdmissionRequest& request) const override {
    if (request.operation != Operation::kCreate || !writes_core(request, "nodes")) return {};
    Draft& node = *request.object;
    for (const Value& taint : node.root()["spec"]["taints"].items()) {
      if (taint["key"].as_string() == kNotReady && taint["effect"].as_string() == kNoSchedule) return {};
    }
    Value taint = node.object();
    node.set(taint, "key", Value::ref(kNotReady));
    node.set(taint, "effect", Value::ref(kNoSchedule));
    node.push(node.member_path(node.root(), {"spec", "taints"}), taint);
    return {};
  }
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_node_taint() { return std::make_unique<TaintNodesByCondition>(); }

}  // namespace plinth::server
