#include "platform/cri_node.h"

#include <chrono>
#include <filesystem>
#include <optional>

#include <fmt/core.h>

#include "api/address_range.h"
#include "base/text.h"
#include "cri/containerd/take_down.h"
#include "cri/cri_runtime.h"
#include "cri/pause/pause_image.h"
#include "csi/drivers.h"
#include "network/dns/forward.h"
#include "node_real/control_groups.h"
#include "node_real/machine_gauges.h"
#include "node_real/network_prober.h"
#include "node_real/real_files.h"
#include "oci/digest.h"
#include "oci/layout.h"
#include "platform/direct_cluster.h"
#include "platform/host_facts.h"
#include "platform/local_images.h"
#include "platform/pod_network.h"
#include "platform/push_events.h"
#include "registry/registry.h"
#include "world_real/epoll_loop.h"
#include "world_real/real_clock.h"
#include "world_real/real_disk.h"
#include "world_real/real_network.h"
#include "world_real/real_processes.h"
#include "world_real/thread_pool.h"

namespace plinth::platform {
namespace {

constexpr std::size_t kPoolThreads = 2, kPoolQueue = 4096;
constexpr Duration kCommandTimeout = std::chrono::seconds(20);
constexpr std::size_t kCommandOutputMax = 4096;

// Where the node of a data directory has its things. Several platforms on one machine do not meet.
struct Places {
  std::string node_dir;                                        // DIR/node
  std::string run_dir;                                         // /run/plinth/HASH
  std::string bridge;                                          // plinth-HASH
  std::string cgroup_root;                                     // /plinth-HASH
  std::string images() const { return node_dir + "/images"; }  // as images_folder() says  // an OCI layout
  std::string pods_root() const { return node_dir + "/kubelet"; }
};

Result<Places> find_places(const std::string& data_dir) {
  if (data_dir == ":memory:") return bad_request("images and volumes are kept: give a --data-dir, not :memory:");
  std::error_code error;
  const std::string absolute = std::filesystem::weakly_canonical(data_dir, error).string();
  if (error) return bad_request(fmt::format("--data-dir {}: {}", data_dir, error.message()));
  constexpr std::size_t kHashDigits = 8, kDigestPrefix = 7;
  const std::string hash = oci::sha256_digest(absolute).substr(kDigestPrefix, kHashDigits);
  return Places{absolute + "/node", "/run/plinth/" + hash, "plinth-" + hash, "/plinth-" + hash};
}

// "containerd github.com/containerd/containerd 1.6.20~ds1 ..." -> "containerd://1.6.20~ds1"
std::string version_text(const std::string& output) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < output.size();) {
    const std::size_t end = std::min(output.find_first_of(" \n", at), output.size());
    if (end > at) words.push_back(output.substr(at, end - at));
    at = end + 1;
  }
  return words.size() > 2 ? "containerd://" + words[2] : "containerd://";
}

// The runtime's side of a node: containerd and what it is spoken to with.
struct RuntimeHost {
  world_real::EpollLoop* loop = nullptr;
  Clock* clock = nullptr;
  Disk* disk = nullptr;
  world_real::RealEntropy entropy;
  Logger log;
  Places places;
  std::string runtime_version;  // "containerd://1.6.20"
  cri::ContainerdOptions options;
  std::unique_ptr<FileLock> lock;
  std::unique_ptr<world_real::ThreadPool> pool;
  std::unique_ptr<world_real::RealNetwork> network;
  std::unique_ptr<world_real::RealProcesses> processes;
  std::unique_ptr<oci::LayoutImages> images;
  std::unique_ptr<registry::Registry> registry;  // null where none was asked for
  std::unique_ptr<cri::Containerd> containerd;   // null for a runtime that is not ours
  std::unique_ptr<node::Runtime> runtime;

  ~RuntimeHost() {
    registry.reset();
    pool.reset();  // its tasks use the rest
    runtime.reset();
    containerd.reset();
    processes.reset();
  }

