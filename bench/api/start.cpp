// From exec to the ready line: an empty second start (the first one makes keys), and 100,000 objects, warm and cold.
#include <filesystem>

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include "api/die.h"
#include "api/figures.h"
#include "api/load.h"
#include "api/objects.h"
#include "api/process.h"

namespace plinth::bench {
namespace {

double start_ms(const Options& options, const std::string& directory) { return Plinth(options.plinth, directory).start_ms(); }

// Leaves nothing of the directory's files in the page cache.
void forget_pages(const std::string& directory) {
  sync();
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file()) continue;
    const int fd = open(entry.path().c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) continue;
    posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    close(fd);
  }
}

}  // namespace

void measure_start(const Options& options, Report& report) {
  constexpr std::uint64_t kObjects = 100'000;
  const Scratch scratch(options, "start");
  const std::string empty = scratch.path() + "/empty", full = scratch.path() + "/full";
  const double first = start_ms(options, empty);
  std::vector<double> second, warm;
  for (int i = 0; i < 5; ++i) second.push_back(start_ms(options, empty));
  {
    Plinth plinth(options.plinth, full);
    const TlsClient tls(plinth.ca(), plinth.certificate(), plinth.key());
    Connection connection(tls, plinth.address());
    fill(connection, kObjects, 1);
  }
  start_ms(options, full);
  for (int i = 0; i < 3; ++i) warm.push_back(start_ms(options, full));
  forget_pages(full);
  const double cold = start_ms(options, full);
  report.section("From start to ready", "From exec to the line that says so; medians.");
  report.figure("first start (makes keys and a log)", fmt::format("{:.0f} ms", first), "", true);
  report.figure("empty, second start", fmt::format("{:.0f} ms", median(second)), "50 ms", median(second) < 50);
  report.figure("100,000 objects of 3 KB, page cache warm", fmt::format("{:.0f} ms", median(warm)), "1,500 ms",
                median(warm) < 1500);
  report.figure("the same, page cache cold", fmt::format("{:.0f} ms", cold), "", true);
}

}  // namespace plinth::bench
