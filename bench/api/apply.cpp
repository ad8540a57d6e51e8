// Server-side apply of a Deployment of 3 KB: processor time of the server, over the wire and without network and disk.
#include <cstdio>

#include <fmt/core.h>
#include <unistd.h>

#include "api/die.h"
#include "api/figures.h"
#include "api/load.h"
#include "api/objects.h"
#include "api/process.h"

namespace plinth::bench {
namespace {

// "apply   38.2 us of processor time a request ..." of bench/pipeline_bench.
double pipeline_us(const std::string& program, const std::string& what) {
  FILE* pipe = popen((program + " " + what + " 2").c_str(), "r");
  if (pipe == nullptr) return 0;
  double us = 0;
  char name[32] = "";
  if (std::fscanf(pipe, "%31s %lf", name, &us) != 2) us = 0;
  pclose(pipe);
  return us;
}

}  // namespace

void measure_apply(const Options& options, Report& report) {
  const Scratch scratch(options, "apply");
  Plinth plinth(options.plinth, scratch.path() + "/plinth");
  const TlsClient tls(plinth.ca(), plinth.certificate(), plinth.key());
  Load load(tls, plinth.address(), 1);
  const std::string path = "/apis/apps/v1/namespaces/default/deployments/web";
  auto run = [&](const std::function<Request(std::uint64_t)>& next) {
    const double cpu = plinth.process().cpu_seconds();
    const LoadResult result = load.run(options.seconds, next, [](const Answer& answer) { return answer.status / 100 == 2; });
    return (plinth.process().cpu_seconds() - cpu) * 1e6 / static_cast<double>(result.requests);
  };
  const double changes = run([&](std::uint64_t n) { return apply_patch(path, deployment(n)); });
  const double same = run([&](std::uint64_t) { return apply_patch(path, deployment(0)); });
  report.section("Server-side apply of a Deployment of 3 KB",
                 "Processor time of the whole request. Over the wire it includes TLS, HTTP/2, the socket and, for a change, "
                 "the log's write and sync.");
  if (!options.pipeline.empty()) {
    const double us = pipeline_us(options.pipeline, "apply");
    report.figure("that changes the image, in process", fmt::format("{:.1f} us", us), "40 us", us < 40);
  }
  report.figure("that changes the image, over the wire", fmt::format("{:.0f} us", changes), "", true);
  report.figure("that changes nothing, over the wire", fmt::format("{:.0f} us", same), "", true);
}

}  // namespace plinth::bench
