// For tests: a containerd of the test's own, with its own folders, bridge and subnet, and a look at what is left afterwards.
#pragma once

#include <string>
#include <vector>

#include "cri/containerd/take_down.h"
#include "cri/cri_runtime.h"
#include "node/runtime/runtime_contract.h"
#include "oci/image.h"
#include "world_real/epoll_loop.h"
#include "world_real/real_clock.h"
#include "world_real/real_disk.h"
#include "world_real/real_network.h"
#include "world_real/real_processes.h"
#include "world_real/thread_pool.h"

namespace plinth::cri {

// Empty when this machine can run pods; else why not: the test is then skipped, by name.
std::string why_no_containerd();

// An image with busybox; "" where there is none.
std::string busybox_layer();

class RealContainerd final : public node::RuntimeBench {
 public:
  RealContainerd();  // started and ready, or the test has failed
  ~RealContainerd() override;

  node::Runtime& runtime() override { return *runtime_; }
  bool run_until(const std::function<bool()>& done) override;
  std::string image() override { return "localhost/test/busybox:1"; }
  bool mounts_images() override;
  std::string image_folder() override { return "bin"; }
  std::string read_file(const std::string& path) override;
  std::string log_directory() override { return folder_ + "/logs"; }
  std::string cgroup_parent() override { return cgroup_root_ + "/pod"; }

  ContainerdOptions& options() { return options_; }
  Containerd& containerd() { return *containerd_; }
  world_real::EpollLoop& loop() { return *loop_; }
  // Ends containerd as a crash would, and waits until another one answers.
  void restart_containerd();
  // Another driver over the same containerd; `own`: with the OCI runtime at hand, as for a containerd of our own; else as a
  // platform to which it is somebody else's.
  std::unique_ptr<node::Runtime> open_runtime(bool own);
  TakeDownReport take_down(Duration grace_max);
  // Links, namespaces, mounts, control groups, rules and processes of this test that are still there.
  std::vector<std::string> leaks();

 private:
  std::string folder_, cgroup_root_;
  std::unique_ptr<world_real::EpollLoop> loop_;
  std::unique_ptr<world_real::RealProcesses> processes_;
  world_real::RealClock clock_;
  world_real::RealEntropy entropy_;
  world_real::RealDisk disk_;
  std::unique_ptr<world_real::ThreadPool> pool_;
  std::unique_ptr<world_real::RealNetwork> network_;
  oci::MemoryImages images_;
  ContainerdOptions options_;
  std::unique_ptr<Containerd> containerd_;
  std::unique_ptr<node::Runtime> runtime_;
  bool down_ = false;
};

}  // namespace plinth::cri
