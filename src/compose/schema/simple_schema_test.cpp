#include "compose/schema/simple_schema.h"

#include <doctest/doctest.h>

#include "base/json.h"
#include "base/yaml.h"

namespace plinth::compose {
namespace {

Result<Document> compile(const std::string& spec, const std::string& types = "") {
  auto s = parse_yaml(spec);
  REQUIRE(s.ok());
  auto t = parse_yaml(types.empty() ? "{}" : types);
  REQUIRE(t.ok());
  return compile_simple_schema(s->root(), t->root());
}

// The schema of field `f`.
void check_field(const std::string& field, const std::string& expected) {
  CAPTURE(field);
  Draft spec;
  spec.root() = spec.object();
  spec.set(spec.root(), "f", field);
  auto got = compile_simple_schema(spec.root(), Value());
  if (!got.ok()) FAIL(got.error().message());
  auto want = parse_json(expected);
  REQUIRE(want.ok());
  CAPTURE(to_json(got->root()));
  CHECK(equal((*got)["properties"]["f"], want->root()));
}

void check_error(const std::string& field, const std::string& message) {
  CAPTURE(field);
  Draft spec;
  spec.root() = spec.object();
  spec.set(spec.root(), "f", field);
  auto got = compile_simple_schema(spec.root(), Value());
  REQUIRE_FALSE(got.ok());
  CHECK(got.error().message() == "field f: " + message);
}

TEST_CASE("types and markers become OpenAPI") {
  check_field("string", R"({"type":"string"})");
  check_field("  integer  ", R"({"type":"integer"})");
  check_field("float", R"({"type":"number"})");
  check_field("object", R"({"type":"object","x-kubernetes-preserve-unknown-fields":true})");
  check_field("[]string", R"({"type":"array","items":{"type":"string"}})");
  check_field("map[string][]boolean",
              R"({"type":"object","additionalProperties":{"type":"array","items":{"type":"boolean"}}})");
  check_field("string | default=a", R"({"type":"string","default":"a"})");
  check_field(R"(string | default="a b" description="x \"y\" \\ \d")",
              R"({"type":"string","default":"a b","description":"x \"y\" \\ \\d"})");
  check_field(R"(string | default="say \"hi\"")", R"({"type":"string","default":"say \"hi\""})");
  check_field("integer | default=007 minimum=1 maximum=10", R"({"type":"integer","default":7,"minimum":1,"maximum":10})");
  check_field("float | default=1e3 minimum=0.5", R"({"type":"number","default":1000,"minimum":0.5})");
  check_field("boolean | default=t", R"({"type":"boolean","default":true})");
  check_field("boolean | default=0", R"({"type":"boolean","default":false})");
  check_field(R"([]string | default=["a", "b"] minItems=1 maxItems=3)",
              R"({"type":"array","items":{"type":"string"},"default":["a","b"],"minItems":1,"maxItems":3})");
  check_field(R"(map[string]integer | default={"a": 1})",
              R"({"type":"object","additionalProperties":{"type":"integer"},"default":{"a":1}})");
  check_field(R"(string | enum="a, b")", R"({"type":"string","enum":["a","b"]})");
  check_field(R"(integer | enum="1,2")", R"({"type":"integer","enum":[1,2]})");
  check_field("string | minLength=1 maxLength=5 pattern=\"^[a-z]+$\"",
              R"({"type":"string","minLength":1,"maxLength":5,"pattern":"^[a-z]+$"})");
  check_field("[]string | uniqueItems=true", R"({"type":"array","items":{"type":"string"},"x-kubernetes-list-type":"set"})");
  check_field("[]object | listType=map listMapKey=a listMapKey=b",
              R"({"type":"array","items":{"type":"object","x-kubernetes-preserve-unknown-fields":true},)"
              R"("x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["a","b"]})");
  check_field("integer | validation=\"self > 0\" immutable=true",
              R"({"type":"integer","x-kubernetes-validations":[{"rule":"self > 0","message":"validation failed"},)"
              R"({"rule":"self == oldSelf","message":"field is immutable"}]})");
  check_field("string | immutable=false required=false", R"({"type":"string"})");
}

