// silly-demo: the application of the walk-throughs. Its settings are environment variables (README.md beside this file).
#include <csignal>
#include <cstdio>

#include "fibonacci.h"
#include "subjects.h"
#include "web.h"

int main() {
  using namespace silly_demo;
  std::signal(SIGPIPE, SIG_IGN);
  // As process 1 of a container nothing ends it but what it takes itself.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  const auto port_text = environment("PORT");
  const auto port = parse_number(port_text.empty() ? "8080" : port_text);
  if (!port || *port < 1 || *port > 65535) {
    std::fprintf(stderr, "PORT is %s: a number from 1 to 65535 is expected\n", port_text.c_str());
    return 2;
  }
  std::fprintf(stderr, "Starting server...\n");
  const auto videos = videos_from_environment();
  videos->prepare();
  start_nats();
  HttpServer server([&](const HttpRequest& request) { return answer(request, *videos); });
  if (const auto failure = server.start(static_cast<unsigned short>(*port)); !failure.empty()) {
    std::fprintf(stderr, "%s\n", failure.c_str());
    return 1;
  }
  int signal = 0;
  sigwait(&signals, &signal);
  constexpr int kGraceSeconds = 20;
  server.stop(kGraceSeconds);
  std::fprintf(stderr, "Graceful shutdown complete.\n");
  std::fflush(stderr);
  std::_Exit(0);  // threads of connections and of NATS may still stand in a read
}
