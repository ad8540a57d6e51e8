#include "csi/volumes_in_use.h"

#include <set>

#include "base/json.h"
#include "csi/volume_data.h"
#include "node/volumes/pod_volumes.h"
#include "workloads/volumes/attachments.h"

namespace plinth::csi {
namespace {

using Names = std::set<std::string>;
const client::Resource kAttachments{"storage.k8s.io", "v1", "volumeattachments", "VolumeAttachment", false};
const client::Resource kNodes{"", "v1", "nodes", "Node", false};
constexpr std::string_view kFolder = "/volumes/kubernetes.io~csi";

// Of every volume with a record: staged, or published for a pod.
Result<Names> recorded(node::HostFiles& files, const std::string& root) {
  Names out;
  const auto add = [&](const VolumeData& data) {
    if (!data.ephemeral) out.insert(workloads::attached_volume_name(data.driver, data.handle));
  };
  for (const VolumeData& data : TRY(staged_volumes(files, root))) add(data);
  if (!TRY(files.info(root + "/pods")).has_value()) return out;
  for (const node::DirectoryEntry& pod : TRY(files.list(root + "/pods"))) {
    const std::string folder = root + "/pods/" + pod.name + std::string(kFolder);
    if (!TRY(files.info(folder)).has_value()) continue;
    for (const node::DirectoryEntry& volume : TRY(files.list(folder))) {
      const auto data = read_volume_data(files, folder + "/" + volume.name);
      if (data.ok() && *data) add(**data);
    }
  }
  return out;
}

class InUse final : public node::VolumePlugin {
 public:
  InUse(VolumesInUseParts parts, std::unique_ptr<node::VolumePlugin> inner)
      : parts_(std::move(parts)), inner_(std::move(inner)) {}
  ~InUse() override { *alive_ = false; }
  std::string_view name() const override { return inner_->name(); }
  bool serves(const Value& volume) const override { return inner_->serves(volume); }
  bool follows_objects() const override { return inner_->follows_objects(); }
  bool concerns(const node::Pod& pod, const Value& volume, const client::Object& changed) const override {
    return inner_->concerns(pod, volume, changed);
  }
  void sweep() override { inner_->sweep(); }
  void usage(std::string directory, node::Done<std::optional<node::VolumeUsage>> done) override {
    inner_->usage(std::move(directory), std::move(done));
  }

  void set_up(node::VolumeRequest request, node::Done<node::VolumeReady> done) override {
    inner_->set_up(std::move(request), [this, alive = alive_, done = std::move(done)](Result<node::VolumeReady> ready) mutable {
      if (*alive) look();
      done(std::move(ready));
    });
  }
  void tear_down(std::string pod_uid, std::string directory, node::Done<void> done) override {
    inner_->tear_down(std::move(pod_uid), std::move(directory),
                      [this, alive = alive_, done = std::move(done)](Result<void> gone) mutable {
                        if (*alive) look();
                        done(std::move(gone));
                      });
  }

 private:
  // Names of what is attached here, and of what the node has said before.
  Names attached() const {
    Names out;
    const auto view = parts_.view();
    view->list(kAttachments, "", [&](const client::Object& attachment) {
      if (attachment["spec"]["nodeName"].as_string() != parts_.node_name) return true;
      const auto volume = view->get({"", "v1", "persistentvolumes", "PersistentVolume", false}, "",
                                    attachment["spec"]["source"]["persistentVolumeName"].as_string());
      if (volume)
        out.insert(workloads::attached_volume_name((*volume)["spec"]["csi"]["driver"].as_string(),
                                                   (*volume)["spec"]["csi"]["volumeHandle"].as_string()));
      return true;
    });
    return out;
  }
  Names said() const {
    Names out;
    const auto node = parts_.view()->get(kNodes, "", parts_.node_name);
    if (!node) return out;
    for (const Value& name : (*node)["status"]["volumesInUse"].items()) out.emplace(name.as_string());
    return out;
  }

  void look() {
    if (busy_) {
      again_ = true;  // once more behind it
      return;
    }
    if (attached().empty() && said().empty()) return;
    busy_ = true;
    node::HostFiles& files = *parts_.files;
    node::on_pool<Names>(
        *parts_.loop, *parts_.pool, alive_, [&files, root = parts_.root] { return recorded(files, root); },
        [this](Result<Names> names) {
          if (names.ok()) return report(std::move(*names));
          finish();
        });
  }

  void report(Names names) {
    const Names here = attached(), before = said();
    std::erase_if(names, [&](const std::string& name) { return here.count(name) == 0 && before.count(name) == 0; });
    if (names == before) return finish();
    Draft patch;
    Value list = patch.array();
    for (const std::string& name : names) patch.push(list, patch.text(name));
    patch.member_path(patch.root(), {"status", "volumesInUse"}) = list;
    client::Request request{"PATCH", client::object_path(kNodes, "", parts_.node_name) + "/status?fieldManager=kubelet",
                            "application/merge-patch+json", to_json(patch.root())};
    parts_.transport->call(std::move(request), [this, alive = alive_](Result<client::Response>) {
      if (*alive) finish();
    });
  }

  void finish() {
    busy_ = false;
    if (std::exchange(again_, false)) look();
  }

  VolumesInUseParts parts_;
  std::unique_ptr<node::VolumePlugin> inner_;
  bool busy_ = false, again_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

std::unique_ptr<node::VolumePlugin> with_volumes_in_use(VolumesInUseParts parts, std::unique_ptr<node::VolumePlugin> inner) {
  return std::make_unique<InUse>(std::move(parts), std::move(inner));
}

}  // namespace plinth::csi
