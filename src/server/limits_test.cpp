// What happens at limits of single requests and of watchers, through the API server.
#include <doctest/doctest.h>

#include "server/test_server.h"

namespace plinth::server {
namespace {

const std::string kQuick = "/api/v1/configmaps";

TEST_CASE("the timeout of a request must be a duration") {
  TestServer server{ApiServerOptions()};
  for (const char* good : {"0s", "3m", "32s", "1h2m3.5s", ""}) {
    CAPTURE(good);
    CHECK(server.send("GET", std::string("/version?timeout=") + good, true)->status == 200);
    CHECK(server.send("GET", kQuick + "?timeout=" + good, true)->status == 200);
  }
  for (const char* bad : {"invalid", "32", "s", "-"}) {
    CAPTURE(bad);
    const auto answer = server.send("GET", std::string("/version?timeout=") + bad, true);
    CHECK(answer->status == 400);
    CHECK(answer->body.find(std::string(R"(invalid timeout specified in the request URL - time: invalid duration \")") + bad) !=
          std::string::npos);
  }
  CHECK(server.send("GET", kQuick + "?watch=true&timeout=x", true)->status == 200);
}

TEST_CASE("watches beyond the limit are told to come back") {
  ApiServerOptions options;
  options.limits.watchers_max = 2;
  TestServer server(options);
  const std::string watch = kQuick + "?watch=true&timeoutSeconds=5";
  const auto first = server.send("GET", watch, true), second = server.send("GET", watch, true);
  CHECK(first->status == 200);
  CHECK(second->status == 200);
  const auto third = server.send("GET", watch, true);
  CHECK(third->status == 429);
  CHECK(third->retry_after == "1");
  CHECK(server.send("GET", kQuick, false)->status == 403);
  server.world.run_for(std::chrono::seconds(6));
  CHECK(first->over);
  server.responders.clear();
  CHECK(server.send("GET", watch, true)->status == 200);
}

}  // namespace
}  // namespace plinth::server
