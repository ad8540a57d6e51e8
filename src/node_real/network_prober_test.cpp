#include "node_real/network_prober.h"

#include <optional>

#include <doctest/doctest.h>

#include "net/grpc/grpc.h"
#include "net/http.h"
#include "world_sim/sim_world.h"

namespace plinth::node_real {
namespace {

using namespace node;

struct ProbeWorld {
  ProbeWorld() : loop(world.new_loop("all")), prober(make_network_prober(loop, world.network(), world.clock())) {
    http = net::make_http_server(
        loop, world.clock(), {},
        [this](net::HttpRequest request, std::shared_ptr<net::Responder> responder) {
          last = request;
          answer(request.target, responder);
        },
        nullptr);
    listener = world.network()
                   .listen(loop, "10.0.0.9:80", nullptr, [this](std::unique_ptr<Stream> s) { http->serve(std::move(s)); })
                   .value();
    grpc =
        net::make_grpc_server(loop, world.clock(), [](net::GrpcRequest request, std::shared_ptr<net::GrpcResponder> responder) {
          if (request.path != "/grpc.health.v1.Health/Check") return responder->finish(net::unimplemented(request.path));
          if (request.message == "\x0A\x04hang") return responder->on_cancelled([responder] {});
          if (request.message == "\x0A\x04none") return responder->finish({net::GrpcCode::kUnimplemented, "unknown service"});
          if (request.message == "\x0A\x04gone") return responder->finish({net::GrpcCode::kNotFound, "unknown"});
          responder->send(request.message == "\x0A\x03ill" ? "\x08\x02" : "\x08\x01");
          responder->finish({});
        });
    grpc_listener = world.network()
                        .listen(loop, "10.0.0.9:90", nullptr, [this](std::unique_ptr<Stream> s) { grpc->serve(std::move(s)); })
                        .value();
  }
  ~ProbeWorld() {
    prober.reset();
    listener.reset();
    grpc_listener.reset();
    http.reset();
    grpc.reset();
    world.run_until_idle();
  }
  static void answer(const std::string& target, const std::shared_ptr<net::Responder>& responder) {
    net::HttpResponse response;
    const auto redirect = [&](const char* where) {
      response.status = 302;
      response.headers.add("location", where);
      response.body.push_back(SharedBytes("moved"));
    };
    if (target == "/hang") return responder->on_closed([responder] {});
    if (target == "/500") response.status = 500;
    if (target == "/399") response.status = 399;
    if (target == "/near") redirect("/ok");
    if (target == "/dir/page?x=1") redirect("beside");
    if (target == "/dir/beside" || target == "/ok") response.body.push_back(SharedBytes("fine"));
    if (target == "/same") redirect("http://10.0.0.9:80/ok#part");
    if (target == "/far") redirect("http://example.com/ok");
    if (target == "/loop") redirect("/loop");
    if (target == "/large") response.body.push_back(SharedBytes(std::string(1'000'000, 'x')));
    responder->send(std::move(response));
  }
  template <typename Start>
  ProbeAnswer probe(Start start) {
    std::optional<ProbeAnswer> told;
    loop.post([&] {
      start([&](Result<ProbeAnswer> given) {
        REQUIRE(given.ok());
        told = std::move(*given);
      });
      CHECK(!told);
    });
    REQUIRE(world.run_until([&] { return told.has_value(); }, std::chrono::minutes(1)));
    return std::move(*told);
  }
  world_sim::SimWorld world{7};
  world_sim::SimLoop& loop;
  std::unique_ptr<Prober> prober;
  std::unique_ptr<net::HttpServer> http;
  std::unique_ptr<net::GrpcServer> grpc;
  std::unique_ptr<Listener> listener, grpc_listener;
  net::HttpRequest last;
};

TEST_CASE("HTTP probes") {
  ProbeWorld w;
  struct Row {
    std::string path;
    ProbeOutcome outcome;
    std::string text;
  };
  for (const Row& row :
       {Row{"/ok", ProbeOutcome::kSuccess, "fine"}, Row{"ok", ProbeOutcome::kSuccess, "fine"},
        Row{"/500", ProbeOutcome::kFailure, "HTTP probe failed with statuscode: 500"},
        Row{"/399", ProbeOutcome::kWarning, "Probe terminated redirects, Response body: "},
        Row{"/near", ProbeOutcome::kSuccess, "fine"}, Row{"/dir/page?x=1", ProbeOutcome::kSuccess, "fine"},
        Row{"/same", ProbeOutcome::kSuccess, "fine"},
        Row{"/far", ProbeOutcome::kWarning, "Probe terminated redirects, Response body: moved"},
        Row{"/loop", ProbeOutcome::kFailure, "Get \"http://10.0.0.9:80/loop\": stopped after 10 redirects"},
        Row{"/large", ProbeOutcome::kSuccess, std::string(10 * 1024, 'x')},
        Row{"/hang", ProbeOutcome::kFailure,
            "Get \"http://10.0.0.9:80/hang\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)"}}) {
    CAPTURE(row.path);
    HttpProbe probe;
    probe.host = "10.0.0.9";
    probe.port = 80;
    probe.path = row.path;
    probe.headers = {{"User-Agent", "kube-probe/1.36"}, {"Host", "asked.example"}};
    const ProbeAnswer answer = w.probe([&](auto done) { w.prober->http(probe, std::move(done)); });
    CHECK((answer.outcome == row.outcome));
    CHECK((answer.text == row.text));
    CHECK(w.last.headers.get("user-agent") == "kube-probe/1.36");
    CHECK(w.last.host == "asked.example");
  }
  HttpProbe closed;
  closed.host = "10.0.0.9";
  closed.port = 81;
  const ProbeAnswer refused = w.probe([&](auto done) { w.prober->http(closed, std::move(done)); });
  CHECK((refused.outcome == ProbeOutcome::kFailure));
  CHECK(refused.text.find("refused") != std::string::npos);
}

TEST_CASE("TCP and gRPC probes") {
  ProbeWorld w;
  for (const auto& [port, outcome] : {std::pair<int, ProbeOutcome>{80, ProbeOutcome::kSuccess}, {81, ProbeOutcome::kFailure}}) {
    TcpProbe probe;
    probe.host = "10.0.0.9";
    probe.port = static_cast<std::uint16_t>(port);
    CHECK((w.probe([&](auto done) { w.prober->tcp(probe, std::move(done)); }).outcome == outcome));
  }
  struct Row {
    std::string service;
    int port;
    ProbeOutcome outcome;
    std::string text;
  };
  for (const Row& row :
       {Row{"", 90, ProbeOutcome::kSuccess, "service healthy"},
        Row{"ill", 90, ProbeOutcome::kFailure, "service unhealthy (responded with \"NOT_SERVING\")"},
        Row{"hang", 90, ProbeOutcome::kFailure, "timeout: health rpc did not complete within 1s"},
        Row{"none", 90, ProbeOutcome::kFailure, "error: this server does not implement the grpc health protocol"},
        Row{"gone", 90, ProbeOutcome::kFailure, "error: health rpc probe failed: rpc error: code = NotFound desc = unknown"},
        Row{"", 91, ProbeOutcome::kFailure, "timeout: failed to connect service \"10.0.0.9:91\" within 1s"},
        Row{"", 80, ProbeOutcome::kFailure, "error: health rpc probe failed"}}) {
    CAPTURE(row.service);
    CAPTURE(row.port);
    GrpcProbe probe;
    probe.host = "10.0.0.9";
    probe.port = static_cast<std::uint16_t>(row.port);
    probe.service = row.service;
    const ProbeAnswer answer = w.probe([&](auto done) { w.prober->grpc(probe, std::move(done)); });
    CHECK((answer.outcome == row.outcome));
    CHECK(answer.text.substr(0, row.text.size()) == row.text);
  }
}

}  // namespace
}  // namespace plinth::node_real
