// Measures the HTTP server alone: answers every request with 256 bytes at once, over plain TCP and over TLS, on one thread.
//   http_hello          prints "plain=ADDR tls=ADDR" and serves until it is killed
//   http_hello --idle N opens N idle watches over TLS against itself and prints resident bytes per watch (N up to 1000)
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <signal.h>
#include <unistd.h>

#include "net/http.h"
#include "net/tls.h"
#include "net/tls_network.h"
#include "world_real/epoll_loop.h"
#include "world_real/real_clock.h"
#include "world_real/real_network.h"
#include "world_real/thread_pool.h"

namespace plinth {
namespace {

using world_real::EpollLoop;

long resident_bytes() {
  std::ifstream file("/proc/self/statm");
  long total = 0;
  long resident = 0;
  file >> total >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

struct Hello {
  Hello() {
    world_real::RealEntropy entropy;
    const std::int64_t now = clock.wall_ns() / 1'000'000'000;
    ca = net::make_ca(entropy, "hello-ca", now - 60, now + 86400).value();
    net::CertificateRequest request;
    request.common_name = "hello";
    request.dns_names = {"localhost"};
    request.ip_addresses = {"127.0.0.1"};
    request.server = true;
    request.not_before_s = now - 60;
    request.not_after_s = now + 86400;
    context = net::make_server_context(net::issue_certificate(entropy, ca, request).value(), ca.certificate_pem).value();
    const SharedBytes body(std::string(256, 'x'));
    server = net::make_http_server(
        *loop, clock, {},
        [body](net::HttpRequest request, std::shared_ptr<net::Responder> responder) {
          net::HttpResponse response;
          response.headers.add("content-type", "text/plain");
          if (request.target == "/watch") return responder->begin(std::move(response));
          response.body.push_back(body);
          responder->send(std::move(response));
        },
        nullptr);
    auto serve = [this](std::unique_ptr<Stream> stream) { server->serve(std::move(stream)); };
    plain_listener = network->listen(*loop, "127.0.0.1:0", nullptr, serve).value();
    tls_listener = network->listen(*loop, "127.0.0.1:0", context, serve).value();
  }

  world_real::RealClock clock;
  world_real::ThreadPool pool{1, 16};
  world_real::RealNetwork tcp{pool};
  std::unique_ptr<Network> network = net::make_tls_network(tcp);
  std::unique_ptr<EpollLoop> loop = std::move(EpollLoop::create()).value();
  net::KeyPair ca;
  std::shared_ptr<TlsServerContext> context;
  std::unique_ptr<net::HttpServer> server;
  std::unique_ptr<Listener> plain_listener, tls_listener;
};

// Opens the watches, says so through `announce`, and keeps them until it is killed. Runs in a child process, so that only the
// server's memory is counted.
[[noreturn]] void hold_watches(const Hello& served, int count, int announce) {
  Hello client;
  auto tls = net::make_client_context(served.ca.certificate_pem, {}, false).value();
  auto http = net::make_http_client(*client.loop, *client.network, client.clock);
  int begun = 0;
  for (int i = 0; i < count; ++i) {
    net::HttpRequest request;
    request.method = "GET";
    request.target = "/watch";
    http->stream(
        served.tls_listener->address(), tls, std::move(request), {}, [&](const net::HttpResponse&) { ++begun; },
        [](std::string_view) {}, [](Result<void>) {});
    while (begun < i - 50) client.loop->poll(std::chrono::milliseconds(10));
  }
  while (begun < count) client.loop->poll(std::chrono::milliseconds(10));
  const char done = 1;
  if (write(announce, &done, 1) != 1) _exit(1);
  while (true) client.loop->poll(std::chrono::seconds(1));
}

int measure_idle(int count) {
  Hello hello;
  const long before = resident_bytes();
  int pipe_ends[2];
  if (pipe(pipe_ends) != 0) return 1;
  const pid_t child = fork();
  if (child == 0) {
    close(pipe_ends[0]);
    hold_watches(hello, count, pipe_ends[1]);
  }
  close(pipe_ends[1]);
  bool all_held = false;
  std::thread waiter([&] {
    char done = 0;
    all_held = read(pipe_ends[0], &done, 1) == 1;
    hello.loop->stop();
  });
  hello.loop->run();
  waiter.join();
  const long after = resident_bytes();
  std::printf("%d watches held=%d: %ld bytes each\n", count, all_held ? 1 : 0, (after - before) / count);
  kill(child, SIGKILL);
  return all_held ? 0 : 1;
}

}  // namespace
}  // namespace plinth

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "--idle") == 0) return plinth::measure_idle(std::atoi(argv[2]));
  plinth::Hello hello;
  std::printf("plain=%s tls=%s\n", hello.plain_listener->address().c_str(), hello.tls_listener->address().c_str());
  std::fflush(stdout);
  hello.loop->run();
  return 0;
}
