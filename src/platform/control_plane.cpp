#include "platform/control_plane.h"

#include <algorithm>

#include "base/directories.h"
#include "base/text.h"
#include "compose/definition/definition.h"
#include "control/account_tokens.h"
#include "control/definition_cleanup.h"
#include "control/event_expiry.h"
#include "control/flow_schemas.h"
#include "control/garbage_collector.h"
#include "control/kubernetes_service.h"
#include "control/namespace_content.h"
#include "control/namespace_controller.h"
#include "control/process_lease.h"
#include "control/quota_controller.h"
#include "control/role_aggregation.h"
#include "control/service_ranges.h"
#include "control/volume_protection.h"
#include "platform/controller_groups.h"
#include "platform/direct_cluster.h"
#include "platform/node_host.h"
#include "platform/node_slots.h"
#include "server/auth/auth.h"
#include "server/auth/secret_files.h"
#include "server/object_codec.h"
#include "store/data_directory.h"
#include "store/secrets.h"
#include "workloads/controllers.h"

namespace plinth::platform {

namespace {

struct AwaitedKind {
  std::string group, version, plural;
};

}  // namespace

struct ControlPlane::Parts {
  World world;
  ControlPlaneOptions options;
  std::unique_ptr<server::auth::SecretFiles> files;
  std::unique_ptr<store::KeyFileSealer> sealer;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<server::auth::Auth> auth;
  std::unique_ptr<server::ApiServer> api;
  std::unique_ptr<client::ControllerHost> controllers;
  api::UsageBoard usage;  // what the node measures
  std::unique_ptr<NodeHost> node;
  std::unique_ptr<server::NodeSlots> node_slots;
  std::string ca_pem, front_proxy_ca_pem;
  std::vector<std::unique_ptr<client::Controller>> more_controllers;
  Loop* loop = nullptr;                                    // of the controllers, from start() on
  std::vector<AwaitedKind> awaited;                        // before the platform is ready
  std::shared_ptr<bool> alive = std::make_shared<bool>();  // until the controllers stop
};

// How often, and how many times, the kinds of composition are looked for before the platform says that it is ready without.
constexpr Duration kKindsPoll = std::chrono::milliseconds(1);
constexpr int kKindsPollsMax = 2000;

ControlPlane::ControlPlane(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
ControlPlane::~ControlPlane() = default;

client::ControllerHost& ControlPlane::controllers() { return *parts_->controllers; }
server::ApiServer& ControlPlane::api() { return *parts_->api; }
store::Store& ControlPlane::store() { return *parts_->store; }
server::auth::SecretFiles& ControlPlane::secret_files() { return *parts_->files; }
api::UsageBoard& ControlPlane::usage() { return parts_->usage; }
NodeHost* ControlPlane::node() { return parts_->node.get(); }

Result<std::unique_ptr<ControlPlane>> ControlPlane::open(const World& world, const ControlPlaneOptions& options,
                                                         Loop* store_loop) {
  auto parts = std::make_unique<Parts>();
  parts->world = world;
  parts->options = options;
  const bool in_memory = options.data_dir == ":memory:";
  if (in_memory) {
    parts->files = std::make_unique<server::auth::MemorySecretFiles>();
  } else {
    TRY(store::DataDirectory::check_format(*world.disk, options.data_dir));
    TRY(make_durable_directories(*world.disk, options.data_dir));
    parts->files = std::make_unique<server::auth::DiskSecretFiles>(*world.disk, options.data_dir + "/pki");
    parts->sealer =
        TRY(store::KeyFileSealer::open(*world.disk, *world.entropy, options.data_dir + "/" + std::string(store::kKeyFileName)));
  }
  store::StoreOptions store_options;
  store_options.directory = options.data_dir;
  store_options.bytes_max = options.store_bytes_max;
  store_options.segment_bytes = options.store_segment_bytes;
  if (options.store_history_bytes_max != 0) store_options.history_bytes_max = options.store_history_bytes_max;
  for (const api::KindRow& row : api::builtin_kinds()) {
    if (row.labels_indexed) store_options.label_indexed.push_back(server::kind_prefix(row));
  }
  store::StoreWiring wiring;
  wiring.sealer = parts->sealer.get();
  wiring.loop = store_loop;
  parts->store = TRY(options.open_store ? options.open_store(store_options, world, wiring)
                                        : store::make_store(store_options, world, wiring));

  parts->auth = TRY(server::auth::Auth::open(*parts->files, *world.entropy, server::auth::AuthOptions()));

  server::ApiServerParts api;
  api.pool = options.pool;
  api.world = world;
  api.store = parts->store.get();
  api.auth = parts->auth.get();
  server::ApiServerOptions api_options;
  api_options.advertised_address = options.advertised_address;
  api_options.allocation = options.allocation;
  api_options.compression = options.compression;
  parts->api = std::make_unique<server::ApiServer>(api, api_options);
  return std::unique_ptr<ControlPlane>(new ControlPlane(std::move(parts)));
}

void ControlPlane::set_ca(std::string ca_pem) { parts_->ca_pem = std::move(ca_pem); }
void ControlPlane::set_front_proxy_ca(std::string ca_pem) { parts_->front_proxy_ca_pem = std::move(ca_pem); }
void ControlPlane::add_controller(std::unique_ptr<client::Controller> controller) {
  parts_->more_controllers.push_back(std::move(controller));
}
void ControlPlane::set_api_address(std::string address) {
  parts_->api->set_advertised_address(address);
  parts_->options.advertised_address = std::move(address);
}

namespace {

// The IP of "host:port" or "[host]:port", where others can use it: no name, not loopback's, not "any".
std::string reachable_address(std::string_view address) {
  std::string_view host = address.substr(0, address.rfind(':'));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const auto ip = api::parse_ip(host);
  if (!ip || host.starts_with("127.") || host == "::1" || host == "0.0.0.0" || host == "::") return "";
  return std::string(host);
}

control::KubernetesServiceOptions service_options(const ControlPlaneOptions& options) {
  constexpr std::int64_t kUsualPort = 6443;
  const api::AddressRange& range = options.allocation.service_range;
  const std::string& address = options.advertised_address;
  control::KubernetesServiceOptions out;
  out.cluster_ip = range.at(0).text();
  out.family = range.family();
  out.service_cidr = range.text();
  out.api_address = reachable_address(address);
  if (out.api_address.empty()) out.api_address = options.pod_gateway;
  out.api_port = parse_integer<std::int64_t>(std::string_view(address).substr(address.rfind(':') + 1)).value_or(kUsualPort);
  return out;
}

bool serves_all(const server::KindTable& table, const std::vector<AwaitedKind>& kinds) {
  return std::all_of(kinds.begin(), kinds.end(),
                     [&](const AwaitedKind& kind) { return table.find(kind.group, kind.version, kind.plural).row != nullptr; });
}

// Kinds that are custom resources like any other, made by controllers of ours: who uses one right after the ready line finds
// it.
std::vector<AwaitedKind> kinds_to_await(const ControlPlaneOptions& options) {
  std::vector<AwaitedKind> out;
  for (const ControllerGroup& group : controller_groups()) {
    if (options.left_out.count(std::string(group.name)) > 0) continue;
    for (const Document& crd : group.kinds()) {
      const Value spec = crd["spec"];
      out.push_back({std::string(spec["group"].as_string()), std::string(spec["versions"].items().front()["name"].as_string()),
                     std::string(spec["names"]["plural"].as_string())});
    }
  }
  // Of our definitions too, whoever defines them.
  if (options.left_out.count("compose") > 0) return out;
  for (const Document& definition : options.definitions) {
    const compose::ApiSchema api = compose::api_schema_of(definition["spec"]);
    out.push_back({api.group, api.version, api.plural()});
  }
  return out;
}

}  // namespace

void ControlPlane::start(Loop& loop, UniqueFunction<void(Result<void>)> done) {
  std::unique_ptr<client::Cluster> cluster = parts_->options.make_cluster
                                                 ? parts_->options.make_cluster(*parts_->api, *parts_->store, loop)
                                                 : std::make_unique<DirectCluster>(*parts_->api, *parts_->store, loop);
  parts_->controllers =
      std::make_unique<client::ControllerHost>(std::move(cluster), loop, *parts_->world.clock, parts_->options.log);
  client::ControllerHost& host = *parts_->controllers;
  host.add(control::make_garbage_collector());
  host.add(control::make_namespace_controller());
  host.add(control::make_service_account_controller());
  host.add(control::make_root_ca_publisher(parts_->ca_pem));
  host.add(control::make_account_tokens(parts_->ca_pem));
  host.add(control::make_definition_cleanup());
  host.add(control::make_role_aggregation());
  host.add(control::make_kubernetes_service(service_options(parts_->options)));
  host.add(control::make_service_ranges());
  host.add(control::make_ip_addresses());
  host.add(control::make_quota_controller());
  host.add(control::make_flow_schemas());
  host.add(control::make_event_expiry());
  host.add(control::make_claim_protection());
  host.add(control::make_volume_protection());
  for (const ControllerGroup& group : controller_groups()) {
    const bool here = parts_->options.left_out.count(std::string(group.name)) == 0;
    host.add(control::make_process_lease("kube-system", std::string(group.lease), here));
    if (!here) continue;
    const ControllerParts made_of{InstallKinds::kYes, parts_->world.entropy, parts_->options.definitions,
                                  parts_->options.compose};
    for (auto& controller : group.make(made_of)) host.add(std::move(controller));
  }
  if (parts_->options.workloads) {
    for (auto& controller : workloads::make_workload_controllers(&parts_->usage)) host.add(std::move(controller));
  }
  for (auto& controller : parts_->more_controllers) host.add(std::move(controller));
  parts_->more_controllers.clear();
  parts_->loop = &loop;
  parts_->auth->rbac().follow(*parts_->store, loop);
  parts_->api->bootstrap(
      {parts_->ca_pem, parts_->front_proxy_ca_pem}, loop,
      [this, done = std::make_shared<UniqueFunction<void(Result<void>)>>(std::move(done))](Result<void> seeded) {
        if (!seeded.ok()) return (*done)(std::move(seeded));
        parts_->controllers->start([this, done](Result<void> started) {
          if (!started.ok()) return (*done)(std::move(started));
          parts_->api->reach(server::StartPhase::kControlled);
          parts_->awaited = kinds_to_await(parts_->options);
          await_kinds(kKindsPollsMax, [this, done] {
            start_node([this, done](Result<void> there) {
              if (there.ok()) parts_->api->reach(server::StartPhase::kReady);
              (*done)(std::move(there));
            });
          });
        });
      });
}

void ControlPlane::start_node(UniqueFunction<void(Result<void>)> done) {
  if (!parts_->options.make_node) return done({});
  auto node = parts_->options.make_node({parts_->world, parts_->api.get(), parts_->store.get(), parts_->loop,
                                         parts_->options.log, &parts_->usage, parts_->options.allocation.service_range.text(),
                                         parts_->options.advertised_address, parts_->options.serve_api});
  if (!node.ok()) return done(std::move(node).error());
  parts_->node = std::move(*node);
  parts_->node_slots = make_node_slots(parts_->node->agent(), parts_->usage);
  parts_->api->set_node(parts_->node_slots.get());
  parts_->node->start(std::move(done));
}

// They are custom resources like any other, made by a controller: who applies a definition right after the ready line finds its
// kind.
void ControlPlane::await_kinds(int polls_left, UniqueFunction<void()> then) {
  if (polls_left == 0 || serves_all(*parts_->api->registry().table(), parts_->awaited)) return then();
  parts_->loop->after(kKindsPoll, [this, polls_left, alive = std::weak_ptr<void>(parts_->alive),
                                   then = std::make_shared<UniqueFunction<void()>>(std::move(then))] {
    if (!alive.expired()) await_kinds(polls_left - 1, std::move(*then));
  });
}

void ControlPlane::stop_controllers() {
  parts_->alive.reset();
  if (parts_->node) parts_->node->stop();
  if (parts_->controllers) parts_->controllers->stop();
}

void ControlPlane::close() { parts_->store->close(); }

}  // namespace plinth::platform
