#include "server/admission/resource_quota.h"

#include <doctest/doctest.h>

#include "server/admission/quota_ledger.h"
#include "server/admission/test_admission.h"

using namespace plinth;
using namespace plinth::server;

namespace {

// A write of a Secret, a quota or a pod in the namespace "ns"; what it reserves as "kind ledger name amount limit".
struct QuotaBench {
  AdmissionBench bench;
  auth::TestSnapshot& snapshot = *bench.snapshot;
  KindRegistry registry;

  void put_quota(const std::string& hard, std::int64_t epoch = 1, std::int64_t measured = 1) {
    snapshot.put("/core/resourcequotas/ns/q",
                 R"({"spec":{"hard":{)" + hard + R"(}},"metadata":{"name":"q","namespace":"ns","uid":"u"}})");
    snapshot.set_counter("quota-epoch", "ns", epoch);
    snapshot.set_counter("quota/u", ":measured", measured);
  }
  std::vector<std::string> write(std::string_view plural, const std::string& old, const std::string& kept,
                                 const std::string& subresource = "") {
    AdmissionRequest request;
    request.kind = builtin_kind("", plural);
    request.name_space = "ns";
    request.name = "q";
    request.subresource = subresource;
    request.snapshot = bench.snapshot;
    TestClock clock;
    ServerContext context;
    context.clock = &clock;
    context.registry = &registry;
    const Document before = old.empty() ? Document() : parse_json(old).value(),
                   after = kept.empty() ? Document() : parse_json(kept).value();
    std::vector<store::Reservation> reservations;
    auto outcome = charge_quotas(context, request, before.root(), after.root(), reservations);
    awaited = request.is_awaited;
    if (!outcome.ok()) return {std::to_string(outcome.error().code()) + " " + outcome.error().message()};
    std::vector<std::string> out;
    for (const store::Reservation& r : reservations) {
      const bool bounded = r.kind == store::Reservation::Kind::kAddBounded && r.limit != INT64_MAX;
      const char* kind = r.kind == store::Reservation::Kind::kExpect  ? "expect "
                         : r.kind == store::Reservation::Kind::kReset ? "reset "
                                                                      : "add ";
      out.push_back(kind + r.ledger + " " + r.name + " " + std::to_string(r.amount) +
                    (bounded ? " <= " + std::to_string(r.limit) : ""));
    }
    return out;
  }
  bool awaited = false;

  struct TestClock final : Clock {
    std::int64_t wall_ns() const override { return 1'700'000'000'000'000'000; }
    std::int64_t monotonic_ns() const override { return 0; }
  };
};

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("what a write reserves of quotas") {
  QuotaBench b;
  // No quota yet: but the write relies on that.
  CHECK(b.write("secrets", "", "{}") == Lines{"expect quota-epoch ns 0"});
  CHECK(b.write("events", "", "{}").empty());
  CHECK(b.write("secrets", "{}", R"({"data":{}})").empty());
  b.put_quota(R"("secrets":"3","pods":"2","requests.cpu":"1")", 7);
  b.snapshot.set_counter("quota/u", "secrets", 2);
  CHECK(b.write("secrets", "", "{}") == Lines{"expect quota-epoch ns 7", "add quota/u secrets 1 <= 3"});
  CHECK(b.write("secrets", "{}", "") == Lines{"expect quota-epoch ns 7", "add quota/u secrets -1"});
  CHECK(b.write("configmaps", "", "{}") == Lines{"expect quota-epoch ns 7"});
  b.snapshot.set_counter("quota/u", "secrets", 3);
  CHECK(b.write("secrets", "", "{}") ==
        Lines{R"(403 secrets "q" is forbidden: exceeded quota: q, requested: secrets=1, used: secrets=3, limited: secrets=3)"});
  const char* pod = R"({"spec":{"containers":[{"name":"c","resources":{"requests":{"cpu":"300m"}}}]}})";
  const char* ended =
      R"({"spec":{"containers":[{"name":"c","resources":{"requests":{"cpu":"300m"}}}]},"status":{"phase":"Failed"}})";
  CHECK(b.write("pods", pod, ended, "status") ==
        Lines{"expect quota-epoch ns 7", "add quota/u pods -1", "add quota/u requests.cpu -300"});
  // Nobody is refused a status; it is only counted.
  b.snapshot.set_counter("quota/u", "pods", 2);
  CHECK(b.write("pods", ended, pod, "status") ==
        Lines{"expect quota-epoch ns 7", "add quota/u pods 1", "add quota/u requests.cpu 300"});
}

TEST_CASE("a quota that is not measured yet is waited for; what only gives back is not") {
  QuotaBench b;
  b.put_quota(R"("secrets":"3")", 1, 0);
  CHECK(b.write("secrets", "", "{}") ==
        Lines{R"(403 secrets "q" is forbidden: status unknown for quota: q, resources: secrets)"});
  CHECK(b.awaited);
  CHECK(b.write("secrets", "{}", "") == Lines{"expect quota-epoch ns 1", "add quota/u secrets -1"});
}

TEST_CASE("a quota's own writes: the epoch, the counters, the measure") {
  QuotaBench b;
  const auto quota = [](const std::string& hard, const std::string& status = "{}") {
    return R"({"metadata":{"name":"q","namespace":"ns","uid":"u"},"spec":{"hard":{)" + hard + R"(}},"status":)" + status + "}";
  };
  const std::string three = quota(R"("secrets":"3")"), four = quota(R"("secrets":"4")"),
                    other = quota(R"("secrets":"3","pods":"1")");
  CHECK(b.write("resourcequotas", "", three) == Lines{"expect quota-epoch ns 0", "add quota-epoch ns 1"});
  b.put_quota(R"("secrets":"3")", 1, 0);
  b.snapshot.put("/core/secrets/ns/a", R"({"metadata":{"name":"a"}})");
  b.snapshot.put("/core/secrets/ns/b", R"({"metadata":{"name":"b"}})");
  b.snapshot.set_counter("quota/u", "secrets", 1);
  CHECK(b.write("resourcequotas", three, quota(R"("secrets":"3")", R"({"used":{"secrets":"2"}})"), "status") ==
        Lines{"expect quota-epoch ns 1", "expect quota/u :measured 0", "add quota/u secrets 1", "add quota/u :measured 1"});
  b.put_quota(R"("secrets":"3")", 1, 1);
  b.snapshot.set_counter("quota/u", "secrets", 2);
  CHECK(b.write("resourcequotas", three, quota(R"("secrets":"3")", R"({"used":{"secrets":"2"}})"), "status") ==
        Lines{"expect quota-epoch ns 1"});
  CHECK(b.write("resourcequotas", three, four) == Lines{"expect quota-epoch ns 1", "add quota-epoch ns 1"});
  CHECK(b.write("resourcequotas", three, other) == Lines{"expect quota-epoch ns 1", "add quota-epoch ns 1",
                                                         "reset quota/u secrets 0", "reset quota/u pods 0",
                                                         "reset quota/u secrets 0", "reset quota/u :measured 0"});
  CHECK(b.write("resourcequotas", three, "") == Lines{"expect quota-epoch ns 1", "add quota-epoch ns 1",
                                                      "reset quota/u secrets 0", "reset quota/u secrets 0",
                                                      "reset quota/u :measured 0"});
}
