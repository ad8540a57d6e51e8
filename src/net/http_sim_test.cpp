// The server and the client over the simulated network: odd chunk sizes, delays, resets, virtual time.
#include <doctest/doctest.h>

#include "net/http.h"
#include "world_sim/sim_world.h"

namespace plinth::net {
namespace {

using namespace std::chrono_literals;

struct SimRun {
  int good = 0;
  int failed = 0;
  std::string trace;
};

// 40 calls of different sizes, four at a time, while connections may be reset.
SimRun run_calls(std::uint64_t seed, unsigned resets_per_million) {
  world_sim::SimWorld world(seed);
  world.network().options().resets_per_million = resets_per_million;
  SimRun run;
  auto& server_loop = world.new_loop("server");
  auto& client_loop = world.new_loop("client");
  auto server = make_http_server(
      server_loop, world.clock(), {},
      [](HttpRequest request, std::shared_ptr<Responder> responder) {
        HttpResponse response;
        response.body.push_back(SharedBytes(request.target + ":"));
        response.body.push_back(SharedBytes(std::move(request.body)));
        responder->send(std::move(response));
      },
      nullptr);
  auto listener =
      world.network()
          .listen(server_loop, "127.0.0.1:0", nullptr, [&](std::unique_ptr<Stream> s) { server->serve(std::move(s)); })
          .value();
  auto client = make_http_client(client_loop, world.network(), world.clock());
  int started = 0;
  std::function<void()> next = [&] {
    if (started == 40) return;
    const int n = started++;
    HttpRequest request;
    request.method = "PUT";
    request.target = "/" + std::to_string(n);
    request.body = std::string(static_cast<std::size_t>(n * n * 100), static_cast<char>('a' + n % 26));
    const std::string expected = request.target + ":" + request.body;
    client->send(listener->address(), nullptr, std::move(request), {}, [&, n, expected](Result<HttpResponse> r) {
      if (r.ok()) CHECK((flatten(r->body) == expected));
      ++(r.ok() ? run.good : run.failed);
      run.trace += std::to_string(n) + (r.ok() ? "+" : "-") + std::to_string(world.clock().monotonic_ns()) + " ";
      next();
    });
  };
  client_loop.post([&] {
    for (int i = 0; i < 4; ++i) next();
  });
  CHECK(world.run_until([&] { return run.good + run.failed == 40; }, 1h));
  client_loop.post([&] { client.reset(); });
  server_loop.post([&] {
    listener.reset();
    server.reset();
  });
  world.run_until_idle();
  return run;
}

TEST_CASE("calls over a simulated network, the same for the same seed") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    const SimRun run = run_calls(seed, 0);
    CHECK(run.good == 40);
    CHECK(run.trace == run_calls(seed, 0).trace);
  }
}

TEST_CASE("connections that die: every call ends, with its whole answer or an error") {
  int failed = 0;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    const SimRun run = run_calls(seed, 20'000);
    CHECK(run.good + run.failed == 40);
    failed += run.failed;
    CHECK(run.trace == run_calls(seed, 20'000).trace);
  }
  CHECK(failed > 0);
}

}  // namespace
}  // namespace plinth::net
