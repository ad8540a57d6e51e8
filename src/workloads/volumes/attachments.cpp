#include "workloads/volumes/attachments.h"

#include <algorithm>
#include <set>

#include <openssl/sha.h>

#include "base/hex.h"
#include "base/time_text.h"
#include "client/events.h"
#include "workloads/common/pod_state.h"
#include "workloads/volumes/claims.h"

namespace plinth::workloads {
namespace {

using client::Object;
using client::Plan;
using client::View;

constexpr std::string_view kName = "attachdetach-controller", kOutOfService = "node.kubernetes.io/out-of-service";
constexpr std::int64_t kUnmountWaitNs = 360'000'000'000;  // upstream's maxWaitForUnmountDuration
const client::Resource kAttachments{"storage.k8s.io", "v1", "volumeattachments", "VolumeAttachment", false};
const client::Resource kDrivers{"storage.k8s.io", "v1", "csidrivers", "CSIDriver", false};
const client::Resource kNodes{"", "v1", "nodes", "Node", false};
const client::Resource kPods{"", "v1", "pods", "Pod", true};

// On one node at a time.
bool is_exclusive(const Object& volume) {
  const Value modes = volume["spec"]["accessModes"];
  return std::all_of(modes.items().begin(), modes.items().end(), [](const Value& mode) {
    return mode.as_string() == "ReadWriteOnce" || mode.as_string() == "ReadWriteOncePod";
  });
}

bool holds(const Value& list, const std::string& name) {
  return std::any_of(list.items().begin(), list.items().end(),
                     [&](const Value& entry) { return (entry.is_string() ? entry : entry["name"]).as_string() == name; });
}

// Names of the volumes behind the pod's claims.
std::vector<std::string> volumes_of(const View& view, const Object& pod) {
  std::vector<std::string> out;
  for (const Value& volume : pod["spec"]["volumes"].items()) {
    const std::string name = claim_name(pod, volume);
    const auto claim = name.empty() ? std::nullopt : view.get(claims_resource(), pod.name_space, name);
    if (claim && is_bound(*claim)) out.emplace_back((*claim)["spec"]["volumeName"].as_string());
  }
  return out;
}

// Everything about one volume on one node.
struct Place {
  const View& view;
  const Object& volume;
  std::string node;
  std::string name, attached_name;  // of the attachment, and as the node names it
  std::vector<Object> users;        // pods there that need it

  Place(const View& v, const Object& o, std::string_view n) : view(v), volume(o), node(n) {
    const Value csi = volume["spec"]["csi"];
    name = attachment_name(csi["volumeHandle"].as_string(), csi["driver"].as_string(), node);
    attached_name = attached_volume_name(csi["driver"].as_string(), csi["volumeHandle"].as_string());
    const Value reference = volume["spec"]["claimRef"];
    view.list(kPods, reference["namespace"].as_string(), [&](const Object& pod) {
      if (pod["spec"]["nodeName"].as_string() != node || is_terminal(pod.document.root())) return true;
      const auto volumes = volumes_of(view, pod);
      if (std::find(volumes.begin(), volumes.end(), volume.name) != volumes.end()) users.push_back(pod);
      return true;
    });
  }
};

// How long until the node counts as dead, so that its volumes are taken from it; zero or less: it does. Nothing while it is
// well.
std::optional<std::int64_t> until_dead(const Object& node, std::int64_t wall_ns) {
  const Value ready = condition_of(node.document.root(), "Ready");
  if (ready["status"].as_string() == "True") return std::nullopt;
  for (const Value& taint : node["spec"]["taints"].items()) {
    if (taint["key"].as_string() == kOutOfService) return 0;
  }
  const auto since = parse_rfc3339(ready["lastTransitionTime"].as_string());
  return since ? since->wall_ns() + kUnmountWaitNs - wall_ns : kUnmountWaitNs;
}

client::Request create_request(const Place& place) {
  Draft draft;
  Value& root = draft.root() = draft.object();
  draft.set(root, "apiVersion", "storage.k8s.io/v1");
  draft.set(root, "kind", "VolumeAttachment");
  draft.set(draft.member_path(root, {"metadata"}), "name", place.name);
  Value& spec = draft.member_path(root, {"spec"});
  draft.set(spec, "attacher", place.volume["spec"]["csi"]["driver"].as_string());
  draft.set(spec, "nodeName", place.node);
  draft.set(draft.member_path(spec, {"source"}), "persistentVolumeName", place.volume.name);
  return client::create_request(kAttachments, "", root, kName);
}

// status.volumesAttached of the node with the volume, or without it.
client::Request attached_request(const Object& node, const std::string& name, bool wanted) {
  Draft patch;
  patch.root() = patch.object();
  Value list = patch.array();
  for (const Value& entry : node["status"]["volumesAttached"].items()) {
    if (entry["name"].as_string() != name) patch.push(list, patch.clone(entry));
  }
  if (wanted) {
    Value made = patch.object();
    patch.set(made, "name", name);
    patch.set(made, "devicePath", "");
    patch.push(list, made);
  }
  patch.set(patch.member_path(patch.root(), {"status"}), "volumesAttached", list);
  return client::merge_patch_request(node, "status", std::move(patch), /*same_revision=*/true, kName);
}

// Keys are "NODE/VOLUME".
class AttachController final : public client::Controller {
 public:
  std::string_view name() const override { return kName; }

