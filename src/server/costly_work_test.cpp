#include "server/costly_work.h"

#include <doctest/doctest.h>

#include "base/json.h"
#include "server/write/test_pipeline.h"

namespace plinth::server {
namespace {

struct HeldPool final : Pool {
  Result<void> run(Task task) override {
    if (full) return Error(Reason::kServiceUnavailable, "full");
    tasks.push_back(std::move(task));
    return {};
  }
  std::vector<Task> tasks;
  bool full = false;
};

// What became of one piece of work that costs `cost`.
struct Trial {
  Trial(ServerContext& context, Loop& loop, std::uint64_t cost) {
    run_costly(
        context, loop,
        [this, cost](api::CostAllowance& allowance) {
          ++begun;
          allowance.charge(cost);
        },
        [this](Result<void> done) { outcome = done.ok() ? 200 : done.error().code(); });
  }
  int begun = 0;
  int outcome = 0;
};

// Deep enough to cost some hundred thousand.
std::string costly_rule(std::string_view last) {
  const std::string ten = "[1,2,3,4,5,6,7,8,9,10]";
  return ten + ".all(a, " + ten + ".all(b, " + ten + ".all(c, " + ten + ".all(d, " + ten + ".all(e, " + std::string(last) +
         ")))))";
}

std::string definition(const std::string& rule) {
  return R"({"metadata":{"name":"things.x.io"},"spec":{"group":"x.io","scope":"Cluster","names":{"plural":"things","singular":"thing","kind":"Thing","listKind":"ThingList"},)"
         R"("versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","properties":{"n":{"type":"integer"}},)"
         R"("x-kubernetes-validations":[{"rule":")" +
         rule + R"(","message":"not so"}]}}}}}]}})";
}

}  // namespace

TEST_CASE("cheap work is done at once, costly work on the pool, and too much of it not at all") {
  world_sim::SimWorld world(1);
  Loop& loop = world.new_loop("server");
  HeldPool pool;
  ServerContext context;
  context.pool = &pool;

  const Trial cheap(context, loop, kCostOnLoopMax);
  CHECK(cheap.begun == 1);
  CHECK(cheap.outcome == 200);
  CHECK(pool.tasks.empty());

  const Trial costly(context, loop, kCostOnLoopMax + 1);
  CHECK(costly.begun == 1);
  REQUIRE(pool.tasks.size() == 1);
  pool.tasks.front()();
  CHECK(costly.begun == 2);
  CHECK(costly.outcome == 0);  // not on the pool's thread
  world.run_until_idle();
  CHECK(costly.outcome == 200);

  pool.full = true;
  const Trial refused(context, loop, kCostOnLoopMax + 1);
  CHECK(refused.begun == 1);
  CHECK(refused.outcome == 429);

  context.pool = nullptr;
  const Trial alone(context, loop, kCostOnLoopMax + 1);
  CHECK(alone.begun == 1);
  CHECK(alone.outcome == 200);
}

TEST_CASE("rules, policies and conditions decide the same wherever they are evaluated") {
  struct Row {
    std::string rule;
    int status;
    std::size_t pool_runs;
  };
  const Row rows[] = {{"self.n > 0", 201, 0},
                      {"self.n > 1", 422, 0},
                      {costly_rule("self.n > 0"), 201, 1},
                      {costly_rule("self.n > 1 || a < 10"), 422, 1}};
  for (const Row& row : rows) {
    CAPTURE(row.rule);
    PipelineBench bench(default_admission_plugins());
    const LocalAnswer defined =
        bench.call("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition(row.rule));
    CAPTURE(defined.body);
    REQUIRE(defined.status == 201);
    const LocalAnswer answer = bench.call("POST", "/apis/x.io/v1/things",
                                          R"({"apiVersion":"x.io/v1","kind":"Thing","metadata":{"name":"a"},"spec":{"n":1}})");
    CAPTURE(answer.body);
    CHECK(answer.status == row.status);
    CHECK((answer.body.find("spec: Invalid value: \\\"object\\\": not so") != std::string::npos) == (row.status == 422));
    CHECK(bench.pool_runs() == row.pool_runs);
  }
}

}  // namespace plinth::server
