// Removes what a CRD's schema does not declare.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/schema.h"
#include "base/result.h"

namespace plinth::api {

struct PruneOptions {
  bool resource_root = true;                    // apiVersion, kind and metadata of the value itself are kept
  std::vector<std::string>* unknown = nullptr;  // paths of what was removed, sorted
};
// x-kubernetes-preserve-unknown-fields keeps undeclared members (declared ones are pruned below);
// x-kubernetes-embedded-resource keeps apiVersion, kind and metadata.
void prune(Draft& draft, Value& slot, const Schema& schema, const PruneOptions& options = {});

// Checks apiVersion and kind and brings metadata into the form of ObjectMeta, at the root and in embedded resources. With
// `drop_invalid`, malformed fields are removed instead of refused. The error's text begins with the field.
struct CoerceOptions {
  bool resource_root = true;
  bool drop_invalid = false;
  std::vector<std::string>* unknown = nullptr;
};
Result<void> coerce_metadata(Draft& draft, Value& slot, const Schema& schema, const CoerceOptions& options = {});

// Both, in the order of a request.
Result<void> decode_custom(Draft& draft, Value& slot, const Schema& schema, std::vector<std::string>* unknown);

}  // namespace plinth::api
