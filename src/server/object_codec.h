// Objects between their document form and the bytes at rest (store::EncodedObject), and from there to a client.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "api/kind.h"
#include "base/bytes.h"
#include "base/result.h"
#include "base/value.h"
#include "store/store.h"

namespace plinth::server {

// `object` is complete but for resourceVersion; metadata.managedFields is given apart as JSON text ("" or "[]": none).
store::EncodedObject encode_object(const Value& object, std::string_view managed_fields_json, const api::KindRow& row,
                                   const api::KindVersion& version, std::uint64_t stamp);

// `"kind":"Deployment","apiVersion":"apps/v1",` - what goes between "{" and a body.
std::string type_header(std::string_view group, std::string_view version, std::string_view kind);
// "apps/v1", or "v1" for the core group.
std::string group_version(std::string_view group, std::string_view version);

// The object as sent: "{" + header + body.
ByteChain object_bytes(const store::RecordPtr& record, std::string_view header,
                       const std::shared_ptr<const void>& header_owner);

// A record's document with kind and apiVersion set. `with_managed_fields` false parses less.
Result<Document> decode_record(const store::Record& record, std::string_view header, bool with_managed_fields);
// A record that is not (yet) in the store: dry runs, other forms of a stored one.
Result<store::RecordPtr> make_record(std::string_view key, store::Revision revision, store::Revision create_revision,
                                     const store::EncodedObject& object);
// The JSON array text of a record's managedFields; "" when there are none.
std::string_view managed_fields_text(const store::Record& record);

// `"metadata":{...}}`: the end of the body from metadata on.
std::string_view metadata_text(const store::Record& record);

// "/apps/deployments/ns/name"; namespace "" for cluster scope.
std::string object_key(const api::KindRow& row, std::string_view name_space, std::string_view name);
// Prefix of all objects of a kind ("/apps/deployments/"), or of one namespace.
std::string kind_prefix(const api::KindRow& row);
std::string namespace_prefix(const api::KindRow& row, std::string_view name_space);
// The parts of a key.
std::string_view key_namespace(std::string_view key);
std::string_view key_name(std::string_view key);

// A scalar as a field selector sees it: strings as they are, numbers and booleans printed, anything else "".
std::string field_text(const Value& value);
// Value at a dotted path ("spec.nodeName") as field text.
std::string field_text_at(const Value& object, std::string_view dotted_path);

}  // namespace plinth::server
