// Pods by bare CRI calls, for ./dev bench node: what the runtime itself takes for a sandbox and a container.
//
//   bare_pods SOCKET IMAGE CGROUP_PARENT LOG_DIRECTORY
//
// Reads lines from standard input, answers each with one line: "pods N" makes N pods at once and answers with milliseconds until the
// last container was started; then, unmeasured, all of them are removed. The image is there.
#include <fmt/format.h>

#include <functional>
#include <iostream>
#include <string>
#include <vector>

#include "cri/cri_runtime.h"
#include "world_real/epoll_loop.h"
#include "world_real/real_clock.h"
#include "world_real/real_disk.h"
#include "world_real/real_network.h"
#include "world_real/thread_pool.h"

namespace {

using namespace plinth;

struct Pod {
  node::SandboxConfig config;
  std::string sandbox;
  bool running = false;
};

class Bench {
 public:
  Bench(std::string socket, std::string image, std::string cgroups, std::string logs)
      : loop_(world_real::EpollLoop::create().value()), pool_(1, 16), network_(pool_), image_(std::move(image)), cgroups_(std::move(cgroups)),
        logs_(std::move(logs)) {
    cri::CriParts parts;
    parts.loop = loop_.get();
    parts.network = &network_;
    parts.clock = &clock_;
    parts.entropy = &entropy_;
    parts.disk = &disk_;
    parts.pool = &pool_;
    cri::CriOptions options;
    options.address = "unix:" + socket;
    runtime_ = cri::make_cri_runtime(std::move(parts), std::move(options));
  }

  // Milliseconds; the error of the first call that failed.
  Result<double> run(std::size_t count) {
    std::vector<Pod> pods(count);
    const std::int64_t begun = clock_.monotonic_ns();
    for (Pod& pod : pods) start(pod);
    wait([&] { return left_ == 0; });
    const double milliseconds = static_cast<double>(clock_.monotonic_ns() - begun) / 1e6;
    for (Pod& pod : pods) remove(pod);
    wait([&] { return left_ == 0; });
    if (error_) return std::move(*std::exchange(error_, std::nullopt));
    return milliseconds;
  }

 private:
  void wait(const std::function<bool()>& done) {
    while (!done()) loop_->poll(std::chrono::milliseconds(100));
  }
  void end(Result<void> outcome) {
    --left_;
    if (!outcome.ok() && !error_) error_ = std::move(outcome).error();
  }

  void start(Pod& pod) {
    ++left_;
    const std::string name = fmt::format("bare-{}", ++names_);
    pod.config.metadata = {name, name, "bench", 0};
    pod.config.hostname = name;
    pod.config.log_directory = logs_ + "/" + name;
    pod.config.cgroup_parent = cgroups_ + "/" + name;
    runtime_->run_sandbox(pod.config, "", [this, &pod](Result<std::string> id) {
      if (!id.ok()) return end(std::move(id).error());
      pod.sandbox = *id;
      node::ContainerConfig config;
      config.metadata = {"c", 0};
      config.image = image_;
      config.command = {"sleep", "1000"};
      config.log_path = "c/0.log";
      runtime_->create_container(pod.sandbox, std::move(config), pod.config, [this](Result<std::string> container) {
        if (!container.ok()) return end(std::move(container).error());
        runtime_->start_container(*container, [this](Result<void> started) { end(std::move(started)); });
      });
    });
  }

  void remove(Pod& pod) {
    if (pod.sandbox.empty()) return;
    ++left_;
    runtime_->stop_sandbox(pod.sandbox, [this, &pod](Result<void>) {
      runtime_->remove_sandbox(pod.sandbox, [this](Result<void> removed) { end(std::move(removed)); });
    });
  }

  std::unique_ptr<world_real::EpollLoop> loop_;
  world_real::RealClock clock_;
  world_real::RealEntropy entropy_;
  world_real::RealDisk disk_;
  world_real::ThreadPool pool_;
  world_real::RealNetwork network_;
  std::unique_ptr<node::Runtime> runtime_;
  const std::string image_, cgroups_, logs_;
  std::size_t left_ = 0, names_ = 0;
  std::optional<Error> error_;
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 5) {
    std::cerr << "usage: bare_pods SOCKET IMAGE CGROUP_PARENT LOG_DIRECTORY\n";
    return 2;
  }
  Bench bench(arguments[1], arguments[2], arguments[3], arguments[4]);
  std::string word;
  std::size_t pods = 0;
  while (std::cin >> word >> pods) {
    auto milliseconds = bench.run(pods);
    if (!milliseconds.ok()) {
      std::cerr << milliseconds.error().message() << "\n";
      return 1;
    }
    std::cout << *milliseconds << std::endl;
  }
  return 0;
}
