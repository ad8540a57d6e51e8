#include "csi/built_in.h"

#include <algorithm>

#include "base/text.h"

namespace plinth::csi {
namespace {

const client::Resource kCsiDrivers{"storage.k8s.io", "v1", "csidrivers", "CSIDriver", false};
const client::Resource kClasses{"storage.k8s.io", "v1", "storageclasses", "StorageClass", false};
const client::Resource kSnapshotClasses{"snapshot.storage.k8s.io", "v1", "volumesnapshotclasses", "VolumeSnapshotClass", false};

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
  draft.set(root, "allowVolumeExpansion", Value::of(true));
  return draft;
}

Draft snapshot_class_object(const std::string& driver) {
  Draft draft;
  Value& root = draft.root() = draft.object();
  draft.set(root, "apiVersion", "snapshot.storage.k8s.io/v1");
  draft.set(root, "kind", "VolumeSnapshotClass");
  draft.member_path(root, {"metadata", "name"}) = draft.text("managed");
  draft.member_path(root, {"metadata", "annotations", "snapshot.storage.kubernetes.io/is-default-class"}) = draft.text("true");
  draft.set(root, "driver", driver);
  draft.set(root, "deletionPolicy", "Delete");
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
  draft.set(spec, "storageCapacity", Value::of(true));
  draft.set(spec, "fsGroupPolicy", "ReadWriteOnceWithFSType");
  Value modes = draft.array();
  draft.push(modes, draft.text("Persistent"));
  draft.set(spec, "volumeLifecycleModes", modes);
  return draft;
}

}  // namespace

std::vector<client::Request> first_objects(const client::View& view, const std::string& driver, std::string_view manager) {
  std::vector<client::Request> out;
  if (view.get(kCsiDrivers, "", driver)) return out;
  for (const auto& [name, fs_type] : {std::pair("managed", "ext4"), std::pair("managed-xfs", "xfs")}) {
    if (view.get(kClasses, "", name)) continue;
    const bool is_default = std::string_view(name) == "managed";
    out.push_back(client::create_request(kClasses, "", class_object(name, driver, fs_type, is_default).root(), manager));
  }
  if (!view.get(kSnapshotClasses, "", "managed"))
    out.push_back(client::create_request(kSnapshotClasses, "", snapshot_class_object(driver).root(), manager));
  out.push_back(client::create_request(kCsiDrivers, "", driver_object(driver).root(), manager));
  return out;
}

BuiltInChild::~BuiltInChild() {
  *alive_ = false;
  if (timer_ != 0) loop_.cancel(timer_);
}

void BuiltInChild::spawn() {
  SpawnRequest request;
  request.arguments = {options_.program, "csi-driver",       "--endpoint", "unix://" + options_.socket,
                       "--state",        options_.state_dir, "--node-id",  options_.node_name};
  processes_.spawn(std::move(request), [this, alive = alive_](Result<std::unique_ptr<ChildProcess>> spawned) {
    if (!*alive) return;
    if (!spawned.ok()) {
      log_.error("the storage driver cannot be started", {{"error", spawned.error()}});
      return spawn_later();
    }
    child_ = std::move(*spawned);
    child_->start(this);
    answered_ = unanswered_ = 0;
    probe_later();
  });
}

void BuiltInChild::probe_later() {
  timer_ = loop_.after(kProbePause, [this] {
    timer_ = 0;
    client_->probe([this, alive = alive_, pid = child_->pid()](Reply<Nothing> reply) {
      if (*alive && child_ && child_->pid() == pid) probed(reply.status.ok());
    });
  });
}

void BuiltInChild::probed(bool answered) {
  unanswered_ = answered ? 0 : unanswered_ + 1;
  if (answered && ++answered_ == kStableProbes) restarts_ = 0;
  if (unanswered_ < kUnansweredMax) return probe_later();
  log_.error("the storage driver does not answer; it is ended and started again", {{"times", unanswered_}});
  child_.reset();  // no event follows
  spawn_later();
}

void BuiltInChild::spawn_later() {
  timer_ = loop_.after(std::min<Duration>(kPauseMin * (1 << std::min(restarts_++, 8)), kPauseMax), [this] {
    timer_ = 0;
    spawn();
  });
}

void BuiltInChild::on_error_output(std::string_view bytes) { log_.warning("the storage driver says", {{"text", trim(bytes)}}); }
void BuiltInChild::on_exit(ExitStatus status) {
  log_.warning("the storage driver ended; it is started again", {{"status", status.shell_code()}});
  child_.reset();
  if (timer_ != 0) loop_.cancel(std::exchange(timer_, 0));
  spawn_later();
}

}  // namespace plinth::csi
