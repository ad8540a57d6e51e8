#include "server/write/object_form.h"

#include "api/cel/schema_rules.h"
#include "api/decode.h"
#include "api/default.h"
#include "api/prune.h"
#include "api/strategies/object_meta.h"
#include "api/strategies/object_rules.h"
#include "api/strategies/strategy.h"
#include "api/validate.h"
#include "base/quoted.h"
#include "server/custom_kind.h"
#include "server/object_codec.h"
#include "server/read/current_forms.h"
#include "server/read/schema_upgrade.h"
#include "server/status.h"
#include "server/write/request_body.h"

namespace plinth::server {
namespace {

std::string cannot_be_handled(const ResolvedKind& kind) {
  const std::string name(kind.row->kind);
  return name + " in version " + quoted(kind.version->name) + " cannot be handled as a " + name + ": ";
}

// The body must say what it is, and that must be what the URL says.
Result<void> check_type(const ResolvedKind& kind, const Value& body) {
  if (!body.is_object())
    return bad_request("the object provided is unrecognized (must be of type " + std::string(kind.row->kind) +
                       "): it is not an object");
  const std::string wanted = group_version(kind.row->group, kind.version->name);
  const std::string_view api_version = body["apiVersion"].as_string();
  const std::string_view name = body["kind"].as_string();
  if (!api_version.empty() && api_version != wanted) {
    return bad_request("the API version in the data (" + std::string(api_version) +
                       ") does not match the expected API version (" + wanted + ")");
  }
  if (!name.empty() && name != kind.row->kind) {
    return bad_request(cannot_be_handled(kind) + "no kind " + quoted(name) + " is registered for version " + quoted(wanted) +
                       ": the request is for a " + std::string(kind.row->kind));
  }
  if (!kind.row->builtin && (name.empty() || api_version.empty())) {
    return bad_request(std::string("the object provided is unrecognized (must be of type ") + std::string(kind.row->kind) +
                       "): " + (name.empty() ? "Object 'Kind' is missing" : "Object 'apiVersion' is missing"));
  }
  return {};
}

// The row and version that a converted version's objects are stored as: another version of the kind, or the kind whose place it
// shares.
std::pair<const api::KindRow*, const api::KindVersion*> storage_form(const ResolvedKind& kind) {
  const bool shared = !kind.row->storage_plural.empty();
  for (const api::KindRow& row : api::builtin_kinds()) {
    if (shared ? row.group != kind.row->storage_group || row.plural != kind.row->storage_plural : &row != kind.row) continue;
    for (const api::KindVersion& version : row.versions) {
      if (version.storage && version.conversion.empty()) return {&row, &version};
    }
  }
  return {kind.row, kind.version};
}

const api::KindVersion& storage_version(const api::KindRow& row) {
  for (const api::KindVersion& version : row.versions) {
    if (version.storage) return version;
  }
  return row.versions.front();
}

// What a client sent through another version than the stored one. That one's defaults are set by whoever reads.
store::EncodedObject encode_custom(const ResolvedKind& kind, const api::KindVersion& storage, const Value& object,
                                   const Ownership& ownership) {
  kind.custom->ensure_schema(storage);
  Draft stored;
  stored.root() = stored.clone(object);
  api::prune(stored, stored.root(), *storage.schema);
  Draft read(stored.view());
  api::apply_defaults(read, read.root(), *storage.schema);
  const bool is_in_shape = equal(read.root(), stored.root());
  return encode_object(stored.root(), ownership.json(), *kind.row, storage,
                       is_in_shape ? storage.stamp : make_stamp(storage.name, 0));
}

void set_type(const ResolvedKind& kind, Draft& object) {
  object.set(object.root(), "apiVersion", group_version(kind.row->group, kind.version->name));
  object.set(object.root(), "kind", kind.row->kind);
}

}  // namespace

Result<Document> read_body(const Exchange& exchange, const ResolvedKind& kind, std::vector<std::string>& duplicates) {
  const bool protobuf = kind.row->builtin && kind.version->schema != nullptr;
  return read_document(exchange, protobuf ? kind.version->schema->name : std::string_view(), duplicates);
}

namespace {

Result<Draft> decode_shared(Exchange& exchange, const ResolvedKind& kind, const Document& document, FieldValidation validation,
                            const std::vector<std::string>& duplicates, const Arena* decoded) {
  TRY(check_type(kind, document.root()));
  Draft object(document);
  set_type(kind, object);
  const api::DecodeTarget target{kind.version->schema, kind.row->kind, kind.version->name, decoded};
  const std::vector<std::string> warnings = TRY(api::decode(object, target, validation, duplicates));
  for (const std::string& warning : warnings) exchange.warn(warning);
  Value& metadata = object.member(object.root(), "metadata");
  if (!metadata.is_object()) metadata = object.object();
  object.remove(metadata, "managedFields");
  return object;
}

}  // namespace

Result<Draft> decode_object(Exchange& exchange, const ResolvedKind& kind, const Document& document, FieldValidation validation,
                            const std::vector<std::string>& duplicates) {
  return decode_shared(exchange, kind, document, validation, duplicates, nullptr);
}

Result<Draft> form_object(Exchange& exchange, const ResolvedKind& kind, const Document& document, FieldValidation validation,
                          const std::vector<std::string>& duplicates, const Arena* in_form) {
  Draft object = TRY(decode_shared(exchange, kind, document, validation, duplicates, in_form));
  TRY(default_object(kind, object, in_form));
  return object;
}

const Arena* storage_in_form(const ResolvedKind& kind, const store::Record& record, const Document& stored) {
  const bool as_stored = kind.row->builtin && kind.row->versions.size() == 1 && kind.version->conversion.empty() &&
                         kind.version->stamp == record.schema_stamp();
  return as_stored ? stored.arena().get() : nullptr;
}

Result<void> decode_changed(const ResolvedKind& kind, Draft& object) {
  const api::DecodeTarget target{kind.version->schema, kind.row->kind, kind.version->name};
  auto decoded = api::decode(object, target, api::FieldValidation::kIgnore, {});
  if (!decoded.ok())
    return internal_error("what admission webhooks made of the object cannot be read: " + decoded.error().message());
  return {};
}

Result<void> default_object(const ResolvedKind& kind, Draft& object, const Arena* in_form) {
  api::default_object(object, *kind.row, *kind.version, in_form);
  return {};
}

api::FieldErrors validate_object(const ResolvedKind& kind, std::string_view subresource, const Value& object, const Value* old,
                                 std::vector<std::string>& warnings, const Arena* in_form, api::CostAllowance& allowance) {
  if (kind.row->builtin) return api::validate_object(object, old, *kind.row, *kind.version, subresource, in_form);
  api::FieldErrors errors;
  if (old == nullptr)
    api::validate_metadata(object, *kind.row, errors);
  else
    api::validate_metadata_update(object, *old, *kind.row, errors);
  api::append_distinct(errors, api::validate(*kind.version->schema, object, {old, kind.custom->patterns(*kind.version)}));
  if (const api::SchemaRules* rules = kind.custom->rules(*kind.version)) {
    if (api::blocks_rules(errors))
      errors.push_back(api::rules_not_checked());
    else
      rules->validate(object, old, errors, warnings, allowance);
  }
  return errors;
}

std::vector<std::string> object_warnings(const ResolvedKind& kind, const Value& object, const Value* old) {
  api::Warnings warnings;
  const api::Strategy* strategy = api::find_strategy(*kind.row);
  if (strategy != nullptr && strategy->warnings != nullptr)
    strategy->warnings(object, old != nullptr ? *old : Value(), warnings);
  return warnings;
}

store::EncodedObject encode_for_storage(const ResolvedKind& kind, const Value& object, const Ownership& ownership) {
  if (kind.custom) {
    const api::KindVersion& storage = storage_version(*kind.row);
    if (!same_shape(storage.stamp, kind.version->stamp)) return encode_custom(kind, storage, object, ownership);
    return encode_object(object, ownership.json(), *kind.row, storage, storage.stamp);
  }
  const api::Conversion* conversion = conversion_of(*kind.version);
  if (conversion == nullptr) return encode_object(object, ownership.json(), *kind.row, *kind.version, kind.version->stamp);
  // At rest there is one form of an object, whichever version it came in.
  const auto [row, version] = storage_form(kind);
  Draft stored;
  stored.root() = stored.clone(object);
  conversion->to_storage(stored);
  api::default_object(stored, *row, *version);
  return encode_object(stored.root(), ownership.json(), *row, *version, version->stamp);
}

}  // namespace plinth::server
