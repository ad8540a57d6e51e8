#include "compose/apply_set/apply_set.h"

#include <algorithm>
#include <optional>

#include "base/base64.h"
#include "base/text.h"
#include "compose/digest.h"
#include "compose/marks.h"

namespace plinth::compose {
namespace {

std::string joined(const std::set<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) {
    if (!out.empty()) out += ',';
    out += part;
  }
  return out;
}

std::set<std::string> parts_of(std::string_view text) {
  std::set<std::string> out;
  for (std::string_view part : split(text, ',')) {
    if (!trim(part).empty()) out.emplace(trim(part));
  }
  return out;
}

std::string inventory_hash(std::string_view set_id, std::string_view kinds, std::string_view namespaces) {
  std::string text(set_id);
  text += '\0';
  text += kinds;
  text += '\0';
  text += namespaces;
  return "sha256:" + base64_encode(sha256(text), Base64::kUrl, Base64Padding::kUnpadded);
}

}  // namespace

std::string apply_set_id(const InstanceIdentity& instance) {
  const std::string text = instance.name + "." + instance.name_space + "." + instance.kind + "." + instance.group;
  return "applyset-" + base64_encode(sha256(text), Base64::kUrl, Base64Padding::kUnpadded) + "-v1";
}

void Inventory::add(const Inventory& other) {
  group_kinds.insert(other.group_kinds.begin(), other.group_kinds.end());
  namespaces.insert(other.namespaces.begin(), other.namespaces.end());
}

std::string group_kind_text(std::string_view group, std::string_view kind) {
  return group.empty() ? std::string(kind) : std::string(kind) + "." + std::string(group);
}

std::map<std::string, std::string> inventory_annotations(const std::string& set_id, const Inventory& inventory) {
  const std::string kinds = joined(inventory.group_kinds), namespaces = joined(inventory.namespaces);
  return {{std::string(kSetToolingAnnotation), "kro/" + std::string(kKroVersion)},
          {std::string(kSetKindsAnnotation), kinds},
          {std::string(kSetNamespacesAnnotation), namespaces},
          {std::string(kSetHashAnnotation), inventory_hash(set_id, kinds, namespaces)}};
}

Inventory read_inventory(const Value& annotations) {
  return {parts_of(annotations[kSetKindsAnnotation].as_string()), parts_of(annotations[kSetNamespacesAnnotation].as_string())};
}

bool inventory_is_intact(const std::string& set_id, const Value& annotations) {
  return annotations[kSetHashAnnotation].as_string() == inventory_hash(set_id, annotations[kSetKindsAnnotation].as_string(),
                                                                       annotations[kSetNamespacesAnnotation].as_string());
}

PruneScope prune_scope(const Inventory& inventory, std::string_view instance_namespace) {
  PruneScope scope;
  scope.group_kinds.assign(inventory.group_kinds.begin(), inventory.group_kinds.end());
  std::set<std::string> namespaces = inventory.namespaces;
  if (!instance_namespace.empty()) namespaces.emplace(instance_namespace);
  scope.namespaces.assign(namespaces.begin(), namespaces.end());
  return scope;
}

std::vector<std::size_t> next_deletion_wave(const std::vector<Orderable>& children) {
  std::optional<std::int64_t> highest;
  for (const Orderable& child : children) {
    const auto order = parse_integer<std::int64_t>(child.apply_order);
    if (order && *order >= 0 && (!highest || *order > *highest)) highest = order;
  }
  std::vector<std::size_t> out;
  for (const Orderable& child : children) {
    if (!highest || parse_integer<std::int64_t>(child.apply_order) == highest) out.push_back(child.index);
  }
  return out;
}

}  // namespace plinth::compose
