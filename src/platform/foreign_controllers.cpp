#include "platform/foreign_controllers.h"

#include "base/time_text.h"

namespace plinth::platform {
namespace {

std::string name_of(const Value& object) {
  return std::string(object["metadata"]["namespace"].as_string()) + "/" + std::string(object["metadata"]["name"].as_string());
}

// Without tag and digest.
std::string_view repository(std::string_view image) {
  image = image.substr(0, image.find('@'));
  const std::size_t slash = image.rfind('/');
  const std::size_t colon = image.find(':', slash == std::string_view::npos ? 0 : slash);
  return image.substr(0, colon);
}

bool is_kro(const Value& deployment) {
  if (deployment["metadata"]["labels"]["app.kubernetes.io/name"].as_string() == "kro") return true;
  for (const Value& container : deployment["spec"]["template"]["spec"]["containers"].items()) {
    const std::string_view image = repository(container["image"].as_string());
    if (image.ends_with("/kro/kro") || image.ends_with("/kro/controller")) return true;
  }
  return false;
}

}  // namespace

std::string running_kro(const Value& deployments) {
  for (const Value& deployment : deployments["items"].items()) {
    const std::int64_t ready = deployment["status"]["readyReplicas"].as_int();
    if (ready > 0 && is_kro(deployment))
      return "the Deployment " + name_of(deployment) + " runs kro (" + std::to_string(ready) + " ready)";
  }
  return "";
}

std::string leading_kro(const Value& leases, std::int64_t wall_ns) {
  for (const Value& lease : leases["items"].items()) {
    const Value spec = lease["spec"];
    if (!lease["metadata"]["name"].as_string().ends_with(".kro.run") || spec["holderIdentity"].as_string().empty()) continue;
    const auto renewed = parse_rfc3339(spec["renewTime"].as_string());
    constexpr std::int64_t kNsPerSecond = 1'000'000'000;
    if (renewed && renewed->wall_ns() + spec["leaseDurationSeconds"].as_int() * kNsPerSecond > wall_ns)
      return "kro leads with the Lease " + name_of(lease) + " (" + std::string(spec["holderIdentity"].as_string()) + ")";
  }
  return "";
}

}  // namespace plinth::platform
