// What a change of a generated CRD means for the instances that exist: the whole CRD is compared, and what is not known to be
// harmless counts as breaking.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/value.h"

namespace plinth::compose {

struct SchemaChange {
  bool breaking = false;
  std::string path;  // "spec.properties.ingress.host"
  std::string text;  // "Property host was removed"
};

// Both are CRDs with one version.
std::vector<SchemaChange> compare_crds(const Value& existing, const Value& desired);

// `cannot update CRD X: breaking changes detected: A; B; C; and 2 more changes`, or ok.
Result<void> check_breaking_changes(std::string_view crd_name, const std::vector<SchemaChange>& changes);

}  // namespace plinth::compose