  Result<void> open(const CriNodeOptions& given);
  Result<void> open_containerd(const std::string& pod_range);
  Result<void> open_registry(const CriNodeOptions& given);
  Result<void> attach(const CriNodeOptions& given);
  std::unique_ptr<node::Runtime> open_driver(cri::CriOptions options);
  // For the time before the loop runs: drives it until the command has ended.
  Result<CommandOutcome> run_now(std::vector<std::string> arguments);
};

Result<CommandOutcome> RuntimeHost::run_now(std::vector<std::string> arguments) {
  SpawnRequest request;
  request.arguments = std::move(arguments);
  std::optional<Result<CommandOutcome>> outcome;
  run_command(*processes, *loop, std::move(request), "", kCommandTimeout, kCommandOutputMax,
              [&](Result<CommandOutcome> given) { outcome.emplace(std::move(given)); });
  while (!outcome) loop->poll(std::chrono::milliseconds(100));
  return std::move(*outcome);
}

Result<void> RuntimeHost::open(const CriNodeOptions& given) {
  TRY(disk->make_directories(places.node_dir));
  TRY(disk->make_directories(places.run_dir));
  auto held = disk->lock(places.node_dir + "/LOCK");
  if (!held.ok()) {
    return Error(held.error().reason(), fmt::format("a platform runs on {}: end it first (SIGTERM)", given.data_dir));
  }
  lock = std::move(*held);
  pool = std::make_unique<world_real::ThreadPool>(kPoolThreads, kPoolQueue);
  network = std::make_unique<world_real::RealNetwork>(*pool);
  processes = TRY(world_real::RealProcesses::create(*loop, std::move(*given.spawner)));
  images = std::make_unique<oci::LayoutImages>(*disk, *pool, *loop, places.images());
  if (!given.registry_address.empty()) TRY(open_registry(given));
  if (!given.cri_socket.empty()) return attach(given);
  TRY(open_containerd(given.pod_range));
  cri::CriOptions driver;
  driver.address = "unix:" + cri::socket_path(options);
  driver.oci_program = options.oci_runtime;
  driver.oci_root = cri::oci_root(options);
  driver.scratch_dir = options.run_dir;
  runtime = open_driver(std::move(driver));
  const CommandOutcome version = TRY(run_now({options.containerd, "--version"}));
  runtime_version = version_text(version.output);
  return {};
}

Result<void> RuntimeHost::open_containerd(const std::string& pod_range) {
  options = TRY(cri::choose_options(cri::probe_host(*disk), places.node_dir, places.run_dir));
  options.bridge = places.bridge;
  options.pod_range = pod_range;
  cri::ContainerdParts parts;
  parts.loop = loop;
  parts.network = network.get();
  parts.clock = clock;
  parts.disk = disk;
  parts.processes = processes.get();
  parts.pool = pool.get();
  parts.log = log;
  containerd = TRY(cri::make_containerd(std::move(parts), options, images.get()));
  return {};
}

Result<void> RuntimeHost::open_registry(const CriNodeOptions& given) {
  registry::RegistryParts parts;
  parts.loop = loop;
  parts.pool = pool.get();
  parts.network = network.get();
  parts.disk = disk;
  parts.clock = clock;
  parts.entropy = &entropy;
  parts.log = log.named("registry");
  parts.images = images.get();
  auto opened = registry::open_registry(std::move(parts), given.registry_address, places.images());
  if (!opened.ok())
    return Error(opened.error().reason(), fmt::format("--registry {}: {}", given.registry_address, opened.error().message()));
  registry = std::move(*opened);
  if (given.registry_bound) *given.registry_bound = registry->address();
  return {};
}

