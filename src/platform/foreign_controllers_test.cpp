#include "platform/foreign_controllers.h"

#include <doctest/doctest.h>

#include "base/time_text.h"
#include "base/yaml.h"

namespace plinth::platform {
namespace {

Document list(const std::string& item) {
  auto parsed = parse_yaml("items:\n- " + item);
  REQUIRE(parsed.ok());
  return std::move(*parsed);
}

TEST_CASE("a Deployment that runs kro is found by its label or its image, while a replica is ready") {
  const std::string label = "metadata: {namespace: kro-system, name: kro, labels: {app.kubernetes.io/name: kro}}";
  const auto with_image = [](const std::string& image) {
    return "{metadata: {namespace: x, name: other}, spec: {template: {spec: {containers: [{image: '" + image +
           "'}]}}}, status: {readyReplicas: 2}}";
  };
  CHECK(running_kro(list("{" + label + ", status: {readyReplicas: 1}}").root()) ==
        "the Deployment kro-system/kro runs kro (1 ready)");
  CHECK(running_kro(list("{" + label + ", status: {}}").root()).empty());
  CHECK(running_kro(list(with_image("registry.k8s.io/kro/kro:v0.9.4")).root()) == "the Deployment x/other runs kro (2 ready)");
  CHECK(running_kro(list(with_image("localhost:5000/kro/controller@sha256:00")).root()) ==
        "the Deployment x/other runs kro (2 ready)");
  CHECK(running_kro(list(with_image("example.com/kro/dashboard:1")).root()).empty());
  CHECK(running_kro(list(with_image("kro-like:1")).root()).empty());
}

TEST_CASE("a Lease of kro counts until its time is over") {
  const auto lease = [](const std::string& name, const std::string& holder) {
    return list("{metadata: {namespace: kro-system, name: " + name + "}, spec: {holderIdentity: '" + holder +
                "', leaseDurationSeconds: 15, renewTime: '2026-11-22T18:00:00.000000Z'}}");
  };
  const std::int64_t renewed = parse_rfc3339("2026-11-22T18:00:00Z")->wall_ns();
  constexpr std::int64_t kSecond = 1'000'000'000;
  CHECK(leading_kro(lease("6f0f64a5.kro.run", "kro-7").root(), renewed + 10 * kSecond) ==
        "kro leads with the Lease kro-system/6f0f64a5.kro.run (kro-7)");
  CHECK(leading_kro(lease("6f0f64a5.kro.run", "kro-7").root(), renewed + 16 * kSecond).empty());
  CHECK(leading_kro(lease("6f0f64a5.kro.run", "").root(), renewed).empty());
  CHECK(leading_kro(lease("other", "x").root(), renewed).empty());
}

}  // namespace
}  // namespace plinth::platform
