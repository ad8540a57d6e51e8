#include "server/object_codec.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "store/record_codec.h"

namespace plinth::server {
namespace {

void append_member(std::string& out, std::string_view key, const Value& value) {
  append_json_string(out, key);
  out += ':';
  append_json(out, value);
  out += ',';
}

store::Labels labels_of(const Value& metadata) {
  store::Labels labels;
  for (const Member& m : metadata["labels"].members()) labels.emplace_back(m.key(), m.value.as_string());
  std::sort(labels.begin(), labels.end());
  return labels;
}

std::vector<std::string> owners_of(const Value& metadata) {
  std::vector<std::string> uids;
  for (const Value& owner : metadata["ownerReferences"].items()) uids.emplace_back(owner["uid"].as_string());
  std::sort(uids.begin(), uids.end());
  uids.erase(std::unique(uids.begin(), uids.end()), uids.end());
  return uids;
}

std::string_view source_of(const api::KindVersion& version, std::string_view field) {
  for (const api::FieldSource& source : version.field_sources) {
    if (source.field == field) return source.from;
  }
  return field;
}

// What a built-in object that leaves a number or a flag out means by that.
std::string_view zero_text(const api::Schema& root, std::string_view path) {
  const api::Schema* schema = &root;
  for (std::string_view step : split(path, '.')) {
    const api::Field* field = schema->field(step);
    if (field == nullptr || field->pointer) return "";
    schema = field->schema;
  }
  if (schema->type == api::SchemaType::kBoolean) return "false";
  return schema->type == api::SchemaType::kInteger ? "0" : "";
}

std::string selectable_text(const Value& object, const api::KindVersion& version, std::string_view field) {
  const std::string_view sources = source_of(version, field);
  for (std::string_view rest = sources; !rest.empty();) {
    const std::size_t bar = rest.find('|');
    std::string text = field_text_at(object, rest.substr(0, bar));
    if (!text.empty()) return text;
    rest = bar == std::string_view::npos ? std::string_view() : rest.substr(bar + 1);
  }
  return version.schema->builtin ? std::string(zero_text(*version.schema, sources)) : std::string();
}

std::vector<std::pair<std::string, std::string>> fields_of(const Value& object, const api::KindVersion& version) {
  std::vector<std::pair<std::string, std::string>> fields;
  fields.reserve(version.selectable_fields.size());
  for (std::string_view path : version.selectable_fields) fields.emplace_back(path, selectable_text(object, version, path));
  std::sort(fields.begin(), fields.end());
  return fields;
}

std::string_view storage_group(const api::KindRow& row) {
  std::string_view group = row.storage_plural.empty() ? row.group : row.storage_group;
  return group.empty() ? std::string_view("core") : group;
}

}  // namespace

store::EncodedObject encode_object(const Value& object, std::string_view managed_fields_json, const api::KindRow& row,
                                   const api::KindVersion& version, std::uint64_t stamp) {
  store::EncodedObject encoded;
  const Value metadata = object["metadata"];
  encoded.uid = metadata["uid"].as_string();
  encoded.labels = labels_of(metadata);
  encoded.owner_uids = owners_of(metadata);
  encoded.fields = fields_of(object, version);
  encoded.schema_stamp = stamp;
  encoded.sensitive = row.sealed;

  std::string& out = encoded.body;
  for (const Member& m : object.members()) {
    if (m.key() == "kind" || m.key() == "apiVersion" || m.key() == "metadata") continue;
    append_member(out, m.key(), m.value);
  }
  encoded.metadata_offset = static_cast<std::uint32_t>(out.size());
  out += "\"metadata\":{";
  for (const Member& m : metadata.members()) {
    if (m.key() == "managedFields" || m.key() == "resourceVersion") continue;
    append_member(out, m.key(), m.value);
  }
  out += "\"resourceVersion\":";
  encoded.revision_slot = static_cast<std::uint32_t>(out.size());
  out.append(store::kRevisionSlotBytes, ' ');
  encoded.managed_fields_cut = static_cast<std::uint32_t>(out.size());
  if (!managed_fields_json.empty() && managed_fields_json != "[]") {
    out += ",\"managedFields\":";
    out += managed_fields_json;
  }
  out += "}}";
  return encoded;
}

std::string group_version(std::string_view group, std::string_view version) {
  std::string out(group);
  if (!group.empty()) out += '/';
  out += version;
  return out;
}

std::string type_header(std::string_view group, std::string_view version, std::string_view kind) {
  std::string out = "\"kind\":";
  append_json_string(out, kind);
  out += ",\"apiVersion\":";
  append_json_string(out, group_version(group, version));
  out += ',';
  return out;
}

ByteChain object_bytes(const store::RecordPtr& record, std::string_view header,
                       const std::shared_ptr<const void>& header_owner) {
  ByteChain chain;
  chain.reserve(3);
  chain.push_back(SharedBytes::literal("{"));
  if (!header.empty()) chain.push_back(SharedBytes(header_owner, header));
  chain.push_back(SharedBytes(record, record->body()));
  return chain;
}

Result<Document> decode_record(const store::Record& record, std::string_view header, bool with_managed_fields) {
  std::string_view body = record.body();
  std::string text;
  text.reserve(header.size() + body.size() + 1);
  text += '{';
  text += header;
  if (with_managed_fields) {
    text += body;
  } else {
    text += body.substr(0, record.managed_fields_cut());
    text += "}}";
  }
  return parse_json(text);
}

Result<store::RecordPtr> make_record(std::string_view key, store::Revision revision, store::Revision create_revision,
                                     const store::EncodedObject& object) {
  store::MutableRecordPtr record = TRY(store::RecordBuilder::build(key, object));
  store::RecordBuilder::stamp(*record, revision, create_revision);
  return store::RecordPtr(std::move(record));
}

std::string_view managed_fields_text(const store::Record& record) {
  constexpr std::string_view kLead = ",\"managedFields\":";
  std::string_view rest = record.body().substr(record.managed_fields_cut());
  if (rest.substr(0, kLead.size()) != kLead) return {};
  return rest.substr(kLead.size(), rest.size() - kLead.size() - 2);
}

std::string_view metadata_text(const store::Record& record) {
  constexpr std::string_view kLead = "\"metadata\":{";
  const std::string_view body = record.body();
  if (body.substr(record.metadata_offset(), kLead.size()) == kLead) return body.substr(record.metadata_offset());
  // Records of earlier releases do not say where. A quote inside a string is escaped, and nothing in metadata before
  // managedFields has a member "metadata" that is an object: the last occurrence is the object's own.
  return body.substr(body.substr(0, record.managed_fields_cut()).rfind(kLead));
}

std::string kind_prefix(const api::KindRow& row) {
  std::string key = "/";
  key += storage_group(row);
  key += '/';
  key += row.storage_plural.empty() ? row.plural : row.storage_plural;
  key += '/';
  return key;
}

std::string namespace_prefix(const api::KindRow& row, std::string_view name_space) {
  std::string key = kind_prefix(row);
  key += name_space;
  key += '/';
  return key;
}

std::string object_key(const api::KindRow& row, std::string_view name_space, std::string_view name) {
  std::string key = namespace_prefix(row, name_space);
  key += name;
  return key;
}

std::string_view key_name(std::string_view key) { return key.substr(key.rfind('/') + 1); }

std::string_view key_namespace(std::string_view key) {
  std::size_t last = key.rfind('/');
  std::size_t before = key.rfind('/', last - 1);
  return key.substr(before + 1, last - before - 1);
}

std::string field_text(const Value& value) {
  switch (value.type()) {
    case Value::Type::kString:
      return std::string(value.as_string());
    case Value::Type::kBool:
      return value.as_bool() ? "true" : "false";
    case Value::Type::kInt:
    case Value::Type::kDouble:
      return to_json(value);
    default:
      return "";
  }
}

std::string field_text_at(const Value& object, std::string_view dotted_path) {
  Value v = object;
  while (!dotted_path.empty()) {
    std::size_t dot = dotted_path.find('.');
    v = v[dotted_path.substr(0, dot)];
    dotted_path = dot == std::string_view::npos ? std::string_view() : dotted_path.substr(dot + 1);
  }
  return field_text(v);
}

}  // namespace plinth::server
