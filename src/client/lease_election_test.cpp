#include "client/lease_election.h"

#include "base/json.h"
#include "client/client_testing.h"
#include "client/rate_limit.h"
#include "world_sim/sim_world.h"

namespace plinth::client {
namespace {

using namespace std::chrono_literals;

struct Told final : LeaseElectionEvents {
  void on_leading() override { log += "leading "; }
  void on_waiting(const std::string& why) override { log += "waiting(" + why + ") "; }
  void on_lost(const std::string& why) override { log += "lost(" + why + ") "; }
  std::string log;
};

// One Lease as an API server keeps it.
struct LeaseServer {
  world_sim::SimWorld world{7};
  world_sim::SimLoop& loop = world.new_loop("controllers");
  Document lease;
  std::int64_t revision = 0;
  bool broken = false;

  Response answer(const Request& request) {
    if (broken) return {503, R"({"kind":"Status","reason":"ServiceUnavailable","message":"no quorum","code":503})"};
    if (request.method == "GET") return lease.is_null() ? Response{404, "{}"} : Response{200, to_json(lease.root())};
    auto body = parse_json(request.body);
    REQUIRE(body.ok());
    const bool stale =
        request.method == "PUT" && (*body)["metadata"]["resourceVersion"].as_string() != std::to_string(revision);
    if (stale || (request.method == "POST" && !lease.is_null()))
      return {409, R"({"kind":"Status","reason":"Conflict","message":"it has changed","code":409})"};
    Draft draft(*body);
    draft.set(draft.member(draft.root(), "metadata"), "resourceVersion", std::to_string(++revision));
    lease = std::move(draft).finish();
    return {200, to_json(lease.root())};
  }
};

struct LeaseTransport final : Transport {
  explicit LeaseTransport(LeaseServer& s) : server(s) {}
  void call(Request request, UniqueFunction<void(Result<Response>)> done) override {
    auto held = std::make_shared<UniqueFunction<void(Result<Response>)>>(std::move(done));
    server.loop.post([this, request, held] { (*held)(server.answer(request)); });
  }
  LeaseServer& server;
};

struct Candidate {
  Candidate(LeaseServer& server, std::string identity)
      : transport(server),
        election({"kube-system", "plinth", std::move(identity)}, transport, server.loop, server.world.clock(), told) {}
  LeaseTransport transport;
  Told told;
  LeaseElection election;
};

TEST_CASE("one leads, the other waits, and takes over when the first gives back or goes silent") {
  LeaseServer server;
  Candidate a(server, "a"), b(server, "b");
  a.election.start();
  server.world.run_for(1s);
  b.election.start();
  server.world.run_for(60s);
  CHECK(a.told.log == "leading ");
  CHECK(b.told.log == "waiting(the lease kube-system/plinth, held by a) ");
  const Value spec = server.lease["spec"];
  CHECK(spec["holderIdentity"].as_string() == "a");
  CHECK(spec["leaseDurationSeconds"].as_int() == 15);
  CHECK(spec["leaseTransitions"].as_int() == 0);
  CHECK(spec["acquireTime"].as_string().size() == std::string_view("2026-11-22T18:00:00.123456Z").size());
  CHECK(spec["acquireTime"].as_string() < spec["renewTime"].as_string());

  SUBCASE("given back") {
    bool done = false;
    a.election.stop([&] { done = true; });
    server.world.run_for(3s);
    CHECK(done);
    CHECK(b.election.leading());
    CHECK(server.lease["spec"]["leaseTransitions"].as_int() == 1);
  }
  SUBCASE("silent") {
    a.election.stop([] {});
    server.world.run_for(100ms);
    // As if it had never given back: the record still names it.
    Draft draft(server.lease);
    draft.set(draft.member(draft.root(), "spec"), "holderIdentity", "a");
    draft.set(draft.member(draft.root(), "spec"), "leaseDurationSeconds", Value::of(15));
    server.lease = std::move(draft).finish();
    server.world.run_for(10s);
    CHECK_FALSE(b.election.leading());
    server.world.run_for(20s);
    CHECK(b.election.leading());
  }
}

TEST_CASE("who cannot renew stops leading before another may begin") {
  LeaseServer server;
  Candidate a(server, "a");
  a.election.start();
  server.world.run_for(5s);
  CHECK(a.election.leading());
  server.broken = true;
  server.world.run_for(7s);
  CHECK(a.election.leading());
  server.world.run_for(6s);
  CHECK_FALSE(a.election.leading());
  CHECK(a.told.log == "leading lost(the lease could not be renewed: no quorum) ");
}

TEST_CASE("a lease that cannot be read is waited for, visibly") {
  LeaseServer server;
  server.broken = true;
  Candidate a(server, "a");
  a.election.start();
  server.world.run_for(30s);
  CHECK(a.told.log == "waiting(the lease kube-system/plinth: no quorum) ");
  server.broken = false;
  server.world.run_for(3s);
  CHECK(a.election.leading());
}

TEST_CASE("requests beyond the rate wait for their turn") {
  RateLimit limit(10, 2);
  std::vector<std::int64_t> waits;
  for (int i = 0; i < 5; ++i) waits.push_back(limit.reserve(1'000'000'000).count() / 1'000'000);
  CHECK(waits == std::vector<std::int64_t>{0, 0, 100, 200, 300});
  CHECK(limit.reserve(3'000'000'000).count() == 0);  // it recovers, up to the burst
  RateLimit none(0, 0);
  CHECK(none.reserve(1).count() == 0);
}

}  // namespace
}  // namespace plinth::client
