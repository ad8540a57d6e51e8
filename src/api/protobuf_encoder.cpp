#include "api/protobuf_encoder.h"

#include <algorithm>
#include <bit>

#include "api/go_base64.h"
#include "api/leaf.h"
#include "api/wire_reader.h"
#include "base/json.h"
#include "base/time_text.h"

namespace plinth::api {
namespace {

constexpr std::string_view kMagic{"k8s\0", 4};

void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7f) | 0x80);
  out += static_cast<char>(value);
}

void append_tag(std::string& out, std::uint32_t number, WireType type) {
  append_varint(out, std::uint64_t{number} << 3 | static_cast<std::uint64_t>(type));
}

void append_number(std::string& out, std::uint32_t number, std::int64_t value) {
  append_tag(out, number, WireType::kVarint);
  append_varint(out, static_cast<std::uint64_t>(value));  // negative ones take ten bytes, as in Go
}

// A field whose content `write` appends; its length comes in front once it is known.
template <typename Write>
void append_message(std::string& out, std::uint32_t number, Write write) {
  append_tag(out, number, WireType::kBytes);
  const std::size_t at = out.size();
  write();
  std::string length;
  append_varint(length, out.size() - at);
  out.insert(at, length);
}

bool is_scalar(const Schema& schema) {
  return schema.wire == Wire::kPlain &&
         (schema.type == SchemaType::kInteger || schema.type == SchemaType::kBoolean || schema.type == SchemaType::kNumber);
}

bool is_list(const Schema& schema) { return schema.wire == Wire::kPlain && schema.type == SchemaType::kArray; }
bool is_map(const Schema& schema) {
  return schema.wire == Wire::kPlain && schema.type == SchemaType::kObject && schema.additional != nullptr;
}

void append_time(std::string& out, const Value& value, bool micro) {
  const auto time = micro ? parse_rfc3339_micro(value.as_string()) : parse_rfc3339(value.as_string());
  if (!time) return;
  append_number(out, 1, time->seconds);
  append_number(out, 2, micro ? time->nanos : 0);
}

}  // namespace

void append_bytes_field(std::string& out, std::uint32_t number, std::string_view bytes) {
  append_tag(out, number, WireType::kBytes);
  append_varint(out, bytes.size());
  out += bytes;
}

void ProtobufEncoder::message(const Value& object, const Schema& schema, std::string& out) { fields(object, schema, {}, out); }

const ProtobufEncoder::Slots& ProtobufEncoder::slots_of(const Schema& schema, const Prefix& prefix) {
  auto [it, is_new] = slots_.try_emplace({&schema, prefix});
  if (!is_new) return it->second;
  Slots& slots = it->second;
  for (const Field& field : schema.fields) {
    if (field.pb_path.size() <= prefix.size() || !std::equal(prefix.begin(), prefix.end(), field.pb_path.begin())) continue;
    const bool embedded = field.pb_path.size() > prefix.size() + 1;
    slots.push_back({field.pb_path[prefix.size()], embedded ? nullptr : &field});
  }
  std::sort(slots.begin(), slots.end(), [](const Slot& a, const Slot& b) { return a.number < b.number; });
  slots.erase(std::unique(slots.begin(), slots.end(), [](const Slot& a, const Slot& b) { return a.number == b.number; }),
              slots.end());
  return slots;
}

void ProtobufEncoder::fields(const Value& object, const Schema& schema, const Prefix& prefix, std::string& out) {
  for (const Slot& slot : slots_of(schema, prefix)) {
    if (slot.field != nullptr) {
      field(object.find(slot.field->name), *slot.field, slot.number, out);
      continue;
    }
    Prefix inner = prefix;
    inner.push_back(slot.number);
    append_message(out, slot.number, [&] { fields(object, schema, inner, out); });
  }
}

void ProtobufEncoder::field(const Value* value, const Field& field, std::uint16_t number, std::string& out) {
  const Schema& schema = *field.schema;
  const bool is_set = value != nullptr && !value->is_null();
  if (is_list(schema)) {
    if (!is_set) return;
    for (const Value& item : value->items()) single(item, *schema.items, number, out);
  } else if (is_map(schema)) {
    if (is_set) map(*value, *schema.additional, number, out);
  } else if (is_set) {
    single(*value, schema, number, out);
  } else if (!field.pointer && schema.wire != Wire::kBytes && schema.wire != Wire::kStringList) {
    single(go_zero(schema), schema, number, out);  // Go writes what is no pointer even where it is zero
  }
}

