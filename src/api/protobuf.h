// Request bodies in Kubernetes' protobuf form, decoded straight into documents along the schema of the kind.
#pragma once

#include <string_view>

#include "api/schema.h"
#include "base/result.h"
#include "base/value.h"

namespace plinth::api {

// Whether a body begins with the magic bytes "k8s\0".
bool is_protobuf(std::string_view body);

// The message runtime.Unknown around every body. Views into the body.
struct ProtobufEnvelope {
  std::string_view api_version, kind;
  std::string_view raw;           // the kind's own message
  std::string_view content_type;  // of raw; "" is protobuf
};
Result<ProtobufEnvelope> open_protobuf(std::string_view body);

// The object as Go's decoder would show it in JSON: a zero of a field that is no pointer is unset, a pointer's presence is
// kept, inlined structs are flat, quantities are canonical. apiVersion and kind come first. Unknown field numbers are skipped;
// what is malformed is a BadRequest. `schema` is that of envelope.kind. Needs no further decode().
Result<Document> decode_protobuf(const ProtobufEnvelope& envelope, const Schema& schema);

}  // namespace plinth::api