// Its pods are marked as ours; others that it runs are not touched.
Result<void> RuntimeHost::attach(const CriNodeOptions& given) {
  const std::string& socket = given.cri_socket;
  const cri::HostFacts facts = cri::probe_host(*disk);
  options.nft = facts.nft;
  options.ip = facts.ip;
  if (given.runtime_network && (facts.nft.empty() || facts.ip.empty())) {
    return Error(
        Reason::kServiceUnavailable,
        "Services need the programs nft and ip; on Debian: apt-get install nftables iproute2. Or use --pod-gateway none");
  }
  cri::CriOptions driver;
  driver.address = "unix:" + socket;
  driver.instance = places.cgroup_root.substr(1);
  runtime = open_driver(driver);
  std::optional<Result<node::RuntimeVersion>> version;
  runtime->version([&](Result<node::RuntimeVersion> told) { version.emplace(std::move(told)); });
  while (!version) loop->poll(std::chrono::milliseconds(100));
  if (!version->ok()) {
    return Error(Reason::kServiceUnavailable,
                 fmt::format("no container runtime answers at {}: {}", socket, version->error().message()));
  }
  driver.id_scheme = (*version)->name;
  runtime_version = fmt::format("{}://{}", (*version)->name, (*version)->version);
  runtime = open_driver(std::move(driver));
  return {};
}

std::unique_ptr<node::Runtime> RuntimeHost::open_driver(cri::CriOptions driver_options) {
  cri::CriParts driver;
  driver.loop = loop;
  driver.network = network.get();
  driver.clock = clock;
  driver.entropy = &entropy;
  driver.disk = disk;
  driver.pool = pool.get();
  driver.processes = processes.get();
  driver.namespaces = network.get();
  driver.log = log;
  return cri::make_cri_runtime(std::move(driver), std::move(driver_options));
}

PodNetworkOptions network_options(const RuntimeHost& host, const std::string& node, const CriNodeOptions& options) {
  PodNetworkOptions out;
  out.node = node;
  out.bridge = host.places.bridge;
  out.table = host.places.bridge + "-services";
  out.pod_range = options.pod_range;
  if (const auto& theirs = options.runtime_network) {
    out.bridge = theirs->bridge;
    out.pod_range = theirs->range;
    out.gateway = theirs->gateway;
  }
  out.nft = host.options.nft;
  out.ip = host.options.ip;
  return out;
}

class CriNode final : public NodeHost {
 public:
  CriNode(const NodeHostParts& parts, std::unique_ptr<RuntimeHost> host, std::string name, const CriNodeOptions& options)
      : parts_(parts),
        host_(std::move(host)),
        name_(std::move(name)),
        csi_sockets_(options.csi_sockets),
        prober_(node_real::make_network_prober(*parts.loop, *parts.world.network, *parts.world.clock)),
        gauges_(node_real::make_machine_gauges(host_->places.pods_root(), host_->places.node_dir + "/containerd")) {
    node::NodeAgentParts agent = node_agent_parts(parts, name_);
    agent.pool = host_->pool.get();
    agent.files = &files_;
    agent.runtime = host_->runtime.get();
    agent.prober = prober_.get();
    agent.gauges = gauges_.get();
    agent.groups = groups_.get();
    agent.root = host_->places.pods_root();
    const std::string kubelet_version = agent.facts.kubelet_version;
    agent.facts = machine_facts(host_->places.node_dir);
    agent.facts.name = name_;
    agent.facts.kubelet_version = kubelet_version;
    agent.facts.runtime_version = host_->runtime_version;
    const bool served = host_->containerd || options.runtime_network;
    agent.facts.pod_cidr = options.runtime_network ? options.runtime_network->range : served ? options.pod_range : "";
    agent.config.log_root = host_->places.node_dir + "/logs";
    agent.config.cgroup_root = host_->places.cgroup_root;
    agent.config.collects_images = host_->containerd != nullptr;
    agent.config.kept_images = {fmt::format("{}/{}:{}", cri::kPauseRegistry, cri::kPauseRepository, cri::kPauseTag)};
    agent.config.memory_capacity_bytes = machine_memory_bytes();
    if (auto text = files_.read("/etc/resolv.conf", 0, 64 * 1024); text.ok()) agent.config.host_dns = parse_resolv_conf(*text);
    if (served) agent.config.cluster_dns = {cluster_dns_address(api::AddressRange::parse(parts.service_range).value())};
    agent_ = std::make_unique<node::NodeAgent>(std::move(agent));
    if (host_->registry) host_->registry->on_push(push_events(parts, name_));
    drivers_ = make_drivers();
    agent_->add_volume_plugin(drivers_->make_plugin(agent_->transport()));
    if (served) network_ = make_network(options);
  }
  ~CriNode() override {
    *alive_ = false;
    network_.reset();
    host_->registry.reset();
    host_->pool.reset();
    agent_.reset();
    drivers_.reset();
  }

