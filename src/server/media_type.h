// Content negotiation: what a body is, and which form of an answer a client accepts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace plinth::server {

enum class BodyFormat : std::uint8_t { kJson, kYaml, kProtobuf };

// Of a request body; an empty header means JSON. 415 for anything else (and for protobuf where it is not `allow_protobuf`).
Result<BodyFormat> request_format(std::string_view content_type, bool allow_protobuf);

enum class Transform : std::uint8_t { kNone, kTable, kPartialObjectMetadata, kPartialObjectMetadataList };

struct Accepted {
  Transform transform = Transform::kNone;
  bool yaml = false;                     // application/yaml instead of JSON
  bool protobuf = false;                 // neither of them is acceptable
  std::string_view meta_version = "v1";  // of the transform: "v1" or "v1beta1"
  bool pretty = false;
};

// For objects and lists. 406 when no clause can be served. JSON is what is stored, so protobuf is for clients that accept
// nothing else. Custom kinds have no protobuf form (`builtin` false) but for their metadata alone; Tables have none.
Result<Accepted> negotiate_object(std::string_view accept, bool builtin);

// For answers that are not stored objects (reviews, tokens): they have no Table and no metadata to show alone.
Result<Accepted> negotiate_plain(std::string_view accept);

// For Status and other answers that have one form only: JSON, unless protobuf alone is acceptable.
Accepted negotiate_status(std::string_view accept);

enum class DiscoveryForm : std::uint8_t { kPlain, kAggregatedV2, kAggregatedV2Beta1 };
Result<DiscoveryForm> negotiate_discovery(std::string_view accept);

enum class OpenApiForm : std::uint8_t { kJson, kProtobuf };
Result<OpenApiForm> negotiate_openapi(std::string_view accept);

// Iterates the clauses of an Accept header in order of preference (q, then order).
struct AcceptClause {
  std::string type;                                             // "application/json"
  std::vector<std::pair<std::string, std::string>> parameters;  // without q
  double q = 1;
  std::string_view parameter(std::string_view name) const;
};
std::vector<AcceptClause> parse_accept(std::string_view accept);

}  // namespace plinth::server
