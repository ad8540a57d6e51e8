#include "workloads/csi/attach.h"

#include <algorithm>

#include "base/time_text.h"
#include "workloads/volumes/claims.h"

namespace plinth::workloads {
namespace {

using client::Object;
using client::Plan;

constexpr std::string_view kNodeId = "csi.alpha.kubernetes.io/node-id";
const client::Resource kCsiNodes{"storage.k8s.io", "v1", "csinodes", "CSINode", false};

// As the driver names the node; "" when it does not run there.
std::string node_id(const client::View& view, const Object& attachment, const CsiDriverInfo& driver) {
  const auto csi_node = view.get(kCsiNodes, "", attachment["spec"]["nodeName"].as_string());
  const Value drivers = csi_node ? (*csi_node)["spec"]["drivers"] : Value();
  for (const Value& entry : drivers.items()) {
    if (entry["name"].as_string() == driver.name) return std::string(entry["nodeID"].as_string());
  }
  // It may be gone from the node while the volume still is there.
  return std::string(annotation(attachment, kNodeId));
}

std::optional<SecretReference> publish_secret(const Value& csi) {
  const Value reference = csi["controllerPublishSecretRef"];
  if (reference.is_null()) return std::nullopt;
  return SecretReference{std::string(reference["name"].as_string()), std::string(reference["namespace"].as_string())};
}

bool has_mode(const Value& spec, std::string_view mode) {
  const Value modes = spec["accessModes"];
  return std::any_of(modes.items().begin(), modes.items().end(), [&](const Value& m) { return m.as_string() == mode; });
}

// Of several access modes the widest, as upstream's attacher asks for it.
Result<CsiAccessMode> widest_mode(const Value& spec, const CsiDriverInfo& driver) {
  if (has_mode(spec, "ReadWriteOncePod")) {
    if (spec["accessModes"].size() > 1)
      return Error(Reason::kInvalid, "ReadWriteOncePod cannot be combined with other access modes");
    return driver.multi_writer_modes ? CsiAccessMode::kSingleNodeSingleWriter : CsiAccessMode::kSingleNodeWriter;
  }
  if (has_mode(spec, "ReadWriteMany")) return CsiAccessMode::kMultiNodeMultiWriter;
  const bool once = has_mode(spec, "ReadWriteOnce"), many = has_mode(spec, "ReadOnlyMany");
  if (once && many)
    return Error(Reason::kInvalid, "CSI does not support ReadOnlyMany and ReadWriteOnce on the same PersistentVolume");
  if (many) return CsiAccessMode::kMultiNodeReaderOnly;
  if (once) return driver.multi_writer_modes ? CsiAccessMode::kSingleNodeMultiWriter : CsiAccessMode::kSingleNodeWriter;
  return Error(Reason::kInvalid, "the volume has no access mode");
}

Result<PublishCall> publish_call(const Object& volume, const std::string& node, const CsiDriverInfo& driver) {
  const Value spec = volume["spec"], csi = spec["csi"];
  PublishCall call;
  call.volume_id = csi["volumeHandle"].as_string();
  call.node_id = node;
  call.read_only = csi["readOnly"].as_bool();
  call.secrets = publish_secret(csi);
  TRY(widest_mode(spec, driver));
  call.capability = volume_capability(spec, driver);
  for (const Member& m : csi["volumeAttributes"].members()) call.volume_context[std::string(m.key())] = m.value.as_string();
  return call;
}

client::Request finalizer_request(const Object& object, const std::string& finalizer, bool wanted, std::string_view manager,
                                  const std::string& node = "") {
  Draft draft(object.document);
  Value list = draft.array();
  for (const Value& f : object.metadata()["finalizers"].items()) {
    if (f.as_string() != finalizer) draft.push(list, f);
  }
  if (wanted) draft.push(list, draft.text(finalizer));
  Value& metadata = draft.member(draft.root(), "metadata");
  draft.set(metadata, "finalizers", list);
  if (!node.empty()) draft.set(draft.member_path(metadata, {"annotations"}), kNodeId, node);
  return client::update_request(object, "", draft.root(), manager);
}

Plan one(client::Request request) {
  Plan plan;
  plan.requests.push_back(std::move(request));
  return plan;
}

AttachDecision decide_detaching(const client::View& view, const Object& attachment, const std::optional<Object>& volume,
                                const CsiDriverInfo& driver, std::string_view manager) {
  if (!attachment.has_finalizer(attacher_finalizer(driver.name))) return NoDecision();
  if (!driver.publishes || !volume) return detached_plan(attachment, driver, manager);
  const Value csi = (*volume)["spec"]["csi"];
  // Also when it is not said to be attached: a call may have succeeded whose answer was lost.
  return UnpublishCall{std::string(csi["volumeHandle"].as_string()), node_id(view, attachment, driver), publish_secret(csi)};
}

}  // namespace

std::string attacher_finalizer(std::string_view driver) {
  std::string out = "external-attacher/" + std::string(driver);
  std::replace(out.begin() + static_cast<std::ptrdiff_t>(std::string_view("external-attacher/").size()), out.end(), '/', '-');
  return out;
}

CsiCapability volume_capability(const Value& spec, const CsiDriverInfo& driver) {
  CsiCapability out;
  out.block = spec["volumeMode"].as_string() == "Block";
  if (const auto mode = widest_mode(spec, driver); mode.ok()) out.mode = *mode;
  if (out.block) return out;
  out.fs_type = spec["csi"]["fsType"].as_string();
  for (const Value& option : spec["mountOptions"].items()) out.mount_flags.emplace_back(option.as_string());
  return out;
}

AttachDecision decide_attachment(const client::View& view, const Object& attachment, const CsiDriverInfo& driver,
                                 std::string_view manager) {
  const Value spec = attachment["spec"];
  if (spec["attacher"].as_string() != driver.name) return NoDecision();
  const std::string_view name = spec["source"]["persistentVolumeName"].as_string();
  const auto volume = name.empty() ? std::nullopt : view.get(volumes_resource(), "", name);
  if (attachment.deleting()) return decide_detaching(view, attachment, volume, driver, manager);
  if (attachment["status"]["attached"].as_bool()) return NoDecision();
  if (!driver.publishes) return attached_plan(attachment, {}, manager);
  if (!volume) return Refusal{"could not find PersistentVolume \"" + std::string(name) + "\""};
  if (volume->deleting()) return Refusal{"PersistentVolume \"" + volume->name + "\" is marked for deletion"};
  const std::string node = node_id(view, attachment, driver);
  if (node.empty())
    return Refusal{"CSINode " + std::string(spec["nodeName"].as_string()) + " does not contain driver " + driver.name};
  const std::string finalizer = attacher_finalizer(driver.name);
  if (!volume->has_finalizer(finalizer)) return one(finalizer_request(*volume, finalizer, true, manager));
  if (!attachment.has_finalizer(finalizer)) return one(finalizer_request(attachment, finalizer, true, manager, node));
  auto call = publish_call(*volume, node, driver);
  if (!call.ok()) return Refusal{call.error().message()};
  return std::move(*call);
}

Plan attached_plan(const Object& attachment, const std::map<std::string, std::string>& publish_context,
                   std::string_view manager) {
  Draft draft(attachment.document);
  Value status = draft.object();
  draft.set(status, "attached", Value::of(true));
  if (!publish_context.empty()) {
    Value context = draft.object();
    for (const auto& [key, value] : publish_context) draft.set(context, key, value);
    draft.set(status, "attachmentMetadata", context);
  }
  draft.set(draft.root(), "status", status);
  return one(client::update_request(attachment, "status", draft.root(), manager));
}

Plan detached_plan(const Object& attachment, const CsiDriverInfo& driver, std::string_view manager) {
  return one(finalizer_request(attachment, attacher_finalizer(driver.name), false, manager));
}

Plan attach_failed_plan(const Object& attachment, std::string_view message, int grpc_code, std::int64_t wall_ns,
                        std::string_view manager) {
  Draft draft(attachment.document);
  Value error = draft.object();
  draft.set(error, "time", format_rfc3339(wall_ns));
  draft.set(error, "message", message);
  draft.set(error, "errorCode", Value::of(grpc_code));
  Value& status = draft.member(draft.root(), "status");
  if (!status.is_object()) status = draft.object();
  draft.set(status, attachment.deleting() ? "detachError" : "attachError", error);
  if (status["attached"].is_null()) draft.set(status, "attached", Value::of(false));
  return one(client::update_request(attachment, "status", draft.root(), manager));
}

Plan released_volume_plan(const client::View& view, const Object& volume, const CsiDriverInfo& driver,
                          std::string_view manager) {
  const std::string finalizer = attacher_finalizer(driver.name);
  if (!volume.deleting() || !volume.has_finalizer(finalizer)) return {};
  bool named = false;
  view.list(*view.find_resource("storage.k8s.io", "volumeattachments"), "", [&](const Object& attachment) {
    named = attachment["spec"]["source"]["persistentVolumeName"].as_string() == volume.name;
    return !named;
  });
  return named ? Plan() : one(finalizer_request(volume, finalizer, false, manager));
}

}  // namespace plinth::workloads