  void start(UniqueFunction<void(Result<void>)> done) override {
    auto finish = std::make_shared<UniqueFunction<void(Result<void>)>>(std::move(done));
    if (!host_->containerd) return start_network(finish);
    host_->containerd->start([this, finish, alive = alive_](Result<void> ready) {
      if (!*alive) return;
      if (!ready.ok()) return (*finish)(std::move(ready));
      start_network(finish);
    });
  }

  void stop() override {
    agent_->stop();
    if (network_) network_->stop();
    if (host_->containerd) host_->containerd->stop([] {});
  }
  node::NodeAgent& agent() override { return *agent_; }

 private:
  using Finish = std::shared_ptr<UniqueFunction<void(Result<void>)>>;

  void start_network(Finish finish) {
    if (!network_) return start_agent(finish);
    network_->start([this, finish, alive = alive_](Result<void> served) {
      if (!*alive) return;
      if (!served.ok() && !host_->containerd)
        served = Error(served.error().reason(),
                       served.error().message() + "; with --pod-gateway none pods have neither Services nor DNS");
      if (!served.ok()) return (*finish)(std::move(served));
      start_agent(finish);
    });
  }

  void start_agent(Finish finish) {
    grant_node_rights(parts_, name_, [this, finish, alive = alive_](Result<void> granted) {
      if (!*alive) return;
      if (!granted.ok()) return (*finish)(std::move(granted));
      agent_->start([this, finish, alive](Result<void> started) {
        if (*alive && started.ok()) drivers_->start();
        (*finish)(std::move(started));
      });
    });
  }

  std::unique_ptr<PodNetwork> make_network(const CriNodeOptions& given) {
    PodNetworkParts parts;
    parts.loop = parts_.loop;
    parts.clock = parts_.world.clock;
    parts.entropy = parts_.world.entropy;
    parts.network = host_->network.get();
    parts.processes = host_->processes.get();
    parts.pool = host_->pool.get();
    parts.cluster = std::make_unique<DirectCluster>(*parts_.api, *parts_.store, *parts_.loop);
    parts.serve_api = parts_.serve_api;
    parts.log = parts_.log.named("network");
    PodNetworkOptions options = network_options(*host_, name_, given);
    options.forward_to = given.dns_forward;
    if (!options.forward_to.empty()) return make_pod_network(std::move(parts), std::move(options));
    if (auto text = files_.read("/etc/resolv.conf", 0, 64 * 1024); text.ok())
      options.forward_to = network::dns::resolvers_of(*text);
    return make_pod_network(std::move(parts), std::move(options));
  }