// Entries in order of their keys.
void ProtobufEncoder::map(const Value& object, const Schema& values, std::uint16_t number, std::string& out) {
  std::vector<const Member*> entries;
  for (const Member& m : object.members()) entries.push_back(&m);
  std::sort(entries.begin(), entries.end(), [](const Member* a, const Member* b) { return a->key() < b->key(); });
  for (const Member* entry : entries) {
    append_message(out, number, [&] {
      append_bytes_field(out, 1, entry->key());
      if (!entry->value.is_null() || values.wire != Wire::kBytes) single(entry->value, values, 2, out);
    });
  }
}

void ProtobufEncoder::single(const Value& value, const Schema& schema, std::uint16_t number, std::string& out) {
  if (is_scalar(schema)) {
    if (schema.type == SchemaType::kNumber) {
      append_tag(out, number, WireType::kFixed64);
      const auto bits = std::bit_cast<std::uint64_t>(value.as_double());
      for (int shift = 0; shift < 64; shift += 8) out += static_cast<char>(bits >> shift);
    } else {
      append_number(out, number, schema.type == SchemaType::kBoolean ? (value.as_bool() ? 1 : 0) : value.as_int());
    }
  } else if (schema.wire == Wire::kPlain && schema.type == SchemaType::kString) {
    append_bytes_field(out, number, value.as_string());
  } else {
    append_message(out, number, [&] {
      if (schema.wire == Wire::kPlain)
        message(value, schema, out);
      else
        known(value, schema, out);
    });
  }
}

void ProtobufEncoder::known(const Value& value, const Schema& schema, std::string& out) {
  switch (schema.wire) {
    case Wire::kTime:
      return append_time(out, value, false);
    case Wire::kMicroTime:
      return append_time(out, value, true);
    case Wire::kQuantity:
      return append_bytes_field(out, 1, value.is_string() ? value.as_string() : "0");
    case Wire::kIntOrString:
      append_number(out, 1, value.is_string() ? 1 : 0);
      append_number(out, 2, value.as_int());
      return append_bytes_field(out, 3, value.as_string());
    case Wire::kDuration:
      return append_number(out, 1, parse_duration(value.as_string()).value_or(std::chrono::nanoseconds(0)).count());
    case Wire::kBytes: {
      if (auto bytes = go_base64_decode(value.as_string()); bytes.ok()) out += *bytes;
      return;
    }
    case Wire::kRawExtension:
    case Wire::kFieldsV1:
    case Wire::kJson:
      if (!value.is_null()) append_bytes_field(out, 1, to_json(value));
      return;
    case Wire::kStringList:
      for (const Value& item : value.items()) append_bytes_field(out, 1, item.as_string());
      return;
    case Wire::kSchemaOrBool:
    case Wire::kSchemaOrArray:
    case Wire::kSchemaOrStringArray:
      return schema_or(value, schema, out);
    case Wire::kPlain:
      return;
  }
}

// {allows=1, schema=2}, {schema=1, jSONSchemas=2} or {schema=1, property=2}
void ProtobufEncoder::schema_or(const Value& value, const Schema& schema, std::string& out) {
  const bool or_bool = schema.wire == Wire::kSchemaOrBool;
  if (or_bool) append_number(out, 1, value.is_object() || value.as_bool() ? 1 : 0);
  if (value.is_object()) append_message(out, or_bool ? 2 : 1, [&] { message(value, *schema.additional, out); });
  for (const Value& item : value.items()) {
    if (schema.wire == Wire::kSchemaOrStringArray)
      append_bytes_field(out, 2, item.as_string());
    else
      append_message(out, 2, [&] { message(item, *schema.additional, out); });
  }
}

std::string protobuf_head(std::string_view api_version, std::string_view kind, std::size_t raw_bytes) {
  std::string type;
  append_bytes_field(type, 1, api_version);
  append_bytes_field(type, 2, kind);
  std::string out(kMagic);
  append_bytes_field(out, 1, type);
  append_tag(out, 2, WireType::kBytes);
  append_varint(out, raw_bytes);
  return out;
}

// contentEncoding and contentType, both empty.
std::string_view protobuf_tail() { return {"\x1a\x00\x22\x00", 4}; }

std::string seal_protobuf(std::string_view api_version, std::string_view kind, std::string_view raw) {
  std::string out = protobuf_head(api_version, kind, raw.size());
  out += raw;
  out += protobuf_tail();
  return out;
}

}  // namespace plinth::api
