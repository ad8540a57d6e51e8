#include "csi/claim_volumes.h"

#include <openssl/sha.h>

#include <deque>
#include <map>

#include "base/hex.h"
#include "base/json.h"
#include "csi/provisioner.h"
#include "node/pod/security.h"
#include "node/volumes/ownership.h"
#include "node/volumes/pod_volumes.h"
#include "workloads/volumes/claims.h"

namespace plinth::csi {
namespace {

using client::Object;
using node::VolumeReady;
using node::VolumeRequest;

constexpr std::string_view kDataFile = "/vol_data.json";
constexpr std::size_t kDataBytesMax = 16 * 1024;
constexpr std::string_view kFolder = "/volumes/kubernetes.io~csi";

std::string sha256_hex(const std::string& text) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  return hex_encode({reinterpret_cast<const char*>(digest), sizeof(digest)});
}

Error wait_for(std::string message) { return Error(Reason::kServiceUnavailable, std::move(message)); }

// The volume of the claim that a pod's volume names.
Result<Object> find_volume(const VolumeRequest& request) {
  const bool ephemeral = request.volume["ephemeral"].is_object();
  const std::string name = ephemeral ? request.pod->name + "-" + request.name
                                     : std::string(request.volume["persistentVolumeClaim"]["claimName"].as_string());
  const auto claim = request.view->get(workloads::claims_resource(), request.pod->name_space, name);
  if (!claim) return Error(Reason::kNotFound, "persistentvolumeclaim \"" + name + "\" not found");
  if (ephemeral) {
    bool owned = false;
    for (const client::OwnerReference& owner : claim->owners()) owned = owned || owner.uid == request.pod->uid;
    if (!owned) return bad_request("PVC " + name + " was not created for pod " + request.pod->name);
  }
  if (!workloads::is_bound(*claim)) return wait_for("PVC " + name + " is not bound");
  const std::string volume_name((*claim)["spec"]["volumeName"].as_string());
  auto volume = request.view->get(workloads::volumes_resource(), "", volume_name);
  if (!volume) return Error(Reason::kNotFound, "persistentvolume \"" + volume_name + "\" not found");
  if ((*volume)["spec"]["claimRef"]["uid"].as_string() != claim->uid)
    return wait_for("persistentvolume \"" + volume_name + "\" is not bound to PVC " + name);
  return std::move(*volume);
}

workloads::CsiCapability capability_of(const Value& spec, const DriverFacts& facts) {
  using Mode = workloads::CsiAccessMode;
  workloads::CsiCapability out;
  out.fs_type = spec["csi"]["fsType"].as_string();
  for (const Value& option : spec["mountOptions"].items()) out.mount_flags.emplace_back(option.as_string());
  const std::string_view mode = spec["accessModes"].size() > 0 ? spec["accessModes"].items()[0].as_string() : std::string_view();
  out.mode = facts.node_multi_writer_modes ? Mode::kSingleNodeMultiWriter : Mode::kSingleNodeWriter;
  if (mode == "ReadWriteOncePod" && facts.node_multi_writer_modes) out.mode = Mode::kSingleNodeSingleWriter;
  if (mode == "ReadOnlyMany") out.mode = Mode::kMultiNodeReaderOnly;
  if (mode == "ReadWriteMany") out.mode = Mode::kMultiNodeMultiWriter;
  return out;
}

Result<StringMap> secrets_of(const client::View& view, const Value& reference) {
  if (!reference.is_object()) return StringMap();
  return secret_values(view, {std::string(reference["name"].as_string()), std::string(reference["namespace"].as_string())});
}

std::string print_data(const NodeCall& call, const std::string& driver, const std::string& volume) {
  Draft draft;
  Value& root = draft.root() = draft.object();
  draft.set(root, "driverName", driver);
  draft.set(root, "volumeHandle", call.volume_id);
  draft.set(root, "specVolID", volume);
  draft.set(root, "volumeLifecycleMode", "Persistent");
  draft.set(root, "stagingPath", call.staging_path);
  return to_json(root);
}

struct VolumeData {
  std::string handle, staging;
};
Result<std::optional<VolumeData>> read_data(node::HostFiles& files, const std::string& directory) {
  const std::string path = directory + std::string(kDataFile);
  if (!TRY(files.info(path)).has_value()) return std::optional<VolumeData>();
  const Document data = TRY(parse_json(TRY(files.read(path, 0, kDataBytesMax))));
  return std::optional(VolumeData{std::string(data["volumeHandle"].as_string()), std::string(data["stagingPath"].as_string())});
}

// Whether a pod's volume on this node, other than `directory`, is that volume.
Result<bool> used_elsewhere(node::HostFiles& files, const std::string& root, const std::string& directory, const std::string& handle) {
  for (const node::DirectoryEntry& pod : TRY(files.list(root + "/pods"))) {
    const std::string folder = root + "/pods/" + pod.name + std::string(kFolder);
    if (!TRY(files.info(folder)).has_value()) continue;
    for (const node::DirectoryEntry& volume : TRY(files.list(folder))) {
      const std::string other = folder + "/" + volume.name;
      if (other == directory) continue;
      const auto data = TRY(read_data(files, other));
      if (data && data->handle == handle) return true;
    }
  }
  return false;
}

// What one pod's volume takes to be ready.
struct SetUp {
  NodeCall call;  // with the secrets of a stage
  StringMap publish_secrets;
  std::string driver, directory, volume;
  bool stage = false, pod_read_only = false;
  std::optional<std::int64_t> group;
  bool group_if_needed = false;
  node::Done<VolumeReady> done;
};
struct TearDown {
  std::string directory;
  VolumeData data;
  bool last = false;
  node::Done<void> done;
};

class ClaimVolumes final : public node::VolumePlugin {
 public:
  explicit ClaimVolumes(ClaimVolumeParts parts) : parts_(std::move(parts)) {}
  ~ClaimVolumes() override { *alive_ = false; }
  std::string_view name() const override { return "kubernetes.io/csi"; }
  bool serves(const Value& volume) const override {
    return volume["persistentVolumeClaim"].is_object() || volume["ephemeral"].is_object();
  }

