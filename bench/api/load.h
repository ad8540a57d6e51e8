// A closed loop: each client has a connection of its own and sends its next request when the answer to the last is there.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/connection.h"

namespace plinth::bench {

struct LoadResult {
  double per_second = 0;
  double p50_us = 0, p99_us = 0;
  double client_cpu_us = 0;  // of this process, a request
  std::uint64_t requests = 0;
};

class Load {
 public:
  Load(const TlsClient& tls, const std::string& address, std::size_t clients);
  // `next` makes the n-th request of this run; an answer for which `good` is false ends the program. One thread.
  LoadResult run(double seconds, const std::function<Request(std::uint64_t n)>& next,
                 const std::function<bool(const Answer&)>& good);

 private:
  std::vector<std::unique_ptr<Connection>> connections_;
  int epoll_ = -1;
};

double processor_seconds();  // of this process so far
std::int64_t now_ns();       // monotonic
double median(std::vector<double> values);

}  // namespace plinth::bench
