// Durable creates of a 3 KB ConfigMap through the full pipeline, and etcd's raw puts of the same bytes.
#include <optional>

#include <fmt/core.h>

#include "api/die.h"
#include "api/etcd_wire.h"
#include "api/figures.h"
#include "api/load.h"
#include "api/objects.h"
#include "api/process.h"

namespace plinth::bench {
namespace {

struct Series {
  std::vector<double> rates, p50, p99, server_cpu, client_cpu;
  void add(const LoadResult& run, double server_seconds) {
    rates.push_back(run.per_second);
    p50.push_back(run.p50_us);
    p99.push_back(run.p99_us);
    client_cpu.push_back(run.client_cpu_us);
    server_cpu.push_back(server_seconds * 1e6 / static_cast<double>(run.requests));
  }
  std::vector<std::string> cells(std::size_t clients, const std::string& who, const std::string& ratio) const {
    return {std::to_string(clients),
            who,
            fmt::format("{:.0f}", median(rates)),
            ratio,
            fmt::format("{:.0f}", median(p50)),
            fmt::format("{:.0f}", median(p99)),
            fmt::format("{:.0f}", median(server_cpu)),
            fmt::format("{:.0f}", median(client_cpu))};
  }
};

void one_level(const Options& options, Report& report, std::size_t clients) {
  const Scratch scratch(options, "creates");
  Plinth plinth(options.plinth, scratch.path() + "/plinth");
  const TlsClient tls(plinth.ca(), plinth.certificate(), plinth.key());
  Load creates(tls, plinth.address(), clients);
  std::optional<Etcd> etcd;
  std::optional<Load> puts;
  if (!options.etcd.empty()) {
    etcd.emplace(options.etcd, scratch.path() + "/etcd", scratch.path() + "/plinth/pki", tls);
    puts.emplace(tls, etcd->address(), clients);
  }
  Series ours, theirs;
  std::uint64_t base = 0;
  for (int round = 0; round < options.rounds; ++round) {
    double cpu = plinth.process().cpu_seconds();
    const LoadResult created = creates.run(
        options.seconds, [&](std::uint64_t n) { return post(kConfigMaps, config_map(fmt::format("map-{:09}", base + n), 1)); },
        [](const Answer& answer) { return answer.status == 201; });
    ours.add(created, plinth.process().cpu_seconds() - cpu);
    if (etcd) {
      cpu = etcd->process().cpu_seconds();
      const LoadResult stored = puts->run(
          options.seconds,
          [&](std::uint64_t n) {
            const std::string name = fmt::format("map-{:09}", base + n);
            return etcd_put("/registry/configmaps/default/" + name, config_map(name, 1));
          },
          etcd_ok);
      theirs.add(stored, etcd->process().cpu_seconds() - cpu);
    }
    base += 10'000'000;
  }
  const double ratio = etcd ? median(ours.rates) / median(theirs.rates) : 0;
  report.row(
      ours.cells(clients, "plinth create", etcd ? fmt::format("{:.2f} x{}", ratio, ratio >= 2 ? "" : " (**missed**)") : "-"));
  if (etcd) report.row(theirs.cells(clients, "etcd put", "1"));
}

}  // namespace

void measure_creates(const Options& options, Report& report) {
  report.section(
      "Durable creates of a 3 KB ConfigMap (goal: at least 2 x etcd's raw puts; 3,700/s with one client)",
      fmt::format(
          "{} alternating runs of {:.0f} s, medians; each client one connection, closed loop; processor time in us a request.",
          options.rounds, options.seconds));
  report.columns({"clients", "", "a second", "ratio", "p50 us", "p99 us", "server us", "generator us"});
  if (options.clients != 0) return one_level(options, report, options.clients);
  for (const std::size_t clients : {1, 16, 64}) one_level(options, report, clients);
}

}  // namespace plinth::bench