  void set_up(VolumeRequest request, node::Done<VolumeReady> done) override {
    auto volume = find_volume(request);
    if (!volume.ok()) return fail(std::move(done), std::move(volume).error());
    const Value spec = (*volume)["spec"];
    const bool read_only = request.volume["persistentVolumeClaim"]["readOnly"].as_bool();
    if (spec["volumeMode"].as_string() == "Block")
      return fail(std::move(done), Error(Reason::kMethodNotAllowed, "volumeMode Block: this node gives no raw devices to pods"));
    const Value path = spec["local"].is_object() ? spec["local"]["path"] : spec["hostPath"]["path"];
    if (path.is_string()) return use_path(std::string(path.as_string()), read_only, std::move(done));
    auto work = prepare(request, *volume, read_only);
    if (!work.ok()) return fail(std::move(done), std::move(work).error());
    (*work)->done = std::move(done);
    in_turn((*work)->call.volume_id, [this, work = *work] { write_data(work); });
  }

  void tear_down(std::string, std::string directory, node::Done<void> done) override {
    auto work = std::make_shared<TearDown>();
    work->directory = std::move(directory);
    work->done = std::move(done);
    node::HostFiles& files = *parts_.files;
    node::on_pool<std::optional<VolumeData>>(
        *parts_.loop, *parts_.pool, alive_, [&files, work] { return read_data(files, work->directory); },
        [this, work](Result<std::optional<VolumeData>> data) {
          if (!data.ok()) return work->done(std::move(data).error());
          if (!*data) return remove_directory(work, false);  // set_up did not come far
          work->data = std::move(**data);
          in_turn(work->data.handle, [this, work] { unpublish(work); });
        });
  }

