// Resident memory: empty, and after ten full overwrites of what is stored.
#include <fmt/core.h>

#include "api/die.h"
#include "api/figures.h"
#include "api/load.h"
#include "api/objects.h"
#include "api/process.h"

namespace plinth::bench {

void measure_memory(const Options& options, Report& report) {
  const std::uint64_t objects = options.quick ? 5'000 : 30'000;
  constexpr double kMiB = 1024.0 * 1024.0;
  const Scratch scratch(options, "memory");
  { Plinth(options.plinth, scratch.path() + "/plinth"); }
  Plinth plinth(options.plinth, scratch.path() + "/plinth");
  const double empty = static_cast<double>(plinth.process().settled_bytes()) / kMiB;
  const TlsClient tls(plinth.ca(), plinth.certificate(), plinth.key());
  double peak = 0;
  for (std::uint64_t version = 1; version <= 11; ++version) {
    Connection connection(tls, plinth.address());
    fill(connection, objects, version);
    peak = std::max(peak, static_cast<double>(plinth.process().resident_bytes()) / kMiB);
  }
  const double after = static_cast<double>(plinth.process().settled_bytes()) / kMiB;
  const std::uint64_t one = Connection(tls, plinth.address()).call(get(std::string(kConfigMaps) + "/map-000000000")).body_bytes;
  const double encoded = static_cast<double>(one * objects) / kMiB;
  const double goal = 2 * encoded + 50;
  report.section(
      "Resident memory",
      fmt::format("{} ConfigMaps of {} bytes as stored (managedFields included), each written eleven times.", objects, one));
  report.figure("empty", fmt::format("{:.1f} MiB", empty), "30 MiB", empty < 30);
  report.figure("after ten full overwrites",
                fmt::format("{:.0f} MiB ({:.2f} x {:.0f} MiB encoded)", after, after / encoded, encoded),
                fmt::format("{:.0f} MiB (2 x encoded + 50)", goal), after < goal);
  report.figure("most seen after a round", fmt::format("{:.0f} MiB", peak), "", true);
}

}  // namespace plinth::bench
