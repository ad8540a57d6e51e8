// DefaultTolerationSeconds: a pod stays for five minutes on a node that is not ready or unreachable, unless it says otherwise.
#include "server/admission/plugins.h"
#include "server/admission/stored_objects.h"

namespace plinth::server {
namespace {

constexpr std::int64_t kTolerationSeconds = 300;

bool tolerates(const Value& tolerations, std::string_view taint) {
  for (const Value& t : tolerations.items()) {
    const std::string_view key = t["key"].as_string(), effect = t["effect"].as_string();
    if ((key.empty() || key == taint) && (effect.empty() || effect == "NoExecute")) return true;
  }
  return false;
}

class DefaultTolerationSeconds final : public AdmissionPlugin {
 public:
  std::string_view name() const override { return "DefaultTolerationSeconds"; }

  Result<void> mutate(ServerContext&, AdmissionRequest& request) const override {
    if (!writes_core(request, "pods")) return {};
    Draft& pod = *request.object;
    for (std::string_view taint : {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"}) {
      if (tolerates(pod.root()["spec"]["tolerations"], taint)) continue;
      Value toleration = pod.object();
      pod.set(toleration, "key", taint);
      pod.set(toleration, "operator", "Exists");
      pod.set(toleration, "effect", "NoExecute");
      pod.set(toleration, "tolerationSeconds", Value::of(kTolerationSeconds));
      pod.push(pod.member_path(pod.root(), {"spec", "tolerations"}), toleration);
    }
    return {};
  }
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_default_toleration_seconds() { return std::make_unique<DefaultTolerationSeconds>(); }

}  // namespace plinth::server
