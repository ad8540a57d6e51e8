#include "workloads/csi/capacity.h"

#include <algorithm>

#include <openssl/sha.h>

#include "base/hex.h"
#include "workloads/csi/topology.h"
#include "workloads/volumes/claims.h"

namespace plinth::workloads {
namespace {

using client::Object;

constexpr std::string_view kDriverLabel = "csi.storage.k8s.io/drivername", kManagerLabel = "csi.storage.k8s.io/managed-by";
constexpr std::string_view kManagedBy = "plinth";
const client::Resource kCapacities{"storage.k8s.io", "v1", "csistoragecapacities", "CSIStorageCapacity", true};
const client::Resource kDrivers{"storage.k8s.io", "v1", "csidrivers", "CSIDriver", false};

// Object names of the same place are the same after a restart.
std::string name_of(const std::string& driver, const std::string& storage_class, const CsiTopology& segment) {
  std::string text = driver + '\0' + storage_class;
  for (const auto& [key, value] : segment) text += '\0' + key + '=' + value;
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  constexpr std::size_t kBytes = 8;
  return "csisc-" + hex_encode({reinterpret_cast<const char*>(digest), kBytes});
}

bool is_ours(const Object& capacity, const CsiDriverInfo& driver) {
  return capacity.label(kDriverLabel) == driver.name && capacity.label(kManagerLabel) == kManagedBy;
}

std::string text_of(std::int64_t bytes) { return api::Quantity(bytes, api::Quantity::Format::kBinarySi).text(); }

Draft capacity_object(const CapacityPlace& place, const CsiDriverInfo& driver, std::int64_t available,
                      std::int64_t volume_max) {
  Draft draft;
  Value& root = draft.root() = draft.object();
  draft.set(root, "apiVersion", "storage.k8s.io/v1");
  draft.set(root, "kind", "CSIStorageCapacity");
  draft.member_path(root, {"metadata", "name"}) = draft.text(place.name);
  draft.member_path(root, {"metadata", "namespace"}) = draft.text(kCapacityNamespace);
  draft.member_path(root, {"metadata", "labels", kDriverLabel}) = draft.text(driver.name);
  draft.member_path(root, {"metadata", "labels", kManagerLabel}) = draft.text(kManagedBy);
  draft.set(root, "storageClassName", place.storage_class);
  Value labels = draft.object();
  for (const auto& [key, value] : place.segment) draft.set(labels, key, value);
  Value topology = draft.object();
  if (!place.segment.empty()) draft.set(topology, "matchLabels", labels);
  draft.set(root, "nodeTopology", topology);
  draft.set(root, "capacity", text_of(available));
  if (volume_max > 0) draft.set(root, "maximumVolumeSize", text_of(volume_max));
  return draft;
}

}  // namespace

std::vector<CapacityPlace> capacity_places(const client::View& view, const CsiDriverInfo& driver) {
  std::vector<CapacityPlace> out;
  const auto object = view.get(kDrivers, "", driver.name);
  if (!object || !(*object)["spec"]["storageCapacity"].as_bool()) return out;
  std::vector<CsiTopology> segments = {{}};
  if (driver.topology) segments = segments_of_driver(view, driver.name);
  view.list(classes_resource(), "", [&](const Object& one) {
    if (one["provisioner"].as_string() != driver.name || one["volumeBindingMode"].as_string() != "WaitForFirstConsumer")
      return true;
    CapacityPlace place;
    place.storage_class = one.name;
    // What depends on a claim (secrets' names) has no part in the call.
    for (const Member& member : one["parameters"].members()) {
      if (!member.key().starts_with("csi.storage.k8s.io/"))
        place.call.parameters[std::string(member.key())] = member.value.as_string();
    }
    CsiCapability capability;
    capability.fs_type = one["parameters"]["csi.storage.k8s.io/fstype"].as_string();
    if (driver.multi_writer_modes) capability.mode = CsiAccessMode::kSingleNodeMultiWriter;
    place.call.capabilities = {capability};
    for (const CsiTopology& segment : segments) {
      place.segment = place.call.topology = segment;
      place.name = name_of(driver.name, one.name, segment);
      out.push_back(place);
    }
    return true;
  });
  return out;
}

client::Plan capacity_plan(const client::View& view, const CapacityPlace& place, const CsiDriverInfo& driver,
                           std::int64_t available, std::int64_t volume_max, std::string_view manager) {
  client::Plan out;
  const Draft object = capacity_object(place, driver, available, volume_max);
  const auto now = view.get(kCapacities, kCapacityNamespace, place.name);
  if (!now) {
    out.requests.push_back(client::create_request(kCapacities, kCapacityNamespace, object.root(), manager));
    return out;
  }
  if (equal((*now)["capacity"], object.root()["capacity"]) &&
      equal((*now)["maximumVolumeSize"], object.root()["maximumVolumeSize"]))
    return out;
  Draft patch;
  patch.root() = patch.object();
  patch.set(patch.root(), "capacity", object.root()["capacity"].as_string());
  if (volume_max > 0)
    patch.set(patch.root(), "maximumVolumeSize", object.root()["maximumVolumeSize"].as_string());
  else
    patch.set(patch.root(), "maximumVolumeSize", Value());
  out.requests.push_back(client::merge_patch_request(*now, "", std::move(patch), /*same_revision=*/false, manager));
  return out;
}

client::Plan outdated_capacities_plan(const client::View& view, const CsiDriverInfo& driver) {
  client::Plan out;
  const std::vector<CapacityPlace> places = capacity_places(view, driver);
  view.list(kCapacities, kCapacityNamespace, [&](const Object& capacity) {
    const bool stands =
        std::any_of(places.begin(), places.end(), [&](const CapacityPlace& place) { return place.name == capacity.name; });
    if (!stands && is_ours(capacity, driver)) out.requests.push_back(client::delete_request(capacity, "", false));
    return true;
  });
  return out;
}

}  // namespace plinth::workloads
