// PodTopologyLabels: a pod that gets its node gets the node's zone and region as labels.
#include <array>

#include "server/admission/plugins.h"
#include "server/admission/stored_objects.h"

namespace plinth::server {
namespace {

constexpr std::array<std::string_view, 2> kLabels = {"topology.kubernetes.io/region", "topology.kubernetes.io/zone"};

class PodTopologyLabels final : public AdmissionPlugin {
 public:
  std::string_view name() const override { return "PodTopologyLabels"; }

  Result<void> mutate(ServerContext&, AdmissionRequest& request) const override {
    if (!request.group().empty() || request.resource() != "pods") return {};
    const bool is_made = request.operation == Operation::kCreate && request.subresource.empty();
    if (!is_made && request.subresource != "binding") return {};
    Draft& pod = *request.object;
    const std::string node_name(pod.root()["spec"]["nodeName"].as_string());
    if (node_name.empty()) return {};
    const Document node = TRY(read_stored(*request.snapshot, "/core/nodes//" + node_name));
    for (std::string_view key : kLabels) {
      const Value* label = node["metadata"]["labels"].find(key);
      if (label != nullptr) pod.set(pod.member_path(pod.root(), {"metadata", "labels"}), key, label->as_string());
    }
    return {};
  }
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_pod_topology_labels() { return std::make_unique<PodTopologyLabels>(); }

}  // namespace plinth::server
