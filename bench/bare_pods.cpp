// Pods by bare CRI calls, for ./dev bench node: what the runtime itself takes for a sandbox and a container. The calls carry
// what a node would send for the same pod.
//
//   bare_pods SOCKET IMAGE CGROUP_ROOT FOLDER
//
// Reads lines from standard input, answers each with one line: "pods N" makes N pods at once and answers with milliseconds
// until the last container was started; then, unmeasured, all of them are removed. The image is there.
#include <functional>
#include <iostream>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/json.h"
#include "cri/cri_runtime.h"
#include "node/pod/container_config.h"
#include "world_real/epoll_loop.h"
#include "world_real/real_clock.h"
#include "world_real/real_disk.h"
#include "world_real/real_network.h"
#include "world_real/thread_pool.h"

namespace {

using namespace plinth;

struct Pod {
  std::shared_ptr<const node::Pod> spec;
  node::SandboxConfig sandbox_config;
  node::ContainerConfig container_config;
  std::string sandbox;
};

class Bench {
 public:
  Bench(std::string socket, std::string image, std::string cgroups, std::string folder)
      : loop_(world_real::EpollLoop::create().value()),
        pool_(1, 16),
        network_(pool_),
        image_(std::move(image)),
        folder_(std::move(folder)) {
    config_.name = "bare";
    config_.cgroup_root = std::move(cgroups);
    config_.log_root = folder_ + "/logs";
    config_.host_dns.servers = {"127.0.0.1"};
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
    for (Pod& pod : pods) TRY(prepare(pod));
    const std::int64_t begun = clock_.monotonic_ns();
    for (Pod& pod : pods) start(pod);
    wait();
    const double milliseconds = static_cast<double>(clock_.monotonic_ns() - begun) / 1e6;
    for (Pod& pod : pods) remove(pod);
    wait();
    if (error_) return std::move(*std::exchange(error_, std::nullopt));
    return milliseconds;
  }

 private:
  void wait() {
    while (left_ > 0) loop_->poll(std::chrono::milliseconds(100));
  }
  void end(Result<void> outcome) {
    --left_;
    if (!outcome.ok() && !error_) error_ = std::move(outcome).error();
  }

  // What does not belong to the runtime: the configs, the files that are mounted.
  Result<void> prepare(Pod& pod) {
    const std::string name = fmt::format("bare-{}", ++names_), folder = fmt::format("{}/{}", folder_, name);
    const std::string json = fmt::format(
        R"({{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"{0}","namespace":"bench","uid":"{0}"}},"spec":{{"terminationGracePeriodSeconds":0,)"
        R"("containers":[{{"name":"c","image":"{1}","command":["sleep","1000"],"resources":{{}}}}]}}}})",
        name, image_);
    const client::Resource kind{"", "v1", "pods", "Pod", true};
    pod.spec = std::make_shared<const node::Pod>(node::read_pod({kind, "bench", name, name, 1, TRY(parse_json(json))}));
    pod.sandbox_config = node::make_sandbox_config(config_, *pod.spec, 0);
    TRY(disk_.make_directories(folder, 0750));
    node::ContainerInputs inputs;
    inputs.image.id = inputs.image_ref = image_;
    for (const auto& [inside, file] : {std::pair("/etc/hosts", folder + "/hosts"), {"/dev/termination-log", folder + "/log"}}) {
      TRY(TRY(disk_.open(file, OpenMode::kCreate, 0644))->write_at(0, "127.0.0.1 localhost\n"));
      node::Mount mount;
      mount.container_path = inside;
      mount.host_path = file;
      inputs.mounts.push_back(std::move(mount));
    }
    pod.container_config = TRY(node::make_container_config(config_, *pod.spec, pod.spec->containers.front(), inputs));
    return {};
  }

  void start(Pod& pod) {
    ++left_;
    runtime_->run_sandbox(pod.sandbox_config, "", [this, &pod](Result<std::string> id) {
      if (!id.ok()) return end(std::move(id).error());
      pod.sandbox = *id;
      runtime_->create_container(pod.sandbox, pod.container_config, pod.sandbox_config, [this](Result<std::string> container) {
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
  node::NodeConfig config_;
  const std::string image_, folder_;
  std::size_t left_ = 0, names_ = 0;
  std::optional<Error> error_;
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 5) {
    std::cerr << "usage: bare_pods SOCKET IMAGE CGROUP_ROOT FOLDER\n";
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