 private:
  void fail(node::Done<VolumeReady> done, Error error) {
    auto held = std::make_shared<std::pair<node::Done<VolumeReady>, Error>>(std::move(done), std::move(error));
    parts_.loop->post([held] { held->first(std::move(held->second)); });
  }

  void use_path(std::string path, bool read_only, node::Done<VolumeReady> done) {
    node::HostFiles& files = *parts_.files;
    node::on_pool<VolumeReady>(
        *parts_.loop, *parts_.pool, alive_,
        [&files, path, read_only]() -> Result<VolumeReady> {
          if (!TRY(files.info(path, true)).has_value()) return Error(Reason::kNotFound, "path \"" + path + "\" does not exist");
          return VolumeReady{path, read_only};
        },
        std::move(done));
  }

  Result<std::shared_ptr<SetUp>> prepare(const VolumeRequest& request, const Object& volume, bool read_only) const {
    const Value spec = volume["spec"], source = spec["csi"];
    if (!source.is_object())
      return Error(Reason::kMethodNotAllowed, "persistentvolume " + volume.name + " is of a kind that this node does not serve");
    const DriverFacts* facts = parts_.facts();
    const std::string driver(source["driver"].as_string());
    if (facts == nullptr || facts->info.name != driver)
      return wait_for("driver name " + driver + " not found in the list of registered CSI drivers");
    auto out = std::make_shared<SetUp>();
    out->driver = driver;
    out->volume = volume.name;
    out->directory = request.directory;
    out->stage = facts->stages;
    out->pod_read_only = read_only;
    NodeCall& call = out->call;
    call.volume_id = source["volumeHandle"].as_string();
    call.capability = capability_of(spec, *facts);
    call.read_only = read_only || source["readOnly"].as_bool();
    call.target_path = request.directory + "/mount";
    if (out->stage)
      call.staging_path = parts_.root + "/plugins/kubernetes.io/csi/" + driver + "/" + sha256_hex(call.volume_id) + "/globalmount";
    for (const Member& member : source["volumeAttributes"].members())
      call.volume_context[std::string(member.key())] = member.value.as_string();
    call.secrets = TRY(secrets_of(*request.view, source["nodeStageSecretRef"]));
    out->publish_secrets = TRY(secrets_of(*request.view, source["nodePublishSecretRef"]));
    // fsGroupPolicy ReadWriteOnceWithFSType, the default.
    const std::string_view mode = spec["accessModes"].size() > 0 ? spec["accessModes"].items()[0].as_string() : std::string_view();
    if (!call.capability.fs_type.empty() && mode.starts_with("ReadWriteOnce") && !call.read_only) out->group = node::fs_group(*request.pod);
    out->group_if_needed =
        request.pod->spec()["securityContext"]["fsGroupChangePolicy"].as_string() == "OnRootMismatch";
    return out;
  }

  void write_data(std::shared_ptr<SetUp> work) {
    node::HostFiles& files = *parts_.files;
    node::on_pool<void>(
        *parts_.loop, *parts_.pool, alive_,
        [&files, work]() -> Result<void> {
          TRY(files.make_directories(work->directory, 0750));
          if (work->stage) TRY(files.make_directories(work->call.staging_path, 0750));
          return files.write(work->directory + std::string(kDataFile), print_data(work->call, work->driver, work->volume), 0600);
        },
        [this, work](Result<void> written) {
          if (!written.ok()) return end(work, std::move(written).error());
          if (!work->stage) return publish(work);
          parts_.driver->stage(work->call, [this, work, alive = alive_](Reply<Nothing> reply) {
            if (!*alive) return;
            if (!reply.status.ok()) return end(work, net::to_error(reply.status));
            publish(work);
          });
        });
  }

