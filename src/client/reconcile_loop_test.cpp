// The loop with a view that is behind: a key waits until the view has seen its own last writes.
#include "client/reconcile_loop.h"

#include "client/client_testing.h"
#include "world_sim/sim_world.h"

namespace plinth::client {
namespace {

using namespace std::chrono_literals;

// Keys "<namespace>": wants a ConfigMap "made" there and makes it when the view has none; deletes those named "bad".
class Maker final : public Controller {
 public:
  std::string_view name() const override { return "maker"; }
  void keys_of(const Change& change, const View&, std::vector<std::string>& keys) const override {
    keys.push_back(change.object.name_space);
  }
  void initial_keys(const View&, std::vector<std::string>& keys) const override { keys = first; }
  Plan step(const View& view, const std::string& key, const StepContext&) const override {
    ++steps;
    Plan plan;
    if (const auto bad = view.get(config_maps(), key, "bad"))
      plan.requests.push_back(delete_request(*bad, "", false));
    else if (!view.get(config_maps(), key, "made"))
      plan.requests.push_back(create_request(config_maps(), key, Value::empty_object(), name()));
    return plan;
  }
  std::vector<std::string> first = {"a"};
  mutable int steps = 0;
};

struct LoopWorld {
  LoopWorld() {
    cache.add_kind(config_maps());
    cache.advance(config_maps(), 1);
  }
  void change(Object object, bool deleted = false) {
    if (const auto applied = cache.apply(std::move(object), deleted)) loop.on_change(*applied, *cache.view());
    world.run_until_idle();
  }
  void answer(int status, const std::string& body) {
    transport.answer(Response{status, body});
    world.run_until_idle();
  }
  void start() {
    loop.start();
    world.run_until_idle();
  }

  world_sim::SimWorld world{1};
  world_sim::SimLoop& thread = world.new_loop("loop");
  ObjectCache cache;
  HeldTransport transport;
  Maker controller;
  ReconcileLoop loop{controller, transport, [this] { return cache.view(); }, thread, world.clock(), Logger()};
};

constexpr const char* kMade =
    R"({"kind":"ConfigMap","metadata":{"name":"made","namespace":"a","uid":"u","resourceVersion":"5"}})";

TEST_CASE("a key waits for the view to show what was created for it") {
  LoopWorld w;
  w.start();
  REQUIRE(w.transport.requests.size() == 1);
  w.answer(201, kMade);
  // Another object of the namespace changes; a step now would create the missing one again.
  w.change(test_object(config_maps(), "a", "other", 3, "o"));
  CHECK(w.controller.steps == 1);
  // Other keys do not wait.
  w.change(test_object(config_maps(), "b", "other", 4, "p"));
  CHECK(w.controller.steps == 2);
  CHECK(w.transport.requests.size() == 2);
  w.change(test_object(config_maps(), "a", "made", 5, "u"));
  CHECK(w.controller.steps == 3);
  CHECK(w.transport.requests.size() == 2);
}

TEST_CASE("a bookmark is enough: what was written may be gone again") {
  LoopWorld w;
  w.start();
  w.answer(201, kMade);
  w.change(test_object(config_maps(), "a", "other", 3, "o"));
  CHECK(w.controller.steps == 1);
  w.cache.advance(config_maps(), 6);
  w.loop.on_progress();
  w.world.run_until_idle();
  CHECK(w.controller.steps == 2);
}

TEST_CASE("a key waits for a deletion to be seen") {
  LoopWorld w;
  w.cache.apply(test_object(config_maps(), "a", "bad", 2, "u"), false);
  w.start();
  REQUIRE(w.transport.requests.size() == 1);
  CHECK(w.transport.requests[0].method == "DELETE");
  w.answer(200, R"({"kind":"Status","status":"Success","details":{"name":"bad","kind":"configmaps","uid":"u"}})");
  w.change(test_object(config_maps(), "a", "other", 3, "o"));
  CHECK(w.controller.steps == 1);
  w.change(test_object(config_maps(), "a", "bad", 4, "u"), true);
  CHECK(w.controller.steps == 2);
}

TEST_CASE("a write that never shows up delays a key, it does not stop it") {
  LoopWorld w;
  w.start();
  w.answer(201, kMade);
  w.change(test_object(config_maps(), "a", "other", 3, "o"));
  CHECK(w.controller.steps == 1);
  w.world.run_for(31s);
  CHECK(w.controller.steps == 2);
}

TEST_CASE("a refused request is no write") {
  LoopWorld w;
  w.start();
  w.answer(409, R"({"kind":"Status","status":"Failure","reason":"AlreadyExists","code":409,"message":"exists"})");
  w.world.run_for(1s);
  CHECK(w.controller.steps == 2);
}

TEST_CASE("what a request has written is read from its answer") {
  struct Row {
    const char *method, *target, *body;
    const char* expected;  // group/plural ns/name@revision
  };
  const Row rows[] = {
      {"POST", "/apis/apps/v1/namespaces/n/deployments?fieldManager=x",
       R"({"kind":"Deployment","metadata":{"name":"d","resourceVersion":"7"}})", "apps/deployments n/d@7"},
      {"PUT", "/api/v1/namespaces/n/finalize", R"({"kind":"Namespace","metadata":{"name":"n","resourceVersion":"8"}})",
       "/namespaces /n@8"},
      {"PATCH", "/api/v1/namespaces/n/pods/p/status", R"({"kind":"Pod","metadata":{"name":"p","resourceVersion":"9"}})",
       "/pods n/p@9"},
      {"DELETE", "/api/v1/nodes/x", R"({"kind":"Status","details":{"uid":"u"}})", "/nodes /x@0"},
      {"GET", "/api/v1/nodes/x", R"({"kind":"Node","metadata":{"resourceVersion":"1"}})", ""},
      {"POST", "/api/v1/namespaces/n/serviceaccounts/s/token", R"({"kind":"TokenRequest","metadata":{"name":"s"}})", ""},
      {"POST", "/version", "{}", ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.target);
    const auto write = own_write(row.method, row.target, Response{200, row.body});
    std::string told;
    if (write)
      told = write->group + "/" + write->plural + " " + write->name_space + "/" + write->name + "@" +
             std::to_string(write->revision);
    CHECK(told == row.expected);
  }
}

}  // namespace
}  // namespace plinth::client
