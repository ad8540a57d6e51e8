#include "api/protobuf.h"

#include <bit>
#include <string>

#include "api/leaf.h"
#include "api/quantity.h"
#include "api/wire_reader.h"
#include "base/base64.h"
#include "base/json.h"
#include "base/quoted.h"
#include "base/time_text.h"
#include "base/utf8.h"

namespace plinth::api {
namespace {

constexpr std::string_view kMagic{"k8s\0", 4};
constexpr int kDepthMax = 256;  // nested messages

Error malformed(std::string_view what) { return bad_request("the protobuf body is malformed: " + std::string(what)); }

struct TimeFields {
  std::int64_t seconds = 0;
  std::int32_t nanos = 0;
};

class MessageDecoder {
 public:
  explicit MessageDecoder(Draft& draft) : draft_(draft) {}

  // Fields of `schema` whose path begins with `prefix`, into `out` (an object of the draft).
  Result<void> message(std::string_view bytes, const Schema& schema, std::span<const std::uint16_t> prefix, int depth,
                       Value& out) {
    if (depth > kDepthMax) return malformed("too deeply nested");
    WireReader reader(bytes);
    while (reader.next()) {
      const Field* field = find(schema, prefix, reader.number());
      if (field == nullptr) continue;
      if (field->pb_path.size() > prefix.size() + 1) {
        // A struct that Go embeds: its fields are members of this object.
        if (reader.type() != WireType::kBytes) return wrong_type(field->name);
        TRY(message(reader.bytes(), schema, field->pb_path.first(prefix.size() + 1), depth + 1, out));
      } else {
        TRY(set_field(*field, reader, depth, out));
      }
    }
    if (!reader.ok())
      return malformed("unexpected end or bad tag in " + (schema.name.empty() ? "a message" : std::string(schema.name)));
    return {};
  }

 private:
  static Error wrong_type(std::string_view field) { return malformed("wrong wire type of field " + quoted(field)); }

  static const Field* find(const Schema& schema, std::span<const std::uint16_t> prefix, std::uint32_t number) {
    for (const Field& field : schema.fields) {
      if (field.pb_path.size() <= prefix.size() || field.pb_path[prefix.size()] != number) continue;
      if (std::equal(prefix.begin(), prefix.end(), field.pb_path.begin())) return &field;
    }
    return nullptr;
  }

  Result<void> set_field(const Field& field, const WireReader& reader, int depth, Value& out) {
    const Schema& s = *field.schema;
    if (s.wire == Wire::kPlain && s.type == SchemaType::kArray) return append(field, reader, depth, out);
    if (s.wire == Wire::kPlain && s.type == SchemaType::kObject && s.additional != nullptr)
      return add_entry(field, reader, depth, out);
    Value value = TRY(single(s, reader, field.name, depth));
    const bool unset = value.is_null() || (!field.pointer && is_go_zero(value) && field.omit_empty);
    if (unset || (!field.pointer && value.is_object() && value.size() == 0)) return {};
    draft_.set(out, field.name, value);
    return {};
  }

  Result<void> append(const Field& field, const WireReader& reader, int depth, Value& out) {
    const Schema& items = *field.schema->items;
    const bool numeric =
        items.wire == Wire::kPlain && (items.type == SchemaType::kInteger || items.type == SchemaType::kBoolean);
    if (numeric && reader.type() == WireType::kBytes) {
      std::string_view rest = reader.bytes();
      while (!rest.empty()) {
        std::uint64_t one = 0;
        if (!WireReader::take_varint(rest, one)) return malformed("packed field " + quoted(field.name));
        draft_.push(list_of(field, out), scalar(items, one));
      }
      return {};
    }
    const Value value = TRY(single(items, reader, field.name, depth));
    draft_.push(list_of(field, out), value);
    return {};
  }

  Value& list_of(const Field& field, Value& out) {
    Value& slot = draft_.member(out, field.name);
    if (!slot.is_array()) slot = draft_.array();
    return slot;
  }

  Result<void> add_entry(const Field& field, const WireReader& reader, int depth, Value& out) {
    if (reader.type() != WireType::kBytes) return wrong_type(field.name);
    const Schema& additional = *field.schema->additional;
    WireReader entry(reader.bytes());
    std::string_view key;
    Value value = go_zero(additional);
    while (entry.next()) {
      if (entry.number() == 1 && entry.type() == WireType::kBytes) key = entry.bytes();
      if (entry.number() == 2) value = TRY(single(additional, entry, field.name, depth));
    }
    if (!entry.ok()) return malformed("entry of map " + quoted(field.name));
    if (!is_utf8(key)) return malformed("key of map " + quoted(field.name) + " is not UTF-8");
    Value& slot = draft_.member(out, field.name);
    if (!slot.is_object()) slot = draft_.object();
    draft_.set(slot, key, value);
    return {};
  }

