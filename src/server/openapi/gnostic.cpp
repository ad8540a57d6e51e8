// JSON is YAML, so the Any messages of extensions and defaults carry JSON text.
#include "base/json.h"
#include "server/openapi/openapi.h"

namespace plinth::server {
namespace {

void put_varint(std::string& out, std::uint64_t v) {
  while (v >= 0x80) {
    out += static_cast<char>(v | 0x80);
    v >>= 7;
  }
  out += static_cast<char>(v);
}

void put_bytes(std::string& out, int field, std::string_view bytes) {
  put_varint(out, static_cast<std::uint64_t>(field) << 3 | 2);
  put_varint(out, bytes.size());
  out += bytes;
}

void put_text(std::string& out, int field, const Value& v) {
  if (v.is_string() && !v.as_string().empty()) put_bytes(out, field, v.as_string());
}

void put_texts(std::string& out, int field, const Value& list) {
  for (const Value& item : list.items()) put_bytes(out, field, item.as_string());
}

void put_flag(std::string& out, int field, const Value& v) {
  if (!v.as_bool()) return;
  put_varint(out, static_cast<std::uint64_t>(field) << 3);
  out += '\1';
}

void put_int(std::string& out, int field, const Value& v) {
  if (!v.is_number()) return;
  put_varint(out, static_cast<std::uint64_t>(field) << 3);
  put_varint(out, static_cast<std::uint64_t>(v.as_int()));
}

void put_double(std::string& out, int field, const Value& v) {
  if (!v.is_number()) return;
  put_varint(out, static_cast<std::uint64_t>(field) << 3 | 1);
  double d = v.as_double();
  char bytes[8];
  std::memcpy(bytes, &d, 8);
  out.append(bytes, 8);
}

std::string any(const Value& v) {
  std::string out;
  put_bytes(out, 2, to_json(v));
  return out;
}

// Repeated Named* messages: {name=1, value=2}.
void put_named(std::string& out, int field, std::string_view name, const std::string& value) {
  std::string entry;
  put_bytes(entry, 1, name);
  put_bytes(entry, 2, value);
  put_bytes(out, field, entry);
}

void put_extensions(std::string& out, int field, const Value& object) {
  for (const Member& m : object.members()) {
    if (m.key().substr(0, 2) == "x-") put_named(out, field, m.key(), any(m.value));
  }
}

std::string schema_message(const Value& s);

std::string schema_item(const Value& s) {
  std::string out;
  put_bytes(out, 1, schema_message(s));
  return out;
}

std::string properties_message(const Value& properties) {
  std::string out;
  for (const Member& m : properties.members()) put_named(out, 1, m.key(), schema_message(m.value));
  return out;
}

std::string schema_message(const Value& s) {
  std::string out;
  put_text(out, 1, s["$ref"]);
  put_text(out, 2, s["format"]);
  put_text(out, 3, s["title"]);
  put_text(out, 4, s["description"]);
  if (const Value* v = s.find("default")) put_bytes(out, 5, any(*v));
  put_double(out, 6, s["multipleOf"]);
  put_double(out, 7, s["maximum"]);
  put_flag(out, 8, s["exclusiveMaximum"]);
  put_double(out, 9, s["minimum"]);
  put_flag(out, 10, s["exclusiveMinimum"]);
  put_int(out, 11, s["maxLength"]);
  put_int(out, 12, s["minLength"]);
  put_text(out, 13, s["pattern"]);
  put_int(out, 14, s["maxItems"]);
  put_int(out, 15, s["minItems"]);
  put_flag(out, 16, s["uniqueItems"]);
  put_int(out, 17, s["maxProperties"]);
  put_int(out, 18, s["minProperties"]);
  put_texts(out, 19, s["required"]);
  for (const Value& v : s["enum"].items()) put_bytes(out, 20, any(v));
  if (const Value* v = s.find("additionalProperties")) put_bytes(out, 21, schema_item(*v));
  if (const Value* v = s.find("type")) {
    std::string type;
    put_text(type, 1, *v);
    put_bytes(out, 22, type);
  }
  if (const Value* v = s.find("items")) put_bytes(out, 23, schema_item(*v));
  if (const Value* v = s.find("properties")) put_bytes(out, 25, properties_message(*v));
  put_extensions(out, 31, s);
  return out;
}

std::string body_parameter(const Value& p) {
  std::string out;
  put_text(out, 1, p["description"]);
  put_text(out, 2, p["name"]);
  put_text(out, 3, p["in"]);
  put_flag(out, 4, p["required"]);
  put_bytes(out, 5, schema_message(p["schema"]));
  return out;
}

// Query and path parameters; their messages differ in the number of `type` only.
std::string simple_parameter(const Value& p, bool query) {
  std::string out;
  put_flag(out, 1, p["required"]);
  put_text(out, 2, p["in"]);
  put_text(out, 3, p["description"]);
  put_text(out, 4, p["name"]);
  put_text(out, query ? 6 : 5, p["type"]);
  return out;
}

std::string parameters_item(const Value& p) {
  std::string parameter;
  if (p["in"].as_string() == "body") {
    put_bytes(parameter, 1, body_parameter(p));
  } else {
    const bool query = p["in"].as_string() == "query";
    std::string non_body;
    put_bytes(non_body, query ? 3 : 4, simple_parameter(p, query));
    put_bytes(parameter, 2, non_body);
  }
  std::string out;
  put_bytes(out, 1, parameter);
  return out;
}

std::string responses_message(const Value& responses) {
  std::string out;
  for (const Member& m : responses.members()) {
    std::string response;
    put_text(response, 1, m.value["description"]);
    if (const Value* schema = m.value.find("schema")) put_bytes(response, 2, schema_item(*schema));
    std::string value;
    put_bytes(value, 1, response);
    put_named(out, 1, m.key(), value);
  }
  return out;
}

std::string operation_message(const Value& op) {
  std::string out;
  put_text(out, 5, op["operationId"]);
  put_texts(out, 6, op["produces"]);
  put_texts(out, 7, op["consumes"]);
  for (const Value& p : op["parameters"].items()) put_bytes(out, 8, parameters_item(p));
  put_bytes(out, 9, responses_message(op["responses"]));
  put_extensions(out, 13, op);
  return out;
}

std::string path_item(const Value& path) {
  static constexpr std::pair<std::string_view, int> kMethods[] = {
      {"get", 2}, {"put", 3}, {"post", 4}, {"delete", 5}, {"patch", 8}};
  std::string out;
  for (const auto& [method, field] : kMethods) {
    if (const Value* op = path.find(method)) put_bytes(out, field, operation_message(*op));
  }
  for (const Value& p : path["parameters"].items()) put_bytes(out, 9, parameters_item(p));
  return out;
}

}  // namespace

Result<std::string> gnostic_paths(std::string_view json) {
  Document document = TRY(parse_json(json));
  std::string out;
  for (const Member& m : document.root().members()) put_named(out, 2, m.key(), path_item(m.value));
  return out;
}

Result<std::string> gnostic_definitions(std::string_view json) {
  Document document = TRY(parse_json(json));
  std::string out;
  for (const Member& m : document.root().members()) put_named(out, 1, m.key(), schema_message(m.value));
  return out;
}

std::string gnostic_around(const Value& about, std::string_view paths, std::string_view definitions) {
  std::string info;
  put_text(info, 1, about["title"]);
  put_text(info, 2, about["version"]);
  std::string out;
  put_bytes(out, 1, "2.0");
  put_bytes(out, 2, info);
  put_bytes(out, 8, paths);
  put_bytes(out, 9, definitions);
  return out;
}

Result<std::string> gnostic_document(std::string_view swagger_json) {
  Document document = TRY(parse_json(swagger_json));
  const std::string paths = TRY(gnostic_paths(to_json(document["paths"])));
  const std::string definitions = TRY(gnostic_definitions(to_json(document["definitions"])));
  return gnostic_around(document["info"], paths, definitions);
}

}  // namespace plinth::server
