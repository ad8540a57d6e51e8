#include "workloads/volumes/claims.h"

#include <algorithm>

#include "api/label_selector.h"
#include "workloads/common/node_selection.h"

namespace plinth::workloads {
namespace {

using client::Object;

constexpr std::string_view kClassBeta = "volume.beta.kubernetes.io/storage-class";
constexpr std::string_view kDefault = "storageclass.kubernetes.io/is-default-class";
constexpr std::string_view kDefaultBeta = "storageclass.beta.kubernetes.io/is-default-class";

api::Quantity quantity(const Value& text) {
  auto parsed = api::Quantity::parse(text.as_string());
  return parsed.ok() ? *parsed : api::Quantity();
}

std::string_view mode_of(const Object& object) {
  const std::string_view mode = object["spec"]["volumeMode"].as_string();
  return mode.empty() ? std::string_view("Filesystem") : mode;
}

bool same_attributes_class(const Object& volume, const Object& claim) {
  return volume["spec"]["volumeAttributesClassName"].as_string() == claim["spec"]["volumeAttributesClassName"].as_string();
}

bool selects(const Object& claim, const Object& volume) {
  const Value object = claim["spec"]["selector"];
  if (object.is_null()) return true;
  const auto selector = api::LabelSelector::from_object(object);
  return selector.ok() && selector->matches(volume.metadata()["labels"]);
}

// Fewer access modes first (none is given away that others may need), then the smaller, then by name.
bool is_better(const Object& a, const Object& b) {
  const std::size_t modes_a = a["spec"]["accessModes"].size(), modes_b = b["spec"]["accessModes"].size();
  if (modes_a != modes_b) return modes_a < modes_b;
  const int sizes = storage_of(a).compare(storage_of(b));
  return sizes != 0 ? sizes < 0 : a.name < b.name;
}

}  // namespace

client::Resource claims_resource() { return {"", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", true}; }
client::Resource volumes_resource() { return {"", "v1", "persistentvolumes", "PersistentVolume", false}; }
client::Resource classes_resource() { return {"storage.k8s.io", "v1", "storageclasses", "StorageClass", false}; }

std::string_view annotation(const Object& object, std::string_view name) {
  const Value* found = object.metadata()["annotations"].find(name);
  return found != nullptr ? found->as_string() : std::string_view();
}

std::string_view class_name(const Object& object) {
  const Value* old = object.metadata()["annotations"].find(kClassBeta);
  return old != nullptr ? old->as_string() : object["spec"]["storageClassName"].as_string();
}

bool names_class(const Object& claim) {
  return claim.metadata()["annotations"].find(kClassBeta) != nullptr || claim["spec"]["storageClassName"].is_string();
}

std::optional<Object> class_of(const client::View& view, const Object& claim) {
  const std::string_view name = class_name(claim);
  return name.empty() ? std::nullopt : view.get(classes_resource(), "", name);
}

bool waits_for_consumer(const client::View& view, const Object& claim) {
  const auto found = class_of(view, claim);
  return found && (*found)["volumeBindingMode"].as_string() == "WaitForFirstConsumer";
}

std::optional<Object> default_class(const client::View& view) {
  std::optional<Object> best;
  view.list(classes_resource(), "", [&](const Object& candidate) {
    if (annotation(candidate, kDefault) != "true" && annotation(candidate, kDefaultBeta) != "true") return true;
    const std::string_view made = candidate.metadata()["creationTimestamp"].as_string();
    const std::string_view best_made = best ? best->metadata()["creationTimestamp"].as_string() : std::string_view();
    if (!best || made > best_made || (made == best_made && candidate.name < best->name)) best = candidate;
    return true;
  });
  return best;
}

bool is_bound(const Object& claim) {
  return !claim["spec"]["volumeName"].as_string().empty() && claim.metadata()["annotations"].find(kBindCompleted) != nullptr;
}

api::Quantity requested_storage(const Object& claim) { return quantity(claim["spec"]["resources"]["requests"]["storage"]); }
api::Quantity storage_of(const Object& volume) { return quantity(volume["spec"]["capacity"]["storage"]); }

bool refers_to(const Object& volume, const Object& claim) {
  const Value reference = volume["spec"]["claimRef"];
  if (reference.is_null() || reference["name"].as_string() != claim.name) return false;
  if (reference["namespace"].as_string() != claim.name_space) return false;
  const std::string_view uid = reference["uid"].as_string();
  return uid.empty() || uid == claim.uid;
}

bool same_mode(const Object& volume, const Object& claim) { return mode_of(volume) == mode_of(claim); }

bool has_access_modes(const Object& volume, const Object& claim) {
  const Value modes = volume["spec"]["accessModes"];
  const auto offered = modes.items();
  const Value asked = claim["spec"]["accessModes"];
  return std::all_of(asked.items().begin(), asked.items().end(), [&](const Value& mode) {
    return std::any_of(offered.begin(), offered.end(), [&](const Value& m) { return m.as_string() == mode.as_string(); });
  });
}

std::string mismatch(const Object& volume, const Object& claim) {
  if (volume.deleting()) return "the volume is marked for deletion \"" + volume.name + "\"";
  if (storage_of(volume).compare(requested_storage(claim)) < 0) return "requested PV is too small";
  if (class_name(volume) != class_name(claim)) return "storageClassName does not match";
  if (!same_attributes_class(volume, claim)) return "volumeAttributesClassName does not match";
  if (!same_mode(volume, claim)) return "incompatible volumeMode";
  return has_access_modes(volume, claim) ? "" : "incompatible accessMode";
}

const Object* find_match(const Object& claim, const std::vector<Object>& volumes, const Object* node, bool waits) {
  const Object* best = nullptr;
  for (const Object& volume : volumes) {
    const bool reserved = refers_to(volume, claim);
    if (!reserved && !volume["spec"]["claimRef"].is_null()) continue;
    if (volume.deleting() || !same_mode(volume, claim) || !same_attributes_class(volume, claim)) continue;
    if (storage_of(volume).compare(requested_storage(claim)) < 0 || !has_access_modes(volume, claim)) continue;
    const bool reachable = node == nullptr || matches_node_selector(volume["spec"]["nodeAffinity"]["required"], *node);
    if (reserved) return reachable ? &volume : nullptr;
    if ((node == nullptr && waits) || !reachable || volume["status"]["phase"].as_string() != "Available") continue;
    if (class_name(volume) != class_name(claim) || !selects(claim, volume)) continue;
    if (best == nullptr || is_better(volume, *best)) best = &volume;
  }
  return best;
}

Value claim_reference(Draft& draft, const Object& claim) {
  Value out = draft.object(6);
  draft.set(out, "kind", "PersistentVolumeClaim");
  draft.set(out, "namespace", claim.name_space);
  draft.set(out, "name", claim.name);
  draft.set(out, "uid", claim.uid);
  draft.set(out, "apiVersion", "v1");
  draft.set(out, "resourceVersion", std::to_string(claim.revision));
  return out;
}

}  // namespace plinth::workloads
