// The control plane over a world: store, identities, API server, controllers. The same for the real world and the simulated
// one.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "api/resource_usage.h"
#include "api/strategies/allocation.h"
#include "base/log.h"
#include "base/result.h"
#include "base/world.h"
#include "client/controller_host.h"
#include "platform/controller_groups.h"
#include "platform/make_node.h"
#include "server/api_server.h"
#include "store/store.h"

namespace plinth::platform {

struct ControlPlaneOptions {
  std::string data_dir;                // ":memory:" keeps nothing
  std::string advertised_address;      // "host:port"
  api::AllocationSettings allocation;  // addresses and ports of Services
  std::set<std::string> left_out;      // of controller_groups(): they run elsewhere
  server::Compression compression = server::Compression::kRemotePeers;
  bool workloads = false;             // controllers of Deployments, Jobs and the like: for a platform that runs pods
  std::vector<Document> definitions;  // composition definitions that are installed after each start
  ComposeChoices compose;
  Pool* pool = nullptr;  // of ApiServerParts
  Logger log;
  std::uint64_t store_bytes_max = 0;                // 0: no ceiling
  std::uint64_t store_segment_bytes = 16ull << 20;  // small where disks are simulated: segments are zeroed when they are made
  std::uint64_t store_history_bytes_max = 0;        // 0: the store's own default
  // Ports that a simulation replaces; null: the real ones.
  std::function<Result<std::unique_ptr<store::Store>>(const store::StoreOptions&, const World&, const store::StoreWiring&)>
      open_store;
  std::function<std::unique_ptr<client::Cluster>(server::ApiServer&, store::Store&, Loop&)> make_cluster;
  MakeNodeHost make_node;  // null: no node
  // IPv4 at which pods reach this machine; default/kubernetes leads there while the API is on loopback. "": no pods in
  // containers.
  std::string pod_gateway;
  ServeApi serve_api;  // see NodeHostParts
};

class ControlPlane {
 public:
  // Opens the store (recovery happens here) and assembles everything; nothing runs yet. `store_loop`: null gives the store
  // threads of its own, a loop makes it step there (simulation).
  static Result<std::unique_ptr<ControlPlane>> open(const World& world, const ControlPlaneOptions& options, Loop* store_loop);
  ~ControlPlane();

  // Before start(): the certificate that is published to every namespace as kube-root-ca.crt.
  void set_ca(std::string ca_pem);
  // Before start(): the authority of proxies that pass requests on, for whoever serves requests of this cluster's users.
  void set_front_proxy_ca(std::string ca_pem);
  // Before start(): one more for this process.
  void add_controller(std::unique_ptr<client::Controller> controller);
  // Before start(): where the API listens, when that was not known to open().
  void set_api_address(std::string address);
  // Seeds the cluster, then starts the controllers on `loop`; `done` runs there once the kinds of composition are served too.
  void start(Loop& loop, UniqueFunction<void(Result<void>)> done);
  // What the node measures; where there is none, tests say what was measured.
  api::UsageBoard& usage();
  // On the controllers' loop: no step begins after this, and the node acts no more.
  void stop_controllers();
  // After all loops have stopped.
  void close();

  // After start().
  client::ControllerHost& controllers();
  server::ApiServer& api();
  store::Store& store();
  server::auth::SecretFiles& secret_files();
  NodeHost* node();  // null without one

 private:
  struct Parts;
  explicit ControlPlane(std::unique_ptr<Parts> parts);
  void start_node(UniqueFunction<void(Result<void>)> done);
  void await_kinds(int polls_left, UniqueFunction<void()> then);
  std::unique_ptr<Parts> parts_;
};

}  // namespace plinth::platform
