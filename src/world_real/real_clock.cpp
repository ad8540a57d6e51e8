#include "world_real/real_clock.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <sys/random.h>
#include <time.h>

namespace plinth::world_real {
namespace {

std::int64_t read_clock(clockid_t id) {
  timespec now{};
  clock_gettime(id, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

void ask_kernel(std::span<unsigned char> out) {
  while (!out.empty()) {
    const ssize_t n = getrandom(out.data(), out.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) std::abort();  // ids, keys and tokens must never be guessable
    out = out.subspan(static_cast<std::size_t>(n));
  }
}

struct Pool {
  static constexpr std::size_t kBytes = 512;
  std::array<unsigned char, kBytes> bytes;
  std::size_t left = 0;

  void take(std::span<unsigned char> out) {
    if (left < out.size()) {
      ask_kernel(bytes);
      left = kBytes;
    }
    unsigned char* from = bytes.data() + left - out.size();
    std::memcpy(out.data(), from, out.size());
    explicit_bzero(from, out.size());
    left -= out.size();
  }
};

}  // namespace

std::int64_t RealClock::wall_ns() const { return read_clock(CLOCK_REALTIME); }
std::int64_t RealClock::monotonic_ns() const { return read_clock(CLOCK_MONOTONIC); }

void RealEntropy::fill(std::span<unsigned char> out) {
  thread_local Pool pool;
  if (out.size() > Pool::kBytes / 4) return ask_kernel(out);
  pool.take(out);
}

}  // namespace plinth::world_real
