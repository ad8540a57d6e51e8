#include "csi/built_in.h"

#include <algorithm>

#include "base/text.h"
#include "csi/claim_volumes.h"
#include "csi/provisioner.h"

namespace plinth::csi {
namespace {

constexpr std::string_view kManager = "csi-registrar";
const client::Resource kNodes{"", "v1", "nodes", "Node", false};
const client::Resource kCsiNodes{"storage.k8s.io", "v1", "csinodes", "CSINode", false};
const client::Resource kCsiDrivers{"storage.k8s.io", "v1", "csidrivers", "CSIDriver", false};
const client::Resource kClasses{"storage.k8s.io", "v1", "storageclasses", "StorageClass", false};

Draft class_object(const std::string& name, const std::string& driver, const std::string& fs_type, bool is_default) {
  Draft draft;
  Value& root = draft.root() = draft.object();
  draft.set(root, "apiVersion", "storage.k8s.io/v1");
  draft.set(root, "kind", "StorageClass");
  draft.member_path(root, {"metadata", "name"}) = draft.text(name);
  if (is_default)
    draft.member_path(root, {"metadata", "annotations", "storageclass.kubernetes.io/is-default-class"}) = draft.text("true");
  draft.set(root, "provisioner", driver);
  draft.member_path(root, {"parameters", "csi.storage.k8s.io/fstype"}) = draft.text(fs_type);
  draft.set(root, "reclaimPolicy", "Delete");
  draft.set(root, "volumeBindingMode", "WaitForFirstConsumer");
  draft.set(root, "allowVolumeExpansion", Value::of(false));
  return draft;
}

Draft driver_object(const std::string& name) {
  Draft draft;
  Value& root = draft.root() = draft.object();
  draft.set(root, "apiVersion", "storage.k8s.io/v1");
  draft.set(root, "kind", "CSIDriver");
  draft.member_path(root, {"metadata", "name"}) = draft.text(name);
  Value& spec = draft.member(root, "spec");
  draft.set(spec, "attachRequired", Value::of(false));
  draft.set(spec, "podInfoOnMount", Value::of(false));
  draft.set(spec, "fsGroupPolicy", "ReadWriteOnceWithFSType");
  Value modes = draft.array();
  draft.push(modes, draft.text("Persistent"));
  draft.set(spec, "volumeLifecycleModes", modes);
  return draft;
}

Draft csi_node_object(const std::string& node, const std::string& node_uid, const DriverFacts& facts) {
  Draft draft;
  Value& root = draft.root() = draft.object();
  draft.set(root, "apiVersion", "storage.k8s.io/v1");
  draft.set(root, "kind", "CSINode");
  draft.member_path(root, {"metadata", "name"}) = draft.text(node);
  Value owner = draft.object();
  draft.set(owner, "apiVersion", "v1");
  draft.set(owner, "kind", "Node");
  draft.set(owner, "name", node);
  draft.set(owner, "uid", node_uid);
  Value owners = draft.array();
  draft.push(owners, owner);
  draft.member_path(root, {"metadata", "ownerReferences"}) = owners;
  Value entry = draft.object();
  draft.set(entry, "name", facts.info.name);
  draft.set(entry, "nodeID", facts.node_id);
  Value keys = draft.array();
  for (const auto& [key, value] : facts.topology) draft.push(keys, draft.text(key));
  draft.set(entry, "topologyKeys", keys);
  if (facts.volumes_max > 0) draft.member_path(entry, {"allocatable", "count"}) = Value::of(facts.volumes_max);
  Value drivers = draft.array();
  draft.push(drivers, entry);
  draft.member_path(root, {"spec", "drivers"}) = drivers;
  return draft;
}

Draft node_labels(const std::string& node, const DriverFacts& facts) {
  Draft draft;
  Value& root = draft.root() = draft.object();
  draft.set(root, "apiVersion", "v1");
  draft.set(root, "kind", "Node");
  draft.member_path(root, {"metadata", "name"}) = draft.text(node);
  Value labels = draft.object();
  for (const auto& [key, value] : facts.topology) draft.set(labels, key, value);
  draft.member_path(root, {"metadata", "labels"}) = labels;
  return draft;
}

class BuiltIn final : public BuiltInDriver, private ChildEvents {
 public:
  BuiltIn(BuiltInParts parts, BuiltInOptions options)
      : parts_(std::move(parts)),
        options_(std::move(options)),
        client_(std::make_shared<CsiClient>(net::make_grpc_channel(*parts_.loop, *parts_.network, *parts_.clock, "unix:" + options_.socket))) {}
  ~BuiltIn() override {
    *alive_ = false;
    for (const TimerId timer : {restart_timer_, ask_timer_}) {
      if (timer != 0) parts_.loop->cancel(timer);
    }
  }

