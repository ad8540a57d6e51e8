// The OpenAPI documents, made from the registry's table when somebody asks and kept until it changes.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "server/kind_registry.h"

namespace plinth::server {

// {"paths":{"api/v1":{"serverRelativeURL":"/openapi/v3/api/v1?hash=H"},...}}. `hash` of a group version changes with its kinds.
std::string openapi_v3_index(const KindTable& table);
std::string openapi_v3_hash(const KindTable& table, std::string_view group, std::string_view version);
// The document of one group version; "" when it is not served.
std::string openapi_v3_document(const KindTable& table, std::string_view group, std::string_view version);

// Swagger 2.0 of everything.
std::string openapi_v2_json(const KindTable& table);

// A swagger document as gnostic's openapi_v2.Document message (google/gnostic-models OpenAPIv2.proto).
Result<std::string> gnostic_document(std::string_view swagger_json);

}  // namespace plinth::server