  Value scalar(const Schema& s, std::uint64_t raw) {
    if (s.type == SchemaType::kBoolean) return Value::of(raw != 0);
    if (s.format == "int32") return Value::of(std::int64_t{static_cast<std::int32_t>(raw)});
    return Value::of(static_cast<std::int64_t>(raw));
  }

  // One value, whatever holds it.
  Result<Value> single(const Schema& s, const WireReader& reader, std::string_view name, int depth) {
    const bool scalar_type = s.wire == Wire::kPlain && (s.type == SchemaType::kInteger || s.type == SchemaType::kBoolean ||
                                                        s.type == SchemaType::kNumber);
    if (scalar_type) {
      const WireType wanted = s.type == SchemaType::kNumber ? WireType::kFixed64 : WireType::kVarint;
      if (reader.type() != wanted) return wrong_type(name);
      if (s.type == SchemaType::kNumber) return Value::of(std::bit_cast<double>(reader.varint()));
      return scalar(s, reader.varint());
    }
    if (reader.type() != WireType::kBytes) return wrong_type(name);
    const std::string_view bytes = reader.bytes();
    if (s.wire != Wire::kPlain) return known(s, bytes, name, depth + 1);
    if (s.type == SchemaType::kString) return text(bytes, name);
    Value out = draft_.object();
    TRY(message(bytes, s, {}, depth + 1, out));
    return out;
  }

  Result<Value> text(std::string_view bytes, std::string_view name) {
    if (!is_utf8(bytes)) return malformed("field " + quoted(name) + " is not UTF-8");
    return draft_.text(bytes);
  }

  // The only field of a message that wraps one: number 1.
  Result<std::string_view> wrapped(std::string_view bytes, std::string_view name) {
    WireReader reader(bytes);
    std::string_view out;
    while (reader.next()) {
      if (reader.number() == 1 && reader.type() == WireType::kBytes) out = reader.bytes();
    }
    if (!reader.ok()) return malformed("field " + quoted(name));
    return out;
  }

  Result<Value> json(std::string_view bytes, std::string_view name) {
    const std::string_view text = TRY(wrapped(bytes, name));
    if (text.empty()) return Value();
    if (text.substr(0, kMagic.size()) == kMagic)
      return bad_request("field " + quoted(name) + " holds protobuf; only JSON is supported there");
    return draft_.adopt(TRY(parse_json(text)));
  }

  Result<Value> known(const Schema& s, std::string_view bytes, std::string_view name, int depth) {
    switch (s.wire) {
      case Wire::kTime:
      case Wire::kMicroTime:
        return time(bytes, s.wire == Wire::kMicroTime, name);
      case Wire::kQuantity: {
        std::string_view in = TRY(wrapped(bytes, name));
        if (in.empty()) in = "0";
        std::string canonical(in);
        TRY(canonical_quantity(in, canonical));
        return draft_.text(canonical);
      }
      case Wire::kIntOrString:
        return int_or_string(bytes, name);
      case Wire::kDuration:
        return duration(bytes, name);
      case Wire::kBytes:
        return draft_.text(base64_encode(bytes));
      case Wire::kRawExtension:
      case Wire::kFieldsV1:
      case Wire::kJson:
        return json(bytes, name);
      case Wire::kSchemaOrBool:
      case Wire::kSchemaOrArray:
      case Wire::kSchemaOrStringArray:
        return schema_or(s, bytes, name, depth);
      case Wire::kStringList:
        return string_list(bytes, 1, name);
      case Wire::kPlain:
        break;
    }
    return Value();
  }

  Result<Value> time(std::string_view bytes, bool micro, std::string_view name) {
    if (bytes.empty()) return Value();
    WireReader reader(bytes);
    TimeFields t;
    while (reader.next()) {
      if (reader.number() == 1 && reader.type() == WireType::kVarint) t.seconds = static_cast<std::int64_t>(reader.varint());
      if (reader.number() == 2 && reader.type() == WireType::kVarint) t.nanos = static_cast<std::int32_t>(reader.varint());
    }
    const bool in_range = t.seconds >= -62167219200 && t.seconds <= 253402300799 && t.nanos >= 0 && t.nanos < 1'000'000'000;
    if (!reader.ok() || !in_range) return malformed("time of field " + quoted(name));
    return draft_.text(micro ? format_rfc3339_micro(TimeStamp{t.seconds, t.nanos}) : format_rfc3339(TimeStamp{t.seconds, 0}));
  }