  void publish(std::shared_ptr<SetUp> work) {
    NodeCall call = work->call;
    call.secrets = work->publish_secrets;
    parts_.driver->publish(call, [this, work, alive = alive_](Reply<Nothing> reply) {
      if (!*alive) return;
      if (!reply.status.ok()) return end(work, net::to_error(reply.status));
      give_to_group(work);
    });
  }

  void give_to_group(std::shared_ptr<SetUp> work) {
    if (!work->group) return end(work, VolumeReady{work->call.target_path, work->pod_read_only});
    node::HostFiles& files = *parts_.files;
    node::on_pool<void>(
        *parts_.loop, *parts_.pool, alive_,
        [&files, work] { return node::give_to_group(files, work->call.target_path, *work->group, false, work->group_if_needed); },
        [this, work](Result<void> given) {
          if (!given.ok()) return end(work, std::move(given).error());
          end(work, VolumeReady{work->call.target_path, work->pod_read_only});
        });
  }

  void end(std::shared_ptr<SetUp> work, Result<VolumeReady> outcome) {
    work->done(std::move(outcome));
    next_turn(work->call.volume_id);
  }

  void unpublish(std::shared_ptr<TearDown> work) {
    parts_.driver->unpublish(work->data.handle, work->directory + "/mount", [this, work, alive = alive_](Reply<Nothing> reply) {
      if (!*alive) return;
      if (!reply.status.ok()) return end(work, net::to_error(reply.status));
      node::HostFiles& files = *parts_.files;
      node::on_pool<bool>(
          *parts_.loop, *parts_.pool, alive_,
          [&files, root = parts_.root, work] { return used_elsewhere(files, root, work->directory, work->data.handle); },
          [this, work](Result<bool> used) {
            if (!used.ok()) return end(work, std::move(used).error());
            if (*used || work->data.staging.empty()) return remove_directory(work, true);
            unstage(work);
          });
    });
  }

  void unstage(std::shared_ptr<TearDown> work) {
    parts_.driver->unstage(work->data.handle, work->data.staging, [this, work, alive = alive_](Reply<Nothing> reply) {
      if (!*alive) return;
      if (!reply.status.ok()) return end(work, net::to_error(reply.status));
      work->last = true;
      remove_directory(work, true);
    });
  }

  void remove_directory(std::shared_ptr<TearDown> work, bool in_turn) {
    node::HostFiles& files = *parts_.files;
    node::on_pool<void>(
        *parts_.loop, *parts_.pool, alive_,
        [&files, work]() -> Result<void> {
          if (work->last) {
            TRY(files.remove(work->data.staging));
            TRY(files.remove(work->data.staging.substr(0, work->data.staging.rfind('/'))));
          }
          return files.remove_all(work->directory);
        },
        [this, work, in_turn](Result<void> removed) {
          if (in_turn) return end(work, std::move(removed));
          work->done(std::move(removed));
        });
  }

  void end(std::shared_ptr<TearDown> work, Result<void> outcome) {
    work->done(std::move(outcome));
    next_turn(work->data.handle);
  }

  // One piece of work for each volume at a time; the rest waits in the order it came.
  void in_turn(const std::string& handle, Task task) {
    std::deque<Task>& waiting = turns_[handle];
    waiting.push_back(std::move(task));
    if (waiting.size() == 1) waiting.front()();
  }
  void next_turn(const std::string& handle) {
    const auto it = turns_.find(handle);
    if (it == turns_.end()) return;
    it->second.pop_front();
    if (it->second.empty()) turns_.erase(it);
    else it->second.front()();
  }

  ClaimVolumeParts parts_;
  std::map<std::string, std::deque<Task>> turns_;  // by volume handle; the first runs
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

std::unique_ptr<node::VolumePlugin> make_claim_volumes(ClaimVolumeParts parts) {
  return std::make_unique<ClaimVolumes>(std::move(parts));
}

}  // namespace plinth::csi