  void keys_of(const client::Change& change, const View& view, std::vector<std::string>& keys) const override {
    const Object& object = change.object;
    const client::Resource& kind = object.resource;
    if (kind.is("", "pods")) {
      keys_of_pod(object, view, keys);
    } else if (kind.is("storage.k8s.io", "volumeattachments")) {
      const Value spec = object["spec"];
      keys.push_back(client::make_key(spec["nodeName"].as_string(), spec["source"]["persistentVolumeName"].as_string()));
    } else if (kind.is("", "persistentvolumeclaims") && !change.deleted && is_bound(object)) {
      keys_of_claim(object, view, keys);
    } else if (kind.is("", "nodes")) {
      attachments_of(view, object.name, keys);
    } else if (kind.is("storage.k8s.io", "csidrivers")) {
      initial_keys(view, keys);
    }
  }

  void initial_keys(const View& view, std::vector<std::string>& keys) const override {
    attachments_of(view, "", keys);
    view.list(kPods, "", [&](const Object& pod) {
      keys_of_pod(pod, view, keys);
      return true;
    });
  }

  Plan step(const View& view, const std::string& key, const client::StepContext& context) const override {
    Plan plan;
    const auto [node_name, volume_name] = client::split_key(key);
    const auto volume = view.get(volumes_resource(), "", volume_name);
    if (!volume || (*volume)["spec"]["csi"].is_null()) return plan;
    const Place place(view, *volume, node_name);
    const auto attachment = view.get(kAttachments, "", place.name);
    const auto node = view.get(kNodes, "", node_name);
    client::EventRecorder events(view, "attachdetach-controller", context.wall_ns, plan);
    if (!place.users.empty() && node && needs_attaching(view, *volume))
      attach(place, *node, attachment, events, plan);
    else
      detach(place, node, attachment, context.wall_ns, plan);
    return plan;
  }

 private:
  static void keys_of_pod(const Object& pod, const View& view, std::vector<std::string>& keys) {
    const std::string_view node = pod["spec"]["nodeName"].as_string();
    if (node.empty()) return;
    for (const std::string& volume : volumes_of(view, pod)) keys.push_back(client::make_key(node, volume));
  }

  static void keys_of_claim(const Object& claim, const View& view, std::vector<std::string>& keys) {
    view.list(kPods, claim.name_space, [&](const Object& pod) {
      for (const Value& volume : pod["spec"]["volumes"].items()) {
        if (claim_name(pod, volume) != claim.name || pod["spec"]["nodeName"].as_string().empty()) continue;
        keys.push_back(client::make_key(pod["spec"]["nodeName"].as_string(), claim["spec"]["volumeName"].as_string()));
      }
      return true;
    });
  }

