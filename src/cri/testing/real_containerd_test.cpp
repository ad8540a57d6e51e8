#include "cri/testing/real_containerd.h"

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "cri/image_mounts.h"
#include "oci/tar_writer.h"
#include "world_real/spawner.h"
#include "world_real/test_loop.h"

namespace plinth::cri {
namespace {

constexpr const char* kBusybox = "/bin/busybox";

std::string read_whole(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string output_of(const std::string& command) {
  std::string out;
  FILE* pipe = popen(command.c_str(), "r");
  char part[4096];
  while (pipe != nullptr && fgets(part, sizeof part, pipe) != nullptr) out += part;
  if (pipe != nullptr) pclose(pipe);
  return out;
}

}  // namespace

std::string why_no_containerd() {
  world_real::RealDisk disk;
  const auto checked = check_host(probe_host(disk));
  if (!checked.ok()) return checked.error().message();
  return std::filesystem::exists(kBusybox) ? "" : "no busybox: apt-get install busybox-static";
}

std::string busybox_layer() {
  oci::TarWriter tar;
  for (const char* folder : {"bin", "etc", "tmp", "root"}) REQUIRE(tar.add_directory(folder, 0755).ok());
  REQUIRE(tar.add_file("etc/passwd", 0644, "root:x:0:0:root:/root:/bin/sh\n").ok());
  REQUIRE(tar.add_file("bin/busybox", 0755, read_whole(kBusybox)).ok());
  for (const char* name :
       {"sh", "sleep", "cat", "true", "echo", "ls", "env", "kill", "nc", "id", "ip", "stty", "test", "wget", "ps"}) {
    REQUIRE(tar.add_link(std::string("bin/") + name, "busybox").ok());
  }
  return tar.finish();
}

RealContainerd::RealContainerd() {
  char name[] = "/tmp/plinth-cri-XXXXXX";
  REQUIRE(mkdtemp(name) != nullptr);
  folder_ = name;
  const std::string tag = folder_.substr(folder_.size() - 6);
  cgroup_root_ = "/plinth-test-" + tag;
  processes_ = nullptr;
  auto spawner = world_real::fork_spawner();
  REQUIRE(spawner.ok());
  loop_ = std::move(world_real::EpollLoop::create()).value();
  processes_ = std::move(world_real::RealProcesses::create(*loop_, std::move(*spawner))).value();
  pool_ = std::make_unique<world_real::ThreadPool>(1, 64);
  network_ = std::make_unique<world_real::RealNetwork>(*pool_);
  oci::ImageRecipe recipe;
  recipe.architecture = oci::host_architecture();
  recipe.command = {"sh"};
  recipe.environment = {"PATH=/bin"};
  recipe.layers = {busybox_layer()};
  images_.add("test/busybox", "1", oci::build_image(std::move(recipe)));

  auto chosen = choose_options(probe_host(disk_), folder_ + "/data", folder_ + "/run");
  REQUIRE_MESSAGE(chosen.ok(), chosen.error().message());
  options_ = std::move(*chosen);
  options_.bridge = "plt" + tag;
  options_.pod_range = "10.213." + std::to_string(getpid() % 256) + ".0/24";
  ContainerdParts parts;
  parts.loop = loop_.get();
  parts.network = network_.get();
  parts.clock = &clock_;
  parts.disk = &disk_;
  parts.processes = processes_.get();
  auto made = make_containerd(std::move(parts), options_, &images_);
  REQUIRE_MESSAGE(made.ok(), made.error().message());
  containerd_ = std::move(*made);
  auto ready = wait<void>([&](auto done) { containerd_->start(std::move(done)); });
  REQUIRE_MESSAGE(ready.ok(), ready.error().message());
  runtime_ = open_runtime(true);
  auto pulled = wait<std::string>([&](auto done) { runtime_->pull_image(image(), {}, {}, std::move(done)); });
  REQUIRE_MESSAGE(pulled.ok(), pulled.error().message());
}

std::unique_ptr<node::Runtime> RealContainerd::open_runtime(bool own) {
  CriParts parts;
  parts.loop = loop_.get();
  parts.network = network_.get();
  parts.clock = &clock_;
  parts.entropy = &entropy_;
  parts.disk = &disk_;
  parts.pool = pool_.get();
  parts.processes = processes_.get();
  parts.namespaces = network_.get();
  CriOptions options;
  options.address = "unix:" + socket_path(options_);
  if (own)
    options.oci_program = options_.oci_runtime;
  else
    options.instance = "another-platform";
  options.oci_root = oci_root(options_);
  options.scratch_dir = options_.run_dir;
  return make_cri_runtime(std::move(parts), std::move(options));
}

RealContainerd::~RealContainerd() {
  if (!down_) {
    const TakeDownReport report = take_down(std::chrono::seconds(0));
    for (const std::string& problem : report.problems) MESSAGE("left: " << problem);
  }
  runtime_.reset();
  containerd_.reset();
  network_.reset();
  pool_.reset();
  processes_.reset();
  std::filesystem::remove_all(folder_);
}

bool RealContainerd::run_until(const std::function<bool()>& done) {
  return world_real::poll_until(*loop_, done, std::chrono::seconds(60));
}

std::string RealContainerd::read_file(const std::string& path) { return read_whole(path); }

bool RealContainerd::mounts_images() {
  const auto told = wait<node::RuntimeVersion>([&](auto done) { runtime_->version(std::move(done)); });
  node::Mount mount;
  mount.image = mount.image_sub_path = "x";
  return told.ok() && check_image_mounts(*told, {mount}).ok();
}

void RealContainerd::restart_containerd() {
  const std::string pid =
      output_of("pgrep -xf '" + options_.containerd + " --config " + options_.data_dir + "/containerd.toml'");
  REQUIRE(!pid.empty());
  REQUIRE(kill(std::stoi(pid), SIGKILL) == 0);
  const auto answers = [&] { return wait<node::RuntimeVersion>([&](auto done) { runtime_->version(std::move(done)); }).ok(); };
  REQUIRE(run_until([&] { return !answers(); }));
  REQUIRE(run_until(answers));
}

TakeDownReport RealContainerd::take_down(Duration grace_max) {
  down_ = true;
  std::optional<TakeDownReport> report;
  TakeDownParts parts{loop_.get(), &disk_, pool_.get(), processes_.get(), runtime_.get(), containerd_.get()};
  cri::take_down(parts, options_, cgroup_root_, grace_max, [&](TakeDownReport given) { report = std::move(given); });
  REQUIRE(run_until([&] { return report.has_value(); }));
  return std::move(*report);
}

std::vector<std::string> RealContainerd::leaks() {
  std::vector<std::string> out;
  const auto look = [&](const std::string& what, const std::string& found) {
    if (!found.empty()) out.push_back(what + ": " + found);
  };
  look("link", output_of("ip -o link show " + options_.bridge + " 2>/dev/null"));
  look("ports", output_of("ip -o link show master " + options_.bridge + " 2>/dev/null"));
  look("mounts", output_of("grep " + folder_ + " /proc/self/mountinfo"));
  look("cgroups", output_of("find /sys/fs/cgroup -type d -path '*" + cgroup_root_ + "*' 2>/dev/null"));
  look("nft", output_of("nft list tables | grep -w " + nft_table(options_)));
  look("processes", output_of("pgrep -af " + folder_ + " | grep -v pgrep"));
  look("run", output_of("ls -d " + options_.run_dir + " 2>/dev/null"));
  return out;
}

}  // namespace plinth::cri
