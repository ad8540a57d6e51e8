// Schemas as OpenAPI documents show them.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "api/kind.h"
#include "server/openapi/leaf_types.h"

namespace plinth::server {

enum class OpenApiVersion : std::uint8_t { kV2, kV3 };

// Definition name of a built-in type ("apps.v1.Deployment" -> io.k8s.api.apps.v1.Deployment) and of a custom kind
// (reversed group).
std::string definition_name(std::string_view type_name);
std::string custom_definition_name(std::string_view group, std::string_view version, std::string_view kind);

// Collects the named types that a document refers to, each once.
struct ReferencedTypes {
  std::set<const api::Schema*> seen;
  std::vector<const api::Schema*> queue;
  std::set<const LeafType*> leaves;
  void add(const api::Schema* schema) {
    if (seen.insert(schema).second) queue.push_back(schema);
  }
};

// Appends `schema` as a JSON object. Named types below it become references and are added to `types`; the root itself is
// written out. `extra` is JSON members (with a leading comma) to append, such as x-kubernetes-group-version-kind.
void append_schema(std::string& out, const api::Schema& schema, OpenApiVersion version, ReferencedTypes& types,
                   std::string_view extra);

// The root of a custom kind: its schema with apiVersion, kind and metadata added.
void append_custom_root(std::string& out, const api::Schema& schema, OpenApiVersion version, ReferencedTypes& types,
                        std::string_view extra);

}  // namespace plinth::server