  std::unique_ptr<csi::Drivers> make_drivers() {
    csi::DriversParts parts;
    parts.site.loop = parts_.loop;
    parts.site.clock = parts_.world.clock;
    parts.site.network = host_->network.get();
    parts.site.make_cluster = [given = parts_] {
      return std::make_unique<DirectCluster>(*given.api, *given.store, *given.loop);
    };
    parts.site.log = parts_.log.named("csi");
    parts.processes = host_->processes.get();
    parts.pool = host_->pool.get();
    parts.files = &files_;
    csi::DriversOptions options;
    options.node_name = name_;
    options.root = host_->places.pods_root();
    options.built_in =
        csi::BuiltInOptions{"/proc/self/exe", host_->places.run_dir + "/csi.sock", host_->places.node_dir + "/volumes", name_};
    options.sockets = csi_sockets_;
    return std::make_unique<csi::Drivers>(std::move(parts), std::move(options));
  }

  NodeHostParts parts_;
  std::unique_ptr<RuntimeHost> host_;
  std::string name_;
  std::vector<std::string> csi_sockets_;
  node_real::RealFiles files_;
  std::unique_ptr<node::Prober> prober_;
  std::unique_ptr<node::HostGauges> gauges_;
  std::unique_ptr<node::ControlGroups> groups_ = node_real::make_control_groups();
  std::unique_ptr<csi::Drivers> drivers_;
  std::unique_ptr<PodNetwork> network_;  // null where somebody else's runtime has one that nobody here serves
  std::unique_ptr<node::NodeAgent> agent_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// What is mounted below in a pod with propagation is seen outside: the folder of the pods' volumes is a mount of its own,
// shared.
Result<void> share_pods_root(RuntimeHost& host) {
  node_real::RealFiles files;
  const std::string root = host.places.pods_root();
  TRY(files.make_directories(root, 0755));
  const auto mounted = TRY(files.mounts());
  for (const node::MountEntry& entry : mounted) {
    if (entry.target == root) return {};
  }
  node::MountRequest bind;
  bind.source = bind.target = root;
  bind.bind = true;
  TRY(files.mount(bind));
  const CommandOutcome shared = TRY(host.run_now({"mount", "--make-rshared", root}));
  if (!shared.status.ok())
    return Error(Reason::kServiceUnavailable, fmt::format("{} cannot be shared: {}", root, shared.error_output));
  return {};
}

// Rules, and what was changed of a bridge of others.
void remove_pod_network(RuntimeHost& host, const CriNodeOptions& given, std::vector<std::string>& problems) {
  const auto run = [&](const char* what, std::vector<std::string> command) {
    auto done = host.run_now(std::move(command));
    if (done.ok() && done->status.ok()) return true;
    problems.push_back(std::string(what) + ": " + (done.ok() ? done->error_output : done.error().message()));
    return false;
  };
  auto theirs = remembered_bridge(*host.disk, host.places.node_dir);
  if (!theirs.ok()) problems.push_back("the bridge of the pods: " + theirs.error().message());
  if (!host.containerd && !(theirs.ok() && *theirs)) return;
  bool gone = run("rules of Services", pod_network_removal(network_options(host, "", given)));
  if (!theirs.ok() || !*theirs) return;
  gone = run("the bridge of the pods", network::bridge_return(host.options.ip, (*theirs)->name, (*theirs)->before)) && gone;
  if (!gone) return;
  if (auto forgotten = forget_bridge(*host.disk, host.places.node_dir); !forgotten.ok())
    problems.push_back("the bridge of the pods: " + forgotten.error().message());
}

// What an earlier start has left of a bridge that is not this one's.
Result<void> leave_other_bridges(RuntimeHost& host, const CriNodeOptions& options) {
  const auto known = TRY(remembered_bridge(*host.disk, host.places.node_dir));
  if (!known || (options.runtime_network && options.runtime_network->bridge == known->name)) return {};
  std::vector<std::string> problems;
  remove_pod_network(host, options, problems);
  if (problems.empty()) return {};
  return Error(Reason::kServiceUnavailable, join(problems, "; "));
}

Result<std::unique_ptr<NodeHost>> make_cri_node(const NodeHostParts& parts, const CriNodeOptions& options) {
  auto host = std::make_unique<RuntimeHost>();
  host->loop = dynamic_cast<world_real::EpollLoop*>(parts.loop);
  if (host->loop == nullptr) return internal_error("--node cri runs on real loops only");
  host->clock = parts.world.clock;
  host->disk = parts.world.disk;
  host->log = parts.log.named("cri");
  host->places = TRY(find_places(options.data_dir));
  TRY(host->open(options));
  TRY(share_pods_root(*host));
  TRY(leave_other_bridges(*host, options));
  if (options.runtime_network) TRY(remember_bridge(*host->disk, host->places.node_dir, *options.runtime_network));
  std::string name = options.name.empty() ? machine_facts(options.data_dir).hostname : options.name;
  return std::unique_ptr<NodeHost>(std::make_unique<CriNode>(parts, std::move(host), std::move(name), options));
}

}  // namespace

