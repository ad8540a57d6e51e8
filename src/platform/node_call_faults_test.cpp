// Every call to the runtime, and every call about files, fails once, at every place of a pod's life.
#include <map>

#include <doctest/doctest.h>

#include "platform/machine_bench.h"

namespace plinth::platform {
namespace {

// The n-th call of each name fails.
class NthFails {
 public:
  explicit NthFails(int n) : n_(n) {}
  bool next(std::string_view call) {
    const bool now = ++counts_[std::string(call)] == n_;
    failed_ += now ? 1 : 0;
    return now;
  }
  int failed() const { return failed_; }

 private:
  const int n_;
  int failed_ = 0;
  std::map<std::string, int> counts_;
};

}  // namespace

TEST_CASE("a call to the runtime that fails is made again") {
  MachineBench bench(23);
  int n = 1;
  for (int failed = 1; failed > 0; n += 1 + n / 8) {
    CAPTURE(n);
    NthFails faults(n);
    bench.machine->runtime.set_fault([&](std::string_view call) -> Result<void> {
      // Not of a pod's life; and a hook that cannot be run ends its container.
      if (call == "status" || call == "list_container_stats" || call == "exec_sync" || !faults.next(call)) return {};
      return Error(Reason::kServiceUnavailable, "the runtime is asked to fail " + std::string(call));
    });
    bench.create();
    bench.settle_until([&] { return bench.is_ready(); });
    bench.check_ready();
    bench.remove();
    bench.settle_until([&] { return bench.is_gone(); });
    bench.machine->runtime.set_fault(nullptr);
    bench.check_gone();
    failed = faults.failed();
  }
  CHECK(n > 4);  // otherwise there was nothing to fail
}

// One call of all in a pod's life, at every place: each failure makes the next attempt wait longer.
TEST_CASE("a call about files that fails is made again") {
  MachineBench bench(24);
  int place = 1;
  for (bool failed = true; failed; ++place) {
    CAPTURE(place);
    failed = false;
    int calls = 0;
    bench.machine->files.set_fault([&](std::string_view call, const std::string& path) -> Result<void> {
      const bool of_runtime = path.find("/var/log") != std::string::npos;  // the runtime's own files
      if (of_runtime || ++calls != place) return {};
      failed = true;
      return internal_error("asked to fail " + std::string(call) + " of " + path);
    });
    bench.create();
    bench.settle_until([&] { return bench.is_ready(); });
    bench.check_ready();
    bench.remove();
    bench.settle_until([&] { return bench.is_gone(); });
    bench.machine->files.set_fault(nullptr);
    bench.check_gone();
  }
  CHECK(place > 40);  // otherwise there was nothing to fail
}

}  // namespace plinth::platform
