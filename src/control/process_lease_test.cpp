#include "control/process_lease.h"

#include <doctest/doctest.h>

#include "base/json.h"
#include "client/object_cache.h"

namespace plinth::control {
namespace {

const client::Resource kLeases{"coordination.k8s.io", "v1", "leases", "Lease", true};

struct Fixture {
  Fixture() { cache.add_kind(kLeases); }
  void put(const std::string& holder) {
    auto document =
        parse_json(R"({"metadata":{"name":"plinth-compose","namespace":"kube-system","uid":"u"},"spec":{"holderIdentity":")" +
                   holder + R"(","leaseTransitions":3}})");
    REQUIRE(document.ok());
    (void)cache.apply({kLeases, "kube-system", "plinth-compose", "u", ++revision, std::move(*document)}, false);
  }
  // "METHOD", and the holder and transitions that are written.
  std::string planned(bool held) {
    const auto controller = make_process_lease("kube-system", "plinth-compose", held);
    const client::Plan plan = controller->step(*cache.view(), "kube-system/plinth-compose", {});
    if (plan.requests.empty()) return "";
    REQUIRE(plan.requests.size() == 1);
    auto body = parse_json(plan.requests[0].body);
    const Value spec = (*body)["spec"];
    return plan.requests[0].method + " " + std::string(spec["holderIdentity"].as_string()) + " " +
           std::to_string(spec["leaseTransitions"].as_int());
  }
  client::ObjectCache cache;
  std::uint64_t revision = 0;
};

TEST_CASE("the lease is taken from whoever has it, kept, and given back when it is ours") {
  Fixture f;
  CHECK(f.planned(true) == "POST plinth-up 0");
  CHECK(f.planned(false) == "");
  f.put("somebody");
  CHECK(f.planned(true) == "PUT plinth-up 4");
  CHECK(f.planned(false) == "");
  f.put("plinth-up");
  CHECK(f.planned(true) == "");
  CHECK(f.planned(false) == "DELETE  0");
}

}  // namespace
}  // namespace plinth::control
