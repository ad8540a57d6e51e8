#include "platform/attach_service.h"

#include <unistd.h>

#include "base/ids.h"
#include "base/json.h"
#include "base/text.h"
#include "client/controller_host.h"
#include "client/kind_forms.h"
#include "client/lease_election.h"
#include "client/remote_cluster.h"
#include "net/tls_network.h"
#include "platform/attach_manifests.h"
#include "platform/controller_groups.h"
#include "platform/foreign_controllers.h"
#include "platform/signals.h"
#include "world_real/epoll_loop.h"
#include "world_real/real_clock.h"
#include "world_real/real_disk.h"
#include "world_real/real_network.h"
#include "world_real/thread_pool.h"

namespace plinth::platform {
namespace {

constexpr Duration kLookAgain = std::chrono::milliseconds(500);  // for a server that does not answer
constexpr Duration kKindsPoll = std::chrono::milliseconds(100);  // for CRDs that are missing
constexpr Duration kTokenEvery = std::chrono::seconds(60);       // as client-go reads a token's file
constexpr Duration kLeaseTimeout = std::chrono::seconds(4);      // less than a third of what a leader has for renewing

std::string host_name() {
  char name[256] = {};
  return gethostname(name, sizeof(name) - 1) == 0 ? name : "unknown";
}

class Attached final : private client::LeaseElectionEvents {
 public:
  Attached(AttachOptions options, AttachTold told) : options_(std::move(options)), told_(std::move(told)) {}
  ~Attached() override;

  Result<void> open();
  Result<void> run();

 private:
  using Lists = std::vector<std::pair<std::string, std::function<std::string(const Value&)>>>;
  void look_for_others(std::size_t at);
  void install(std::size_t at);
  void elect();
  void start_controllers();
  void await_kinds();
  void read_token_again();
  std::string missing_kinds();
  void wait_for(const std::string& what);
  void end(Result<void> outcome);
  void try_again(Duration delay, Task task);

  void on_leading() override { start_controllers(); }
  void on_waiting(const std::string& why) override { wait_for(why); }
  void on_lost(const std::string& why) override {
    end(Error(Reason::kConflict, why + "; another process may lead now, so that this one ends: start it again to stand by"));
  }