  std::unique_ptr<node::VolumePlugin> make_plugin(client::Transport& transport) override {
    ClaimVolumeParts parts;
    parts.loop = parts_.loop;
    parts.pool = parts_.pool;
    parts.clock = parts_.clock;
    parts.files = parts_.files;
    parts.transport = &transport;
    parts.find_driver = [this, alive = alive_](std::string_view name) -> std::optional<NodeDriver> {
      if (!*alive || !facts_ || facts_->info.name != name) return std::nullopt;
      return NodeDriver{client_, facts_};
    };
    parts.root = options_.root;
    parts.log = parts_.log;
    return make_claim_volumes(std::move(parts));
  }

  void start() override {
    spawn();
    ask();
  }

 private:
  void spawn() {
    SpawnRequest request;
    request.arguments = {options_.program, "csi-driver", "--endpoint", "unix://" + options_.socket, "--state", options_.state_dir,
                         "--node-id", options_.node_name};
    parts_.processes->spawn(std::move(request), [this, alive = alive_](Result<std::unique_ptr<ChildProcess>> spawned) {
      if (!*alive) return;
      if (!spawned.ok()) {
        parts_.log.error("the storage driver cannot be started", {{"error", spawned.error()}});
        return spawn_later();
      }
      child_ = std::move(*spawned);
      child_->start(this);
    });
  }
  void spawn_later() {
    restart_timer_ = parts_.loop->after(pause(restarts_), [this] {
      restart_timer_ = 0;
      spawn();
    });
  }
  static Duration pause(int& times) {
    return std::min<Duration>(kPauseMin * (1 << std::min(times++, 8)), kPauseMax);
  }

  void on_output(std::string_view) override {}
  void on_error_output(std::string_view bytes) override { parts_.log.warning("the storage driver says", {{"text", trim(bytes)}}); }
  void on_exit(ExitStatus status) override {
    parts_.log.warning("the storage driver ended; it is started again", {{"status", status.shell_code()}});
    child_.reset();
    spawn_later();
  }

  void ask() {
    client_->facts([this, alive = alive_](Reply<DriverFacts> reply) {
      if (!*alive) return;
      if (!reply.status.ok()) return ask_later();
      facts_ = std::make_shared<const DriverFacts>(std::move(reply.value));
      watch();
    });
  }
  void ask_later() {
    ask_timer_ = parts_.loop->after(pause(asks_), [this] {
      ask_timer_ = 0;
      facts_ ? register_driver() : ask();
    });
  }

  void watch() {
    ProvisionerParts parts;
    parts.loop = parts_.loop;
    parts.clock = parts_.clock;
    parts.cluster = parts_.make_cluster();
    parts.driver = client_.get();
    parts.log = parts_.log;
    cluster_ = parts.cluster.get();
    transport_ = cluster_->transport(kManager);
    provisioner_ = std::make_unique<Provisioner>(std::move(parts), facts_->info);
    provisioner_->start([this, alive = alive_](Result<void> ready) {
      if (!*alive) return;
      if (!ready.ok()) return parts_.log.error("volumes are not provisioned", {{"error", ready.error()}});
      asks_ = 0;
      register_driver();
    });
  }

  void register_driver() {
    const auto view = cluster_->view();
    const auto node = view->get(kNodes, "", options_.node_name);
    if (!node) return ask_later();
    const std::string& driver = facts_->info.name;
    std::vector<client::Request> requests;
    requests.push_back(client::apply_request(kNodes, "", options_.node_name, node_labels(options_.node_name, *facts_).root(), kManager));
    requests.push_back(client::apply_request(kCsiNodes, "", options_.node_name,
                                             csi_node_object(options_.node_name, node->uid, *facts_).root(), kManager));
    if (!view->get(kCsiDrivers, "", driver)) {
      // The first start. A class that an administrator took away later stays away.
      for (const auto& [name, fs_type] : {std::pair("managed", "ext4"), std::pair("managed-xfs", "xfs")}) {
        if (view->get(kClasses, "", name)) continue;
        const bool is_default = std::string_view(name) == "managed";
        requests.push_back(client::create_request(kClasses, "", class_object(name, driver, fs_type, is_default).root(), kManager));
      }
      requests.push_back(client::create_request(kCsiDrivers, "", driver_object(driver).root(), kManager));
    }
    run_requests(*transport_, alive_, std::move(requests), [this](Result<void> outcome) {
      if (outcome.ok()) return parts_.log.info("the storage driver is registered", {{"driver", facts_->info.name}});
      parts_.log.warning("the storage driver is not registered yet", {{"error", outcome.error()}});
      ask_later();
    });
  }

  BuiltInParts parts_;
  BuiltInOptions options_;
  std::shared_ptr<CsiClient> client_;
  std::shared_ptr<const DriverFacts> facts_;
  std::unique_ptr<ChildProcess> child_;
  std::unique_ptr<client::Transport> transport_;
  std::unique_ptr<Provisioner> provisioner_;
  client::Cluster* cluster_ = nullptr;  // the provisioner's
  TimerId restart_timer_ = 0, ask_timer_ = 0;
  int restarts_ = 0, asks_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

std::unique_ptr<BuiltInDriver> make_built_in_driver(BuiltInParts parts, BuiltInOptions options) {
  return std::make_unique<BuiltIn>(std::move(parts), std::move(options));
}

}  // namespace plinth::csi
