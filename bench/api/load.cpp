#include "api/load.h"

#include <algorithm>

#include <sys/epoll.h>
#include <time.h>

#include "api/die.h"

namespace plinth::bench {
namespace {

std::int64_t read_clock(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

double percentile(std::vector<std::uint32_t>& sorted, double share) {
  if (sorted.empty()) return 0;
  return sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(share * static_cast<double>(sorted.size())))];
}

}  // namespace

std::int64_t now_ns() { return read_clock(CLOCK_MONOTONIC); }
double processor_seconds() { return static_cast<double>(read_clock(CLOCK_PROCESS_CPUTIME_ID)) / 1e9; }

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

Load::Load(const TlsClient& tls, const std::string& address, std::size_t clients) : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  for (std::size_t i = 0; i < clients; ++i) {
    connections_.push_back(std::make_unique<Connection>(tls, address));
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = connections_.back().get();
    epoll_ctl(epoll_, EPOLL_CTL_ADD, connections_.back()->fd(), &event);
  }
}

LoadResult Load::run(double seconds, const std::function<Request(std::uint64_t)>& next,
                     const std::function<bool(const Answer&)>& good) {
  std::vector<std::uint32_t> latencies;
  std::uint64_t made = 0;
  std::size_t under_way = 0;
  const double cpu = processor_seconds();
  const std::int64_t begin = now_ns();
  const std::int64_t end = begin + static_cast<std::int64_t>(seconds * 1e9);
  std::function<void(Connection&)> send = [&](Connection& connection) {
    ++under_way;
    const std::int64_t started = now_ns();
    connection.submit(next(made++), [&, started](Answer& answer) {
      if (!good(answer)) die("an answer had status {} (grpc {})", answer.status, answer.grpc_status);
      const std::int64_t now = now_ns();
      latencies.push_back(static_cast<std::uint32_t>((now - started) / 1000));
      --under_way;
      if (now < end) send(connection);
    });
  };
  for (auto& connection : connections_) {
    send(*connection);
    connection->flush();
  }
  epoll_event events[64];
  while (under_way > 0) {
    const int n = epoll_wait(epoll_, events, 64, -1);
    for (int i = 0; i < n; ++i) static_cast<Connection*>(events[i].data.ptr)->advance();
  }
  LoadResult result;
  result.requests = latencies.size();
  result.per_second = static_cast<double>(result.requests) / (static_cast<double>(now_ns() - begin) / 1e9);
  result.client_cpu_us = (processor_seconds() - cpu) * 1e6 / static_cast<double>(result.requests);
  std::sort(latencies.begin(), latencies.end());
  result.p50_us = percentile(latencies, 0.5);
  result.p99_us = percentile(latencies, 0.99);
  return result;
}

}  // namespace plinth::bench
