#include "client/events.h"

#include <algorithm>

#include "client/client_testing.h"

namespace plinth::client {
namespace {

const Resource kEvents{"", "v1", "events", "Event", true};

// Carries out the plan's writes of Events on a cache, as a server would.
struct World {
  World() { cache.add_kind(kEvents); }
  void tell(const std::string& reason, const std::string& message, std::int64_t at_s = 1000) {
    Plan plan;
    const auto view = cache.view();
    EventRecorder events(*view, "test", at_s * 1'000'000'000, plan);
    events.warning(about, reason, message);
    REQUIRE(plan.requests.size() == 1);
    CHECK(plan.requests[0].optional);
    take(plan.requests[0]);
  }
  void take(const Request& request) {
    Document body = parse_json(request.body).value();
    const auto path = parse_object_path(request.target);
    std::string name = path->name;
    if (request.method == "POST") name = body["metadata"]["name"].as_string();
    if (request.method == "PATCH") {
      Draft merged(cache.view()->get(kEvents, "default", name)->document);
      for (const Member& m : body.root().members()) {
        if (m.key() != "metadata") merged.set(merged.root(), m.key(), merged.clone(m.value));
      }
      body = std::move(merged).finish();
    }
    cache.apply({kEvents, "default", name, "uid-" + name, ++revision, body}, false);
  }
  // "message xCOUNT", sorted.
  std::vector<std::string> told() {
    std::vector<std::string> out;
    cache.view()->list(kEvents, "", [&](const Object& event) {
      out.push_back(std::string(event["message"].as_string()) + " x" + std::to_string(event["count"].as_int()));
      return true;
    });
    std::sort(out.begin(), out.end());
    return out;
  }

  ObjectCache cache;
  Object about = test_object(pods(), "default", "p", 7, "uid-p");
  std::uint64_t revision = 10;
};

}  // namespace

TEST_CASE("the same Event told again counts up, another one stands beside it") {
  World world;
  world.tell("Failed", "no");
  world.tell("Failed", "no");
  world.tell("Failed", "never");
  world.tell("Other", "no");
  CHECK(world.told() == std::vector<std::string>{"never x1", "no x1", "no x2"});
}

TEST_CASE("many messages for one reason end in one Event") {
  World world;
  for (int i = 0; i < 15; ++i) world.tell("Failed", "m" + std::to_string(i));
  CHECK(world.told().size() == 11);
  CHECK(world.told()[0] == "(combined from similar events): m14 x5");
  // Ten minutes later an old one gives its place to a new message.
  world.tell("Failed", "later", 1000 + 601);
  const auto told = world.told();
  CHECK(told.size() == 11);
  CHECK(std::count(told.begin(), told.end(), "later x1") == 1);
}

TEST_CASE("an Event names what it is about") {
  World world;
  Plan plan;
  const auto view = world.cache.view();
  EventRecorder events(*view, "test", 1'000'000'000, plan);
  events.normal(world.about, "Made", "it");
  events.normal(world.about, "Made", "it");
  REQUIRE(plan.requests.size() == 1);
  const Document event = parse_json(plan.requests[0].body).value();
  CHECK(event["involvedObject"]["kind"].as_string() == "Pod");
  CHECK(event["involvedObject"]["uid"].as_string() == "uid-p");
  CHECK(event["involvedObject"]["resourceVersion"].as_string() == "7");
  CHECK(event["type"].as_string() == "Normal");
  CHECK(event["source"]["component"].as_string() == "test");
  CHECK(event["firstTimestamp"].as_string() == "1970-01-01T00:00:01Z");
}

TEST_CASE("a message that is too long ends with a whole character") {
  World world;
  std::string message;
  while (message.size() < 2000) message += "\u00e4\u20ac";
  world.tell("Failed", message);
  const std::vector<std::string> told = world.told();
  REQUIRE(told.size() == 1);
  const std::string text = told[0].substr(0, told[0].rfind(" x"));
  CHECK(text.size() <= EventRecorder::kMessageBytesMax);
  CHECK(message.starts_with(text));
  CHECK((text.ends_with("\u00e4") || text.ends_with("\u20ac")));
}

}  // namespace plinth::client