  // "" as node: of all.
  static void attachments_of(const View& view, std::string_view node, std::vector<std::string>& keys) {
    view.list(kAttachments, "", [&](const Object& attachment) {
      const Value spec = attachment["spec"];
      if (node.empty() || spec["nodeName"].as_string() == node)
        keys.push_back(client::make_key(spec["nodeName"].as_string(), spec["source"]["persistentVolumeName"].as_string()));
      return true;
    });
  }

  static void attach(const Place& place, const Object& node, const std::optional<Object>& attachment,
                     client::EventRecorder& events, Plan& plan) {
    if (!attachment) {
      if (const std::string elsewhere = other_node(place); !elsewhere.empty()) {
        const std::string message = "Multi-Attach error for volume \"" + place.volume.name +
                                    "\" Volume is already exclusively attached to one node and can't be attached to another";
        for (const Object& pod : place.users) events.warning_once(pod, "FailedAttachVolume", message);
        return;
      }
      plan.requests.push_back(create_request(place));
      return;
    }
    if (attachment->deleting()) return;  // made again when it is gone
    const Value status = (*attachment)["status"];
    const Value error = status["attachError"];
    if (!status["attached"].as_bool()) {
      if (error.is_null()) return;
      for (const Object& pod : place.users)
        events.warning_once(pod, "FailedAttachVolume",
                            "AttachVolume.Attach failed for volume \"" + place.volume.name +
                                "\" : " + std::string(error["message"].as_string()));
      return;
    }
    if (holds(node["status"]["volumesAttached"], place.attached_name)) return;
    plan.requests.push_back(attached_request(node, place.attached_name, true));
    for (const Object& pod : place.users)
      events.normal(pod, "SuccessfulAttachVolume", "AttachVolume.Attach succeeded for volume \"" + place.volume.name + "\" ");
  }

  // Where an exclusive volume is attached; "" for nowhere else.
  static std::string other_node(const Place& place) {
    std::string out;
    if (!is_exclusive(place.volume)) return out;
    place.view.list(kAttachments, "", [&](const Object& attachment) {
      const Value spec = attachment["spec"];
      const bool is_it = spec["source"]["persistentVolumeName"].as_string() == place.volume.name;
      if (is_it && spec["nodeName"].as_string() != place.node) out = spec["nodeName"].as_string();
      return out.empty();
    });
    return out;
  }

  // Not before the node has let go: it may still write. One that is silent is waited for until it counts as dead.
  static void detach(const Place& place, const std::optional<Object>& node, const std::optional<Object>& attachment,
                     std::int64_t wall_ns, Plan& plan) {
    if (node && holds((*node)["status"]["volumesInUse"], place.attached_name)) {
      const auto left = until_dead(*node, wall_ns);
      if (!left) return;
      if (*left > 0) {
        if (attachment) plan.revisit_ns = *left;
        return;
      }
    }
    if (node && holds((*node)["status"]["volumesAttached"], place.attached_name)) {
      // Told first, so that the node does not mount it meanwhile.
      plan.requests.push_back(attached_request(*node, place.attached_name, false));
    }
    if (attachment && !attachment->deleting())
      plan.requests.push_back(client::delete_request(*attachment, "", /*same_revision=*/false));
  }
};

}  // namespace

bool needs_attaching(const View& view, const Object& volume) {
  const std::string_view driver = volume["spec"]["csi"]["driver"].as_string();
  if (driver.empty()) return false;
  const auto object = view.get(kDrivers, "", driver);
  const Value required = object ? (*object)["spec"]["attachRequired"] : Value();
  return required.is_null() || required.as_bool();
}

std::string attachment_name(std::string_view handle, std::string_view driver, std::string_view node) {
  std::string text(handle);
  text += driver;
  text += node;
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  return "csi-" + hex_encode({reinterpret_cast<const char*>(digest), sizeof digest});
}

std::string attached_volume_name(std::string_view driver, std::string_view handle) {
  return "kubernetes.io/csi/" + std::string(driver) + "^" + std::string(handle);
}

std::unique_ptr<client::Controller> make_attach_controller() { return std::make_unique<AttachController>(); }

}  // namespace plinth::workloads
