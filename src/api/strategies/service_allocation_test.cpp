#include <set>

#include <doctest/doctest.h>

#include "api/strategies/service_types.h"
#include "api/strategies/strategy_testing.h"
#include "base/json.h"

namespace plinth::api {
namespace {

// What is taken is listed as "ledger/name"; random numbers are all 0.
class FixedClaims final : public ClaimView {
 public:
  explicit FixedClaims(std::set<std::string> taken) : taken_(std::move(taken)) {}
  bool is_taken(std::string_view ledger, std::string_view name) override {
    return taken_.contains(std::string(ledger) + "/" + std::string(name));
  }
  std::uint64_t below(std::uint64_t) override { return 0; }

 private:
  std::set<std::string> taken_;
};

struct Outcome {
  std::string spec;    // what it became; only when nothing is wrong
  std::string errors;  // their texts
  std::string claims;  // of the object afterwards
};

Outcome allocate(const std::string& spec, const std::string& before = "", std::set<std::string> taken = {}) {
  Draft draft(parse_json(R"({"metadata":{"name":"s"},"spec":)" + spec + "}").value());
  const Document old = before.empty() ? Document() : parse_json(R"({"spec":)" + before + "}").value();
  AllocationSettings settings;
  settings.service_range = AddressRange::parse("10.0.0.0/24").value();
  FixedClaims claims(std::move(taken));
  FieldErrors errors;
  auto done = kServiceAllocator.allocate(draft, old.root(), settings, claims, errors);
  Outcome out;
  if (!done.ok()) out.errors = std::to_string(done.error().code()) + " " + done.error().message();
  for (const FieldError& error : errors) out.errors += (out.errors.empty() ? "" : "; ") + error.text();
  if (out.errors.empty()) out.spec = to_json(draft.root()["spec"]);
  for (const Claim& claim : kServiceAllocator.claims(draft.root())) out.claims += (out.claims.empty() ? "" : " ") + claim.name;
  return out;
}

constexpr const char* kPlain =
    R"({"type":"ClusterIP","clusterIP":"10.0.0.9","clusterIPs":["10.0.0.9"],"ipFamilyPolicy":"SingleStack","ipFamilies":["IPv4"],"ports":[{"port":80}]})";

}  // namespace

TEST_CASE("a Service gets an address of the upper band, a family and node ports") {
  CHECK(
      allocate(R"({"type":"ClusterIP"})").spec ==
      R"({"type":"ClusterIP","ipFamilyPolicy":"SingleStack","ipFamilies":["IPv4"],"clusterIPs":["10.0.0.17"],"clusterIP":"10.0.0.17"})");
  CHECK(allocate(R"({"type":"ClusterIP"})", "", {"service-addresses/10.0.0.17"}).claims == "10.0.0.18");
  const Outcome ports = allocate(
      R"({"type":"NodePort","ports":[{"port":53,"protocol":"TCP"},{"port":53,"protocol":"UDP"},{"port":80},{"port":81,"nodePort":30002}]})");
  CHECK(ports.errors == "");
  CHECK(ports.claims == "30002 30086 30087 10.0.0.17");
  CHECK(
      allocate(
          R"({"type":"LoadBalancer","allocateLoadBalancerNodePorts":false,"ports":[{"port":80},{"port":81,"nodePort":30005}]})")
          .claims == "30005 10.0.0.17");
  CHECK(
      allocate(
          R"({"type":"LoadBalancer","externalTrafficPolicy":"Local","allocateLoadBalancerNodePorts":false,"ports":[{"port":80}]})")
          .claims == "30086 10.0.0.17");
}

TEST_CASE("who needs no address gets none") {
  CHECK(allocate(R"({"type":"ExternalName","externalName":"a.b"})").spec == R"({"type":"ExternalName","externalName":"a.b"})");
  CHECK(
      allocate(R"({"type":"ClusterIP","clusterIP":"None","clusterIPs":["None"],"selector":{"a":"b"}})").spec ==
      R"({"type":"ClusterIP","clusterIP":"None","clusterIPs":["None"],"selector":{"a":"b"},"ipFamilyPolicy":"SingleStack","ipFamilies":["IPv4"]})");
  CHECK(
      allocate(R"({"type":"ClusterIP","clusterIP":"None","clusterIPs":["None"]})").spec ==
      R"({"type":"ClusterIP","clusterIP":"None","clusterIPs":["None"],"ipFamilyPolicy":"RequireDualStack","ipFamilies":["IPv4","IPv6"]})");
}

TEST_CASE("what cannot be had is refused with the field and the reason") {
  struct Case {
    const char *spec, *before, *taken, *want;
  };
  for (
      const Case& c : {
          Case{
              R"({"type":"ClusterIP","clusterIP":"10.0.0.5","clusterIPs":["10.0.0.5"]})", "", "service-addresses/10.0.0.5",
              R"(spec.clusterIPs: Invalid value: ["10.0.0.5"]: failed to allocate IP 10.0.0.5: provided IP is already allocated)"},
          Case{
              R"({"type":"ClusterIP","clusterIP":"10.0.1.5","clusterIPs":["10.0.1.5"]})", "", "",
              R"(spec.clusterIPs: Invalid value: ["10.0.1.5"]: failed to allocate IP 10.0.1.5: the provided network does not match the current range)"},
          Case{
              R"({"type":"ClusterIP","clusterIP":"10.0.0.255","clusterIPs":["10.0.0.255"]})", "", "",
              R"(spec.clusterIPs: Invalid value: ["10.0.0.255"]: failed to allocate IP 10.0.0.255: the provided network does not match the current range)"},
          Case{R"({"type":"ClusterIP","clusterIP":"fd00::1","clusterIPs":["fd00::1"]})", "", "",
               R"(spec.clusterIPs[0]: Invalid value: ["fd00::1"]: IPv6 is not configured on this cluster)"},
          Case{R"({"type":"ClusterIP","ipFamilies":["IPv6"]})", "", "",
               R"(spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster)"},
          Case{
              R"({"type":"ClusterIP","ipFamilyPolicy":"RequireDualStack"})", "", "",
              R"(spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services)"},
          Case{
              R"({"type":"ClusterIP","ipFamilies":["IPv4","IPv6"]})", "", "",
              R"(spec.ipFamilyPolicy: Invalid value: "SingleStack": must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified)"},
          Case{R"({"type":"NodePort","ports":[{"port":80,"nodePort":30080}]})", "", "node-ports/30080",
               R"(spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated)"},
          Case{
              R"({"type":"NodePort","ports":[{"port":80},{"port":81,"nodePort":80}]})", "", "",
              R"(spec.ports[1].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767)"},
          Case{
              R"({"type":"NodePort","ports":[{"port":53,"nodePort":30053,"protocol":"TCP"},{"port":54,"nodePort":30053,"protocol":"UDP"}]})",
              "", "", R"(spec.ports[1].nodePort: Invalid value: 30053: provided port is already allocated)"},
          Case{R"({"type":"LoadBalancer","externalTrafficPolicy":"Local","healthCheckNodePort":30001})", "", "node-ports/30001",
               "500 Internal error occurred: failed to allocate requested HealthCheck NodePort 30001: provided port is already "
               "allocated"},
          Case{R"({"type":"ClusterIP","clusterIP":"10.0.0.8","clusterIPs":["10.0.0.8"],"ipFamilies":["IPv4"]})", kPlain, "",
               R"(spec.clusterIPs[0]: Invalid value: ["10.0.0.8"]: may not change once set)"},
      }) {
    CAPTURE(c.spec);
    const Outcome outcome =
        allocate(c.spec, c.before, c.taken[0] == 0 ? std::set<std::string>{} : std::set<std::string>{c.taken});
    CHECK(outcome.errors == c.want);
  }
}

TEST_CASE("a change keeps what was given out, gives back what the type drops and adds what it needs") {
  CHECK(allocate(kPlain, kPlain).claims == "10.0.0.9");
  // TCP and UDP may share a number within a Service; one of another Service may not be taken.
  const char* shared =
      R"({"type":"NodePort","clusterIP":"10.0.0.9","clusterIPs":["10.0.0.9"],"ipFamilyPolicy":"SingleStack","ipFamilies":["IPv4"],"ports":[{"port":53,"protocol":"TCP","nodePort":30001},{"port":54,"protocol":"UDP","nodePort":30001}]})";
  CHECK(allocate(shared, kPlain).claims == "30001 10.0.0.9");
  CHECK(allocate(shared, kPlain, {"node-ports/30001"}).errors ==
        "spec.ports[0].nodePort: Invalid value: 30001: provided port is already allocated");
  CHECK(allocate(R"({"type":"ExternalName","externalName":"a.b"})", kPlain).claims == "");
  CHECK(allocate(R"({"type":"ClusterIP","ports":[{"port":80}]})", R"({"type":"ExternalName","externalName":"a.b"})").claims ==
        "10.0.0.17");
  // A Service of a time when nothing was given out gets its address with the next change.
  CHECK(allocate(R"({"type":"ClusterIP","ports":[{"port":80}]})", R"({"type":"ClusterIP","ports":[{"port":81}]})").claims ==
        "10.0.0.17");
}

TEST_CASE("a range that is full says so; the lower band is the last resort") {
  std::set<std::string> taken;
  for (int i = 17; i < 255; ++i) taken.insert("service-addresses/10.0.0." + std::to_string(i));
  CHECK(allocate(R"({"type":"ClusterIP"})", "", taken).claims == "10.0.0.2");  // the first one is the API's
  for (int i = 1; i < 17; ++i) taken.insert("service-addresses/10.0.0." + std::to_string(i));
  CHECK(allocate(R"({"type":"ClusterIP"})", "", taken).errors ==
        "500 Internal error occurred: failed to allocate a serviceIP for Service \"s\": range is full");
}

}  // namespace plinth::api
