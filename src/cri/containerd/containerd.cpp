#include "cri/containerd/containerd.h"

#include <algorithm>

#include <fmt/core.h>

#include "cri/cri_runtime.h"
#include "cri/leftover_processes.h"
#include "cri/pause/pause_image.h"
#include "net/http.h"
#include "oci/pull_endpoint.h"

namespace plinth::cri {
namespace {

constexpr Duration kPollInterval = std::chrono::milliseconds(20);
constexpr Duration kReadyTimeout = std::chrono::seconds(30);
constexpr Duration kRestartMin = std::chrono::milliseconds(200), kRestartMax = std::chrono::seconds(10);
constexpr Duration kStableAfter = std::chrono::minutes(1);
constexpr Duration kStopTimeout = std::chrono::seconds(5);
constexpr Duration kCommandTimeout = std::chrono::seconds(20);
constexpr std::size_t kCommandOutputMax = 4096;
constexpr std::uint64_t kLogBytesMax = 16ull << 20;
constexpr std::size_t kSocketPathMax = 107 - 6;  // with ".ttrpc"
constexpr std::size_t kLinkNameMax = 15;

// The sandbox's image first, then what the platform has.
class Images final : public oci::ImageSource {
 public:
  explicit Images(oci::ImageSource* others) : others_(others) {
    own_.add(std::string(kPauseRepository), std::string(kPauseTag), pause_image());
  }
  void manifest(oci::ManifestQuery query, ManifestDone done) override {
    const bool own = query.repository == kPauseRepository && (query.host.empty() || query.host == kPauseRegistry);
    if (own) return own_.manifest(std::move(query), std::move(done));
    if (query.host.empty()) query.host = kPauseRegistry;  // its images are asked for here alone, so without a host
    if (others_ != nullptr) return others_->manifest(std::move(query), std::move(done));
    done(std::optional<oci::Manifest>());
  }
  void blob(std::string digest, BlobDone done) override {
    // What is in memory is told inside of the call.
    bool found = false;
    own_.blob(digest, [&](Result<std::unique_ptr<oci::Blob>> blob) {
      if (!blob.ok() || *blob == nullptr) return;
      found = true;
      done(std::move(blob));
    });
    if (found) return;
    if (others_ != nullptr) return others_->blob(std::move(digest), std::move(done));
    done(std::unique_ptr<oci::Blob>());
  }

 private:
  oci::MemoryImages own_;
  oci::ImageSource* others_;
};

Result<void> check_options(const ContainerdOptions& options) {
  const std::string socket = socket_path(options);
  if (socket.size() > kSocketPathMax) {
    return bad_request(fmt::format("run directory {}: its sockets' paths get {} bytes, the limit is {}", options.run_dir,
                                   socket.size(), kSocketPathMax));
  }
  if (options.bridge.empty() || options.bridge.size() > kLinkNameMax) {
    return bad_request(fmt::format("bridge \"{}\": a link's name has 1 to {} bytes", options.bridge, kLinkNameMax));
  }
  for (const std::string* path : {&options.data_dir, &options.run_dir}) {
    if (path->empty() || path->front() != '/') return bad_request(fmt::format("\"{}\": an absolute path is needed", *path));
    if (path->find_first_of("\"\\\n") != std::string::npos) {
      return bad_request(
          fmt::format("\"{}\": quotes, backslashes and line ends have no place in containerd's configuration", *path));
    }
  }
  return {};
}

class OwnContainerd final : public Containerd, private ChildEvents {
 public:
  OwnContainerd(ContainerdParts parts, ContainerdOptions options, oci::ImageSource* images)
      : parts_(std::move(parts)), options_(std::move(options)), images_(images) {}
  ~OwnContainerd() override {
    *alive_ = false;
    if (timer_ != 0) parts_.loop->cancel(timer_);
  }

  Result<void> prepare();
  void start(node::Done<void> ready) override;
  void stop(Task done) override;

 private:
  void on_output(std::string_view) override {}
  void on_exit(ExitStatus status) override;

  Result<void> write_files();
  void set_up_network(Task then);
  // A containerd that was ended in the middle of a start may not know a shim of its own any more: what is there while nobody
  // can start anything, and is not among its containers and sandboxes later, is ended.
  void find_shims(void (OwnContainerd::*then)());
  void spawn_again() { find_shims(&OwnContainerd::spawn); }
  void greet();
  void end_strangers();
  void end_shims(std::vector<std::int32_t> pids);
  void spawn();
  void poll();
  void check_status();
  void fetch_pause_image();
  void tell_ready(Result<void> outcome);
  void begin_timer(Duration delay, void (OwnContainerd::*what)());