Result<void> check_cri_node(const CriNodeOptions& options) {
  TRY(find_places(options.data_dir));
  auto range = api::AddressRange::parse(options.pod_range);
  if (!range.ok()) return bad_request("--pod-cidr: " + range.error().message());
  if (options.pod_range.find(':') != std::string::npos)
    return bad_request("--pod-cidr " + options.pod_range + ": an IPv4 range is needed");
  for (const std::string& server : options.dns_forward) {
    const std::size_t colon = server.rfind(':');
    if (colon == std::string::npos || !api::parse_ip(server.substr(0, colon)) ||
        !parse_integer<std::uint16_t>(server.substr(colon + 1)))
      return bad_request("--dns-forward " + server + ": an IPv4 address and a port are needed (10.0.0.2:53)");
  }
  if (!options.cri_socket.empty() && options.cri_socket.front() != '/') {
    return bad_request("--cri-socket " + options.cri_socket + ": an absolute path is needed");
  }
  world_real::RealDisk disk;
  const cri::HostFacts facts = cri::probe_host(disk);
  if (options.cri_socket.empty()) return cri::check_host(facts);
  if (!facts.root) return Error(Reason::kServiceUnavailable, "pods need root: run plinth as root, or use --node sim");
  return {};
}

MakeNodeHost cri_node(CriNodeOptions options) {
  return [options = std::move(options)](const NodeHostParts& parts) { return make_cri_node(parts, options); };
}

Result<NodeDownReport> take_down_cri_node(CriNodeOptions given, Duration grace_max) {
  world_real::RealClock clock;
  world_real::RealDisk disk;
  DescriptorLogSink sink;
  const Places places = TRY(find_places(given.data_dir));
  if (!disk.list(places.node_dir).ok()) return NodeDownReport();
  const auto loop = TRY(world_real::EpollLoop::create());
  auto host = std::make_unique<RuntimeHost>();
  host->loop = loop.get();
  host->clock = &clock;
  host->disk = &disk;
  host->log = Logger(&sink, &clock, "down");
  host->places = places;
  TRY(host->open(given));
  std::optional<Result<void>> ready;
  if (host->containerd) host->containerd->start([&](Result<void> outcome) { ready.emplace(std::move(outcome)); });
  while (host->containerd && !ready) loop->poll(std::chrono::milliseconds(100));
  if (ready && !ready->ok()) return std::move(*ready).error();
  std::optional<cri::TakeDownReport> report;
  cri::TakeDownParts parts{
      loop.get(), &disk, host->pool.get(), host->processes.get(), host->runtime.get(), host->containerd.get()};
  // Of a runtime of others these are all that it is about.
  host->options.data_dir = places.node_dir;
  host->options.run_dir = places.run_dir;
  cri::take_down(parts, host->options, places.cgroup_root, grace_max,
                 [&](cri::TakeDownReport told) { report = std::move(told); });
  while (!report) loop->poll(std::chrono::milliseconds(100));
  remove_pod_network(*host, given, report->problems);
  host.reset();
  return NodeDownReport{report->containers, report->sandboxes, std::move(report->problems)};
}

}  // namespace plinth::platform
