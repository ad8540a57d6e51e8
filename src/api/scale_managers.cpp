#include "api/scale_managers.h"

#include <algorithm>

namespace plinth::api {
namespace {

constexpr std::string_view kScaleVersion = "autoscaling/v1";

const ReplicasPath* path_of(std::span<const ReplicasPath> paths, std::string_view api_version) {
  auto at = std::find_if(paths.begin(), paths.end(), [&](const ReplicasPath& p) { return p.api_version == api_version; });
  return at == paths.end() ? nullptr : &*at;
}

FieldSet set_of(const ReplicasPath& path) {
  std::vector<PathElement> elements;
  for (std::string_view name : path.names) elements.push_back(PathElement::field(name));
  return FieldSet::of(Path(elements));
}

// One writer, whatever version the entry is written in: a Scale has only one.
bool same_writer(const ManagedEntry& a, const ManagedEntry& b) {
  return a.manager == b.manager && a.operation == b.operation && a.subresource == b.subresource;
}

}  // namespace

ManagedFields managers_of_scale(const ManagedFields& parent, std::span<const ReplicasPath> paths) {
  ManagedFields out = parent.derive();
  for (ManagedEntry& entry : out.entries()) {
    const ReplicasPath* path = path_of(paths, entry.api_version);
    bool owns = path != nullptr && !path->names.empty() && set_of(*path).is_subset_of(entry.fields);
    entry.fields = owns ? FieldSet::of({{"spec", "replicas"}}) : FieldSet();
    entry.api_version = kScaleVersion;
  }
  out.erase_empty();
  out.sort();
  return out;
}

ManagedFields managers_of_parent(const ManagedFields& parent, const ManagedFields& scale, std::span<const ReplicasPath> paths,
                                 std::string_view api_version) {
  const FieldSet replicas = FieldSet::of({{"spec", "replicas"}});
  ManagedFields out = parent.derive();
  out.retain(scale);
  std::vector<ManagedEntry> owners;  // of the Scale's replicas
  for (const ManagedEntry& entry : scale.entries()) {
    if (replicas.is_subset_of(entry.fields)) owners.push_back(entry);
  }
  for (ManagedEntry& entry : out.entries()) {
    const ReplicasPath* path = path_of(paths, entry.api_version);
    if (path == nullptr) entry.fields = {};
    if (path == nullptr || path->names.empty() || !set_of(*path).is_subset_of(entry.fields)) continue;
    auto owner = std::find_if(owners.begin(), owners.end(), [&](const ManagedEntry& o) { return same_writer(o, entry); });
    if (owner == owners.end())
      entry.fields = entry.fields.minus(set_of(*path));
    else
      owners.erase(owner);  // still theirs
  }
  if (const ReplicasPath* path = path_of(paths, api_version); path != nullptr && !path->names.empty()) {
    for (ManagedEntry& owner : owners) {
      owner.api_version = out.arena().copy(api_version);
      owner.fields = set_of(*path);
      if (ManagedEntry* same = out.find(owner)) {
        same->fields = same->fields.unite(owner.fields);
        same->time_s = owner.time_s;
      } else {
        out.entries().push_back(std::move(owner));
      }
    }
  }
  out.erase_empty();
  out.sort();
  return out;
}

}  // namespace plinth::api