  ContainerdParts parts_;
  ContainerdOptions options_;
  Images images_;
  std::unique_ptr<net::HttpServer> http_;
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<node::Runtime> runtime_;  // for the questions of the start
  std::unique_ptr<ChildProcess> child_;
  node::Done<void> ready_;
  Task stopped_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  Duration restart_ = kRestartMin;
  std::int64_t started_ns_ = 0, deadline_ns_ = 0;
  std::string last_answer_;
  std::map<std::string, std::int32_t> shims_;  // by container or sandbox; before it started
  TimerId timer_ = 0;
  bool stopping_ = false;
};

Result<void> OwnContainerd::prepare() {
  TRY(check_options(options_));
  http_ = net::make_http_server(*parts_.loop, *parts_.clock, net::HttpLimits(), oci::pull_endpoint(images_),
                                [](const Error& error) { return error.message(); });
  listener_ = TRY(parts_.network->listen(*parts_.loop, "127.0.0.1:0", nullptr,
                                         [this](std::unique_ptr<Stream> stream) { http_->serve(std::move(stream)); }));
  return write_files();
}

Result<void> OwnContainerd::write_files() {
  Disk& disk = *parts_.disk;
  const std::string mirror = "http://" + listener_->address();
  const std::string own_certs = fmt::format("{}/certs.d/{}", options_.data_dir, kPauseRegistry);
  const std::string any_certs = options_.data_dir + "/certs.d/_default";
  for (const std::string& dir : {options_.run_dir, options_.data_dir + "/net.d", own_certs, any_certs})
    TRY(disk.make_directories(dir));
  TRY(write_file_atomically(disk, options_.data_dir + "/containerd.toml", containerd_config(options_)));
  TRY(write_file_atomically(disk, options_.data_dir + "/net.d/10-plinth.conflist", cni_config(options_)));
  TRY(write_file_atomically(disk, own_certs + "/hosts.toml", hosts_config(mirror, true)));
  TRY(write_file_atomically(disk, any_certs + "/hosts.toml", hosts_config(mirror, false)));
  const std::string log = options_.data_dir + "/containerd.log";
  auto file = disk.open(log, OpenMode::kReadWrite);
  if (file.ok() && TRY((*file)->size()) > kLogBytesMax) TRY((*file)->truncate(0));
  return {};
}

void OwnContainerd::begin_timer(Duration delay, void (OwnContainerd::*what)()) {
  timer_ = parts_.loop->after(delay, [this, what] {
    timer_ = 0;
    (this->*what)();
  });
}

void OwnContainerd::start(node::Done<void> ready) {
  ready_ = std::move(ready);
  CriParts parts;
  parts.loop = parts_.loop;
  parts.network = parts_.network;
  parts.clock = parts_.clock;
  parts.disk = parts_.disk;
  CriOptions options;
  options.address = "unix:" + socket_path(options_);
  runtime_ = make_cri_runtime(std::move(parts), std::move(options));
  deadline_ns_ = parts_.clock->monotonic_ns() + kReadyTimeout.count();
  set_up_network([this] { spawn(); });
}

void OwnContainerd::find_shims(void (OwnContainerd::*then)()) {
  shims_.clear();
  if (parts_.pool == nullptr) return (this->*then)();
  auto started =
      parts_.pool->run([this, then, disk = parts_.disk, loop = parts_.loop, socket = socket_path(options_), alive = alive_] {
        loop->post([this, then, alive, found = shims_of(*disk, socket)]() mutable {
          if (!*alive || stopping_) return;
          shims_ = std::move(found);
          (this->*then)();
        });
      });
  if (!started.ok()) (this->*then)();
}

// The one before may have gone on until this one came: only now nothing is started any more.
void OwnContainerd::greet() {
  end_strangers();
  fetch_pause_image();
}

void OwnContainerd::end_strangers() {
  if (shims_.empty()) return;
  runtime_->list_sandboxes({}, [this](Result<std::vector<node::Sandbox>> sandboxes) {
    if (!sandboxes.ok()) return;
    for (const node::Sandbox& sandbox : *sandboxes) shims_.erase(sandbox.id);
    runtime_->list_containers({}, [this](Result<std::vector<node::Container>> containers) {
      if (!containers.ok()) return;
      for (const node::Container& container : *containers) shims_.erase(container.id);
      std::vector<std::int32_t> pids;
      for (const auto& [id, pid] : std::exchange(shims_, {})) {
        parts_.log.warning("a shim whose container is not known is ended", {{"container", id}, {"pid", pid}});
        pids.push_back(pid);
      }
      if (!pids.empty() && !stopping_) end_shims(std::move(pids));
    });
  });
}

void OwnContainerd::end_shims(std::vector<std::int32_t> pids) {
  (void)parts_.pool->run([this, disk = parts_.disk, loop = parts_.loop, pids = std::move(pids), alive = alive_] {
    loop->post([this, alive, all = with_children(*disk, pids)] {
      if (!*alive) return;
      SpawnRequest request;
      request.arguments = kill_command(all);
      run_command(*parts_.processes, *parts_.loop, std::move(request), "", kCommandTimeout, kCommandOutputMax,
                  [](Result<CommandOutcome>) {});
    });
  });
}

void OwnContainerd::set_up_network(Task then) {
  SpawnRequest request;
  request.arguments = {options_.nft, "-f", "-"};
  run_command(*parts_.processes, *parts_.loop, std::move(request), nft_rules(options_), kCommandTimeout, kCommandOutputMax,
              [this, alive = alive_, then = std::move(then)](Result<CommandOutcome> outcome) {
                if (!*alive || stopping_) return;
                if (!outcome.ok()) return tell_ready(std::move(outcome).error());
                if (outcome->status.ok()) return then();
                tell_ready(Error(Reason::kServiceUnavailable,
                                 fmt::format("the rules of the pod network are refused: nft: {}", outcome->error_output)));
              });
}

void OwnContainerd::spawn() {
  SpawnRequest request;
  request.arguments = {options_.containerd, "--config", options_.data_dir + "/containerd.toml"};
  request.output = ChildOutput::kFile;
  request.log_file = options_.data_dir + "/containerd.log";
  request.directory = "/";
  request.death_signal = 15;
  started_ns_ = parts_.clock->monotonic_ns();
  parts_.processes->spawn(std::move(request), [this, alive = alive_](Result<std::unique_ptr<ChildProcess>> child) {
    if (!*alive || stopping_) return;
    if (!child.ok()) return tell_ready(std::move(child).error());
    child_ = std::move(*child);
    child_->start(this);
    if (ready_ || !shims_.empty()) begin_timer(kPollInterval, &OwnContainerd::poll);
  });
}

void OwnContainerd::poll() {
  if (ready_ && parts_.clock->monotonic_ns() > deadline_ns_) {
    return tell_ready(
        Error(Reason::kTimeout, fmt::format("containerd is not ready after {} s: {} (its log: {}/containerd.log)",
                                            kReadyTimeout / std::chrono::seconds(1), last_answer_, options_.data_dir)));
  }
  check_status();
}

void OwnContainerd::check_status() {
  runtime_->status([this](Result<node::RuntimeStatus> status) {
    std::string waits_for = status.ok() ? node::runtime_problem(*status) : status.error().message();
    if (waits_for.empty()) {
      return ready_ ? find_shims(&OwnContainerd::greet) : end_strangers();
    }
    last_answer_ = std::move(waits_for);
    if (!stopping_ && child_ && timer_ == 0) begin_timer(kPollInterval, &OwnContainerd::poll);
  });
}

void OwnContainerd::fetch_pause_image() {
  const std::string name = fmt::format("{}/{}:{}", kPauseRegistry, kPauseRepository, kPauseTag);
  runtime_->pull_image(name, {}, {}, [this](Result<std::string> pulled) {
    if (!pulled.ok()) return tell_ready(std::move(pulled).error());
    tell_ready({});
  });
}

void OwnContainerd::tell_ready(Result<void> outcome) {
  if (ready_)
    std::exchange(ready_, nullptr)(std::move(outcome));
  else if (!outcome.ok())
    parts_.log.error("containerd", {{"error", outcome.error()}});
}

void OwnContainerd::on_exit(ExitStatus status) {
  child_.reset();
  if (timer_ != 0) parts_.loop->cancel(std::exchange(timer_, 0));
  if (stopping_) {
    if (stopped_) std::exchange(stopped_, nullptr)();
    return;
  }
  const std::int64_t lived_ns = parts_.clock->monotonic_ns() - started_ns_;
  restart_ = lived_ns > kStableAfter.count() ? kRestartMin : std::min(restart_ * 2, kRestartMax);
  parts_.log.error(
      "containerd ended and is started again",
      {{"code", status.code}, {"signal", status.signal}, {"log", options_.data_dir + "/containerd.log"}, {"in", restart_}});
  begin_timer(restart_, &OwnContainerd::spawn_again);
}

void OwnContainerd::stop(Task done) {
  stopping_ = true;
  ready_ = nullptr;
  if (timer_ != 0) parts_.loop->cancel(std::exchange(timer_, 0));
  if (!child_) {
    parts_.loop->post(std::move(done));
    return;
  }
  stopped_ = std::move(done);
  child_->signal(15);
  timer_ = parts_.loop->after(kStopTimeout, [this] {
    timer_ = 0;
    child_->signal(9);
  });
}

}  // namespace

Result<ContainerdOptions> choose_options(const HostFacts& facts, std::string data_dir, std::string run_dir) {
  TRY(check_host(facts));
  ContainerdOptions options;
  options.data_dir = std::move(data_dir);
  options.run_dir = std::move(run_dir);
  options.containerd = facts.containerd;
  options.oci_runtime = facts.oci_runtime;
  options.nft = facts.nft;
  options.ip = facts.ip;
  options.cni_dir = facts.cni_dir;
  options.restrict_oom_score_adj = !facts.sys_resource;
  return options;
}

Result<std::unique_ptr<Containerd>> make_containerd(ContainerdParts parts, ContainerdOptions options,
                                                    oci::ImageSource* images) {
  auto made = std::make_unique<OwnContainerd>(std::move(parts), std::move(options), images);
  TRY(made->prepare());
  return std::unique_ptr<Containerd>(std::move(made));
}

}  // namespace plinth::cri