  Result<Value> int_or_string(std::string_view bytes, std::string_view name) {
    WireReader reader(bytes);
    bool is_text = false;
    std::int32_t number = 0;
    std::string_view string;
    while (reader.next()) {
      if (reader.number() == 1 && reader.type() == WireType::kVarint) is_text = reader.varint() == 1;
      if (reader.number() == 2 && reader.type() == WireType::kVarint) number = static_cast<std::int32_t>(reader.varint());
      if (reader.number() == 3 && reader.type() == WireType::kBytes) string = reader.bytes();
    }
    if (!reader.ok()) return malformed("field " + quoted(name));
    if (is_text) return text(string, name);
    return Value::of(std::int64_t{number});
  }

  Result<Value> duration(std::string_view bytes, std::string_view name) {
    WireReader reader(bytes);
    std::int64_t nanos = 0;
    while (reader.next()) {
      if (reader.number() == 1 && reader.type() == WireType::kVarint) nanos = static_cast<std::int64_t>(reader.varint());
    }
    if (!reader.ok()) return malformed("field " + quoted(name));
    return draft_.text(format_duration(std::chrono::nanoseconds(nanos)));
  }

  Result<Value> string_list(std::string_view bytes, std::uint32_t number, std::string_view name) {
    WireReader reader(bytes);
    Value out = draft_.array();
    while (reader.next()) {
      if (reader.number() == number && reader.type() == WireType::kBytes) draft_.push(out, TRY(text(reader.bytes(), name)));
    }
    if (!reader.ok()) return malformed("field " + quoted(name));
    return out;
  }

  // {allows=1, schema=2}, {schema=1, jSONSchemas=2} or {schema=1, property=2}
  Result<Value> schema_or(const Schema& s, std::string_view bytes, std::string_view name, int depth) {
    const std::uint32_t schema_number = s.wire == Wire::kSchemaOrBool ? 2 : 1;
    WireReader reader(bytes);
    Value one, list;
    bool allows = false;
    while (reader.next()) {
      if (reader.number() == schema_number && reader.type() == WireType::kBytes) {
        one = draft_.object();
        TRY(message(reader.bytes(), *s.additional, {}, depth + 1, one));
      } else if (s.wire == Wire::kSchemaOrBool && reader.number() == 1) {
        allows = reader.varint() != 0;
      } else if (s.wire == Wire::kSchemaOrArray && reader.number() == 2 && reader.type() == WireType::kBytes) {
        Value item = draft_.object();
        TRY(message(reader.bytes(), *s.additional, {}, depth + 1, item));
        if (!list.is_array()) list = draft_.array();
        draft_.push(list, item);
      }
    }
    if (!reader.ok()) return malformed("field " + quoted(name));
    if (s.wire == Wire::kSchemaOrStringArray && one.is_null()) return string_list(bytes, 2, name);
    if (s.wire == Wire::kSchemaOrBool && one.is_null()) return Value::of(allows);
    return one.is_null() ? list : one;
  }

  Draft& draft_;
};

}  // namespace

bool is_protobuf(std::string_view body) { return body.substr(0, kMagic.size()) == kMagic; }

Result<ProtobufEnvelope> open_protobuf(std::string_view body) {
  if (!is_protobuf(body))
    return bad_request("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
  ProtobufEnvelope out;
  WireReader reader(body.substr(kMagic.size()));
  while (reader.next()) {
    if (reader.type() != WireType::kBytes) continue;
    if (reader.number() == 2) out.raw = reader.bytes();
    if (reader.number() == 4) out.content_type = reader.bytes();
    if (reader.number() != 1) continue;
    WireReader type_meta(reader.bytes());
    while (type_meta.next()) {
      if (type_meta.type() != WireType::kBytes) continue;
      if (type_meta.number() == 1) out.api_version = type_meta.bytes();
      if (type_meta.number() == 2) out.kind = type_meta.bytes();
    }
    if (!type_meta.ok()) return malformed("its type");
  }
  if (!reader.ok()) return malformed("its envelope");
  if (!is_utf8(out.api_version) || !is_utf8(out.kind)) return malformed("its type is not UTF-8");
  return out;
}

Result<Document> decode_protobuf(const ProtobufEnvelope& envelope, const Schema& schema) {
  if (!envelope.content_type.empty() && envelope.content_type != "application/vnd.kubernetes.protobuf") {
    return bad_request("the protobuf envelope holds " + quoted(envelope.content_type) + ", which is not supported");
  }
  Draft draft;
  draft.root() = draft.object(8);
  if (!envelope.api_version.empty()) draft.set(draft.root(), "apiVersion", envelope.api_version);
  if (!envelope.kind.empty()) draft.set(draft.root(), "kind", envelope.kind);
  TRY(MessageDecoder(draft).message(envelope.raw, schema, {}, 0, draft.root()));
  return std::move(draft).finish();
}

}  // namespace plinth::api
