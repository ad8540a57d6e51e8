#include "world_real/real_clock.h"

#include <sys/random.h>
#include <time.h>

#include <cerrno>
#include <cstdlib>

namespace plinth::world_real {
namespace {

std::int64_t read_clock(clockid_t id) {
  timespec now{};
  clock_gettime(id, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

std::int64_t RealClock::wall_ns() const { return read_clock(CLOCK_REALTIME); }
std::int64_t RealClock::monotonic_ns() const { return read_clock(CLOCK_MONOTONIC); }

void RealEntropy::fill(std::span<unsigned char> out) {
  while (!out.empty()) {
    const ssize_t n = getrandom(out.data(), out.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) std::abort();  // ids, keys and tokens must never be guessable
    out = out.subspan(static_cast<std::size_t>(n));
  }
}

}  // namespace plinth::world_real
