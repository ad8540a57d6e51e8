// One object of 3 KB, read by 64 clients, and etcd's linearizable range of the same bytes.
#include <optional>

#include <fmt/core.h>

#include "api/die.h"
#include "api/etcd_wire.h"
#include "api/figures.h"
#include "api/load.h"
#include "api/objects.h"
#include "api/process.h"

namespace plinth::bench {

void measure_reads(const Options& options, Report& report) {
  const std::size_t clients = options.clients != 0 ? options.clients : 64;
  const Scratch scratch(options, "reads");
  Plinth plinth(options.plinth, scratch.path() + "/plinth");
  const TlsClient tls(plinth.ca(), plinth.certificate(), plinth.key());
  if (Connection(tls, plinth.address()).call(post(kConfigMaps, config_map("one", 1))).status != 201)
    die("the object to read was not created");
  Load gets(tls, plinth.address(), clients);
  std::optional<Etcd> etcd;
  std::optional<Load> ranges;
  if (!options.etcd.empty()) {
    etcd.emplace(options.etcd, scratch.path() + "/etcd", scratch.path() + "/plinth/pki", tls);
    if (!etcd_ok(Connection(tls, etcd->address()).call(etcd_put("one", config_map("one", 1)))))
      die("etcd did not take the object to read");
    ranges.emplace(tls, etcd->address(), clients);
  }
  std::vector<double> ours, theirs, ours_cpu, theirs_cpu;
  const Request read = get(std::string(kConfigMaps) + "/one");
  const Request range = etcd_range("one");
  for (int round = 0; round < options.rounds; ++round) {
    double cpu = plinth.process().cpu_seconds();
    const LoadResult got = gets.run(
        options.seconds, [&](std::uint64_t) { return read; }, [](const Answer& a) { return a.status == 200; });
    ours.push_back(got.per_second);
    ours_cpu.push_back((plinth.process().cpu_seconds() - cpu) * 1e6 / static_cast<double>(got.requests));
    if (!etcd) continue;
    cpu = etcd->process().cpu_seconds();
    const LoadResult ranged = ranges->run(
        options.seconds, [&](std::uint64_t) { return range; }, etcd_ok);
    theirs.push_back(ranged.per_second);
    theirs_cpu.push_back((etcd->process().cpu_seconds() - cpu) * 1e6 / static_cast<double>(ranged.requests));
  }
  report.section(fmt::format("Reads of one object by {} clients", clients), "As above; etcd reads linearizably.");
  const double ratio = etcd ? median(ours) / median(theirs) : 0;
  report.figure("plinth", fmt::format("{:.0f}/s, server {:.1f} us each", median(ours), median(ours_cpu)), "", true);
  if (etcd) {
    report.figure("etcd", fmt::format("{:.0f}/s, server {:.1f} us each", median(theirs), median(theirs_cpu)), "", true);
    report.figure("ratio", fmt::format("{:.2f}", ratio), "3", ratio >= 3);
  }
}

}  // namespace plinth::bench