TEST_CASE("every mistake is named") {
  check_error("", "empty type");
  check_error("[]", "empty slice element type");
  check_error("map[integer]string", "map key must be string");
  check_error("map[string]", "map value type is required");
  check_error("Foo", "unknown type: Foo");
  check_error("string | printColumn=true", "invalid marker key \"printColumn\": unknown marker: printColumn");
  check_error("string | required=true | default=a", "invalid marker key \"|default\": unknown marker: |default");
  check_error("string | =a", "empty marker key");
  check_error("string | required", "marker key 'required' without a value");
  check_error("string | required=true ", "marker key '' without a value");
  check_error("string |", "marker key '' without a value");
  check_error("string | default=\"a", "unclosed quote");
  check_error("object | default={\"a\": 1", "unclosed bracket/brace");
  check_error("object | default=a}", "unmatched closing bracket/brace");
  check_error("integer | default=a", "default value must be a valid integer, got: a");
  check_error("float | default=inf", "default value must be a valid number, got: inf");
  check_error("boolean | default=yes", "default value must be a valid boolean, got: yes");
  check_error("[]string | default=[a]", "default value must be valid JSON, got: [a]");
  check_error("integer | minLength=1", "minLength marker is only valid for string types, got type: integer");
  check_error("string | maxItems=1", "maxItems marker is only valid for array types, got type: string");
  check_error("integer | pattern=a", "pattern marker is only valid for string types, got type: integer");
  check_error("string | pattern=\"\"", "pattern marker value cannot be empty");
  check_error("string | enum=\"a,,b\"", "empty enum values are not allowed");
  check_error("boolean | enum=\"true\"", "enum values only supported for string and integer types, got type: boolean");
  check_error("string | required=maybe",
              "failed to parse required marker value: strconv.ParseBool: parsing \"maybe\": invalid syntax");
  check_error("string | listType=set", "listType marker only applies to array types");
  check_error("[]string | listType=bag", "unsupported value for listType bag, needs to be one of atomic, set, or map");
  check_error("[]string | listMapKey=a", "listMapKey set while listType is unset, listType must be set to map");
  check_error("[]string | listType=set listMapKey=a",
              "listMapKey set while listType is set to set, listType must be set to map");
  check_error("[]string | listType=map listMapKey=a listMapKey=a", "duplicate listMapKey marker, value a");
  check_error("[]string | uniqueItems=true listType=map",
              "listType attempting to overwrite set type of set, uniqueItems=true and listType=map contradict each other");
  check_error("[]string | listType=atomic uniqueItems=true", "cannot set unique when listType is set to atomic");
  std::string deep;
  for (int i = 0; i < 17; ++i) deep += "[]";
  check_error(deep + "string", "type nesting too deep (max 16): \"string\"");
}

TEST_CASE("structs: required is sorted, defaults of children make the parent default") {
  auto got = compile(
      "name: string | required=true\ningress:\n  enabled: boolean | default=false\n  host: string\naddress: string | "
      "required=true\n");
  REQUIRE(got.ok());
  CHECK(to_json((*got)["required"]) == R"(["address","name"])");
  CHECK(to_json((*got)["properties"]["ingress"]["default"]) == "{}");
  CHECK(got->root().find("default") == nullptr);  // it has required children
  auto optional = compile("ingress:\n  enabled: boolean | default=false\n");
  REQUIRE(optional.ok());
  CHECK(to_json((*optional)["default"]) == "{}");
  auto bad = compile("a:\n  b: 5\n");
  REQUIRE_FALSE(bad.ok());
  CHECK(bad.error().message().starts_with("field a: field b: unexpected type: integer"));
}

TEST_CASE("custom types are inlined in the order of their uses") {
  const std::string types =
      "Person:\n  name: Name\n  tags: '[]Tag'\nName: string | required=true minLength=2\nTag: string | default=x\n";
  auto got = compile("people: '[]Person'\nowner: Person\nname: Name\n", types);
  REQUIRE(got.ok());
  CHECK(to_json((*got)["required"]) == R"(["name"])");
  const Value owner = (*got)["properties"]["owner"];
  CHECK(to_json(owner["required"]) == R"(["name"])");
  CHECK(owner["properties"]["name"]["minLength"].as_int() == 2);
  CHECK(owner["properties"]["tags"]["items"]["default"].as_string() == "x");
  CHECK(equal((*got)["properties"]["people"]["items"], owner));
}

TEST_CASE("custom types: cycles and unknown names") {
  auto cycle = compile("a: A\n", "A:\n  b: B\nB:\n  a: '[]A'\n");
  REQUIRE_FALSE(cycle.ok());
  CHECK(cycle.error().message() == "cyclic dependency in type A: graph contains a cycle: A -> B -> A");
  auto unknown = compile("a: A\n", "A:\n  b: Missing\n");
  REQUIRE_FALSE(unknown.ok());
  CHECK(unknown.error().message() == "building schema for A: unknown type: Missing");
  auto broken = compile("a: A\n", "A:\n  b: map[integer]string\n");
  REQUIRE_FALSE(broken.ok());
  CHECK(broken.error().message() == "parsing type A: field b: map key must be string");
}

}  // namespace
}  // namespace plinth::compose