  AttachOptions options_;
  AttachTold told_;
  world_real::RealClock clock_;
  world_real::RealEntropy entropy_;
  world_real::RealDisk disk_;
  DescriptorLogSink sink_;
  Logger log_{&sink_, &clock_, "attach"};
  std::unique_ptr<EndSignals> signals_;
  std::unique_ptr<world_real::EpollLoop> loop_;
  std::unique_ptr<world_real::ThreadPool> resolver_;
  std::unique_ptr<world_real::RealNetwork> tcp_;
  std::unique_ptr<Network> network_;
  std::shared_ptr<client::RemoteServer> server_, lease_server_;
  std::unique_ptr<client::RemoteTransport> transport_, lease_transport_;
  std::unique_ptr<client::LeaseElection> election_;
  std::unique_ptr<client::ControllerHost> host_;
  std::vector<Document> manifests_;
  std::string waits_for_;
  Result<void> outcome_;
  bool ending_ = false;
};

Attached::~Attached() {
  host_.reset();
  election_.reset();
  transport_.reset();
  lease_transport_.reset();
  server_.reset();
  lease_server_.reset();
  network_.reset();
  tcp_.reset();
  resolver_.reset();
}

Result<void> Attached::open() {
  signals_ = TRY(EndSignals::open());
  loop_ = TRY(world_real::EpollLoop::create());
  constexpr std::size_t kResolverThreads = 1, kResolverQueue = 64;
  resolver_ = std::make_unique<world_real::ThreadPool>(kResolverThreads, kResolverQueue);
  tcp_ = std::make_unique<world_real::RealNetwork>(*resolver_);
  network_ = net::make_tls_network(*tcp_);
  server_ = TRY(client::RemoteServer::make(options_.server, *loop_, *network_, clock_));
  server_->limit_rate(options_.requests_per_second, options_.burst);
  // The lease does not wait behind other requests.
  lease_server_ = TRY(client::RemoteServer::make(options_.server, *loop_, *network_, clock_));
  lease_server_->set_timeout(kLeaseTimeout);
  transport_ = std::make_unique<client::RemoteTransport>(server_, "");
  lease_transport_ = std::make_unique<client::RemoteTransport>(lease_server_, "");
  if (options_.install) manifests_ = attach_manifests(options_.lease_namespace, options_.compose);
  return {};
}

Result<void> Attached::run() {
  TRY(signals_->watch(*loop_, [this] { end({}); }));
  read_token_again();
  look_for_others(0);
  loop_->run();
  signals_->unwatch();
  return std::move(outcome_);
}

// Tokens of service accounts are replaced in their files before they end.
void Attached::read_token_again() {
  if (options_.server.token_file.empty()) return;
  try_again(kTokenEvery, [this] {
    (void)resolver_->run([this] {
      constexpr std::uint64_t kTokenBytesMax = 64 << 10;
      auto read = read_file(disk_, options_.server.token_file, kTokenBytesMax);
      if (!read.ok()) return;
      loop_->post([this, token = std::string(trim(*read))] {
        server_->set_token(token);
        lease_server_->set_token(token);
      });
    });
    read_token_again();
  });
}

void Attached::try_again(Duration delay, Task task) {
  loop_->after(delay, [this, task = std::move(task)] {
    if (!ending_) task();
  });
}

void Attached::wait_for(const std::string& what) {
  if (!ending_ && std::exchange(waits_for_, what) != what) told_.waiting(what);
}

void Attached::look_for_others(std::size_t at) {
  const Lists lists = {
      {"/apis/apps/v1/deployments", running_kro},
      {"/apis/coordination.k8s.io/v1/leases", [this](const Value& leases) { return leading_kro(leases, clock_.wall_ns()); }}};
  if (at == lists.size()) return manifests_.empty() ? elect() : install(0);
  transport_->call({"GET", lists[at].first}, [this, at, find = lists[at].second](Result<client::Response> response) {
    if (ending_) return;
    auto checked = response.ok() ? client::check_response(*response) : Result<void>(std::move(response).error());
    if (!checked.ok()) {
      wait_for("the API: " + checked.error().message());
      return try_again(kLookAgain, [this, at] { look_for_others(at); });
    }
    auto list = parse_json(response->body);
    const std::string other = list.ok() ? find(list->root()) : "";
    if (other.empty()) return look_for_others(at + 1);
    end(Error(Reason::kConflict,
              "the kinds of kro.run are already reconciled: " + other +
                  "; scale it to 0 (its definitions and instances are taken over as they are), then attach again"));
  });
}

void Attached::install(std::size_t at) {
  if (at == manifests_.size()) return elect();
  const Document& manifest = manifests_[at];
  const auto [group, version] = cut(manifest["apiVersion"].as_string(), "/");
  const auto form = client::builtin_kind_form(version ? group : "", version ? *version : group, manifest["kind"].as_string());
  const Value metadata = manifest["metadata"];
  transport_->call(client::apply_request(form->resource, metadata["namespace"].as_string(), metadata["name"].as_string(),
                                         manifest.root(), kAttachAccount),
                   [this, at, name = std::string(metadata["name"].as_string())](Result<client::Response> response) {
                     if (ending_) return;
                     auto checked =
                         response.ok() ? client::check_response(*response) : Result<void>(std::move(response).error());
                     if (checked.ok()) return install(at + 1);
                     end(Error(checked.error().reason(), "--install: " + name + " was refused: " + checked.error().message()));
                   });
}

void Attached::elect() {
  client::LeaseElectionOptions lease;
  lease.name_space = options_.lease_namespace;
  lease.name = controller_groups().front().lease;
  lease.identity = host_name() + "_" + new_uuid(entropy_);
  client::LeaseElectionEvents& events = *this;
  election_ = std::make_unique<client::LeaseElection>(std::move(lease), *lease_transport_, *loop_, clock_, events);
  election_->start();
}

void Attached::start_controllers() {
  client::RemoteClusterOptions remote;
  remote.accounts_namespace = options_.accounts_namespace;
  remote.needs_all = true;  // a kind that is not seen would look as if its objects were gone
  remote.waiting = [this](const std::string& why) { wait_for(why); };
  auto cluster = std::make_unique<client::RemoteCluster>(server_, std::move(remote), log_);
  host_ = std::make_unique<client::ControllerHost>(std::move(cluster), *loop_, clock_, log_);
  for (const ControllerGroup& group : controller_groups()) {
    const InstallKinds install = options_.install ? InstallKinds::kYes : InstallKinds::kNo;
    const ControllerParts made_of{install, &entropy_, options_.definitions, options_.compose};
    for (auto& controller : group.make(made_of)) host_->add(std::move(controller));
  }
  host_->start([this](Result<void> started) {
    if (ending_) return;
    if (!started.ok()) return end(std::move(started));
    await_kinds();
  });
}

std::string Attached::missing_kinds() {
  std::string missing;
  const auto view = host_->cluster().view();
  for (const ControllerGroup& group : controller_groups()) {
    for (const Document& crd : group.kinds()) {
      const Value spec = crd["spec"];
      const Value version = spec["versions"].items().front();
      if (view->find_kind(spec["group"].as_string(), version["name"].as_string(), spec["names"]["kind"].as_string())) continue;
      missing += (missing.empty() ? "" : ", ") + std::string(crd["metadata"]["name"].as_string());
    }
  }
  return missing;
}

void Attached::await_kinds() {
  const std::string missing = missing_kinds();
  if (missing.empty()) return told_.ready();
  wait_for("CustomResourceDefinitions " + missing +
           (options_.install ? "" : " (plinth attach --print-manifests | kubectl apply -f -)"));
  try_again(kKindsPoll, [this] { await_kinds(); });
}

void Attached::end(Result<void> outcome) {
  if (std::exchange(ending_, true)) return;
  outcome_ = std::move(outcome);
  if (host_) host_->stop();
  loop_->after(kAttachEnd, [this] { loop_->stop(); });
  if (!election_) return loop_->stop();
  election_->stop([this] { loop_->stop(); });
}

}  // namespace

Result<void> run_attached(AttachOptions options, AttachTold told) {
  Attached attached(std::move(options), std::move(told));
  TRY(attached.open());
  return attached.run();
}

}  // namespace plinth::platform
