// 500 custom resource definitions of 50 KB: time and memory to apply them, and aggregated discovery with them.
#include <fmt/core.h>

#include "api/die.h"
#include "api/figures.h"
#include "api/load.h"
#include "api/objects.h"
#include "api/process.h"

namespace plinth::bench {

void measure_definitions(const Options& options, Report& report) {
  constexpr int kDefinitions = 500;
  constexpr std::size_t kBytes = 50'000;
  const Scratch scratch(options, "definitions");
  Plinth plinth(options.plinth, scratch.path() + "/plinth");
  const TlsClient tls(plinth.ca(), plinth.certificate(), plinth.key());
  Connection connection(tls, plinth.address());
  constexpr double kMiB = 1024.0 * 1024.0;
  const double before = static_cast<double>(plinth.process().settled_bytes()) / kMiB;
  const std::int64_t begin = now_ns();
  for (int i = 0; i < kDefinitions; ++i) {
    const std::string name = fmt::format("widgets{0}.g{0}.bench.example.com", i);
    const Answer answer =
        connection.call(apply_patch("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/" + name, definition(i, kBytes)));
    if (answer.status / 100 != 2) die("definition {}: status {}: {}", i, answer.status, answer.body.substr(0, 500));
  }
  const double took = static_cast<double>(now_ns() - begin) / 1e9;
  const double grown = static_cast<double>(plinth.process().settled_bytes()) / kMiB - before;
  Request discover = get("/apis");
  discover.headers[0].value = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
  std::vector<double> discovery;
  std::uint64_t size = 0;
  for (int i = 0; i < 10; ++i) {
    const std::int64_t asked = now_ns();
    const Answer answer = connection.call(discover);
    if (answer.status != 200) die("discovery: status {}", answer.status);
    size = answer.body_bytes;
    discovery.push_back(static_cast<double>(now_ns() - asked) / 1e6);
  }
  report.section("500 custom resource definitions of 50 KB", "Applied one after the other by one client.");
  report.figure("time", fmt::format("{:.1f} s", took), "10 s", took < 10);
  report.figure("more resident memory", fmt::format("{:.0f} MiB", grown), "100 MiB", grown < 100);
  report.figure(
      "aggregated discovery with them",
      fmt::format("{:.1f} ms the first time, then {:.1f} ms ({:.0f} KB)", discovery.front(), median(discovery), size / 1e3),
      "20 ms", discovery.front() < 20);
}

}  // namespace plinth::bench
