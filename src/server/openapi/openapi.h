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

// Swagger 2.0 of everything, as JSON or as gnostic's openapi_v2.Document message (google/gnostic-models OpenAPIv2.proto):
// megabytes, made in pieces of which none holds a loop for long. Single-threaded.
class SwaggerBuilder {
 public:
  enum class Form : std::uint8_t { kJson, kProtobuf };
  SwaggerBuilder(KindTablePtr table, Form form);
  ~SwaggerBuilder();
  // Makes the next piece; false when there is none.
  bool step();
  // Once, at the end.
  std::string take();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The whole at once, for tools and tests.
std::string openapi_v2_json(KindTablePtr table);
Result<std::string> gnostic_document(std::string_view swagger_json);

// Parts of gnostic's document: the entries of `paths` and of `definitions` from JSON objects, and what stands around them.
Result<std::string> gnostic_paths(std::string_view json);
Result<std::string> gnostic_definitions(std::string_view json);
std::string gnostic_around(const Value& info, std::string_view paths, std::string_view definitions);

}  // namespace plinth::server
