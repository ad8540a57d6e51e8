#include "api/crd_schema.h"

#include <doctest/doctest.h>

#include "api/default.h"
#include "api/prune.h"
#include "api/validate.h"
#include "base/json.h"

namespace plinth::api {
namespace {

Document doc(std::string_view json) {
  auto parsed = parse_json(json);
  REQUIRE(parsed.ok());
  return std::move(parsed).value();
}

// Errors of checking a schema, one per line, without the common path.
std::string schema_errors(std::string_view json, bool status = false) {
  std::string out;
  for (const FieldError& error : check_crd_schema(doc(json), "s", status)) out += error.text() + "\n";
  return out;
}

// Errors of an object against a spec schema ({"type":"object","properties":{"spec":...}}).
std::string object_errors(std::string_view spec_schema, std::string_view spec, std::string_view old_spec = "") {
  const auto compiled = compile_schema(doc(R"({"type":"object","properties":{"spec":)" + std::string(spec_schema) + "}}"));
  const Document object = doc(R"({"apiVersion":"a/v1","kind":"K","spec":)" + std::string(spec) + "}");
  const Document old =
      old_spec.empty() ? Document() : doc(R"({"apiVersion":"a/v1","kind":"K","spec":)" + std::string(old_spec) + "}");
  std::string out;
  const ValidateOptions options{old_spec.empty() ? nullptr : &old.root(), &compiled->patterns()};
  for (const FieldError& error : validate(compiled->root(), object.root(), options)) out += error.text() + "\n";
  return out;
}

}  // namespace

TEST_CASE("an object of a custom kind is refused in kube-openapi's words") {
  struct Case {
    std::string_view schema, value, errors;
  };
  static constexpr Case kCases[] = {
      {R"({"type":"integer"})", "3", ""},
      {R"({"type":"integer"})", "3.0", ""},
      {R"({"type":"number"})", "3", ""},
      {R"({"type":"integer"})", R"("x")",
       "spec: Invalid value: \"string\": spec in body must be of type integer: \"string\"\n"},
      {R"({"type":"string"})", "1", "spec: Invalid value: \"integer\": spec in body must be of type string: \"integer\"\n"},
      {R"({"type":"string"})", "null", "spec: Invalid value: \"null\": spec in body must be of type string: \"null\"\n"},
      {R"({"type":"string","nullable":true})", "null", ""},
      {R"({"x-kubernetes-int-or-string":true})", "true",
       "spec: Invalid value: \"boolean\": spec in body must be of type integer,string: \"boolean\"\n"},
      {R"({"type":"integer","minimum":0})", "-1",
       "spec: Invalid value: -1: spec in body should be greater than or equal to 0\n"},
      {R"({"type":"integer","minimum":0,"exclusiveMinimum":true})", "0",
       "spec: Invalid value: 0: spec in body should be greater than 0\n"},
      {R"({"type":"number","maximum":1.5})", "2.5",
       "spec: Invalid value: 2.5: spec in body should be less than or equal to 1.5\n"},
      {R"({"type":"integer","multipleOf":5})", "7", "spec: Invalid value: 7: spec in body should be a multiple of 5\n"},
      {R"({"type":"string","minLength":2})", R"("a")",
       "spec: Invalid value: \"a\": spec in body should be at least 2 chars long\n"},
      {R"({"type":"string","maxLength":2})", R"("abc")", "spec: Too long: may not be more than 2 bytes\n"},
      {R"({"type":"string","maxLength":2})", "\"\xc3\xa9\xc3\xa9\"", ""},
      {R"({"type":"string","pattern":"^a+$"})", R"("b")", "spec: Invalid value: \"b\": spec in body should match '^a+$'\n"},
      {R"({"type":"string","enum":["a","b"]})", R"("c")", "spec: Unsupported value: \"c\": supported values: \"a\", \"b\"\n"},
      {R"({"type":"string","format":"date-time"})", R"("today")",
       "spec: Invalid value: \"today\": spec in body must be of type date-time: \"today\"\n"},
      {R"({"type":"string","format":"ipv4"})", R"("10.0.0.1")", ""},
      {R"({"type":"string","format":"never-heard-of"})", R"("x")", ""},
      {R"({"type":"array","items":{"type":"string"},"minItems":1})", "[]",
       "spec: Invalid value: 0: spec in body should have at least 1 items\n"},
      {R"({"type":"array","items":{"type":"string"},"maxItems":1})", R"(["a","b"])",
       "spec: Too many: 2: must have at most 1 item\n"},
      {R"({"type":"array","items":{"type":"string"}})", R"(["a",1])",
       "spec[1]: Invalid value: \"integer\": spec[1] in body must be of type string: \"integer\"\n"},
      {R"({"type":"object","required":["a"],"properties":{"a":{"type":"string"}}})", "{}", "spec.a: Required value\n"},
      {R"({"type":"object","additionalProperties":{"type":"string"}})", R"({"k":1})",
       "spec.k: Invalid value: \"integer\": spec.k in body must be of type string: \"integer\"\n"},
      {R"({"type":"object","maxProperties":1,"additionalProperties":true})", R"({"a":1,"b":2})",
       "spec: Too many: 2: must have at most 1 item\n"},
      {R"({"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}},"oneOf":[{"required":["a"]},{"required":["b"]}]})",
       "{}",
       "<nil>: Invalid value: \"\": \"spec\" must validate one and only one schema (oneOf). Found none valid\nspec.a: Required "
       "value\n"},
      {R"({"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}},"oneOf":[{"required":["a"]},{"required":["b"]}]})",
       R"({"a":"","b":""})",
       "<nil>: Invalid value: \"\": \"spec\" must validate one and only one schema (oneOf). Found 2 valid alternatives\n"},
      {R"({"type":"integer","anyOf":[{"minimum":10},{"maximum":5}]})", "7",
       "<nil>: Invalid value: \"\": \"spec\" must validate at least one schema (anyOf)\nspec: Invalid value: 7: spec in body "
       "should be greater than or equal to 10\n"},
      {R"({"type":"integer","not":{"enum":[7]}})", "7",
       "<nil>: Invalid value: \"\": \"spec\" must not validate the schema (not)\n"},
      {R"({"type":"array","x-kubernetes-list-type":"set","items":{"type":"string"}})", R"(["a","b","a"])",
       "spec[2]: Duplicate value: \"a\"\n"},
      {R"({"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],"items":{"type":"object","properties":{"k":{"type":"string"}}}})",
       R"([{"k":"a"},{"k":"a"}])", "spec[1]: Duplicate value: {\"k\":\"a\"}\n"},
  };
  for (const Case& c : kCases) {
    CAPTURE(c.schema);
    CAPTURE(c.value);
    CHECK(object_errors(c.schema, c.value) == c.errors);
  }
}

TEST_CASE("what failed before and did not change is tolerated on update") {
  static constexpr std::string_view kSchema =
      R"({"type":"object","properties":{"a":{"type":"integer","minimum":5},"l":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],)"
      R"("items":{"type":"object","properties":{"k":{"type":"string"},"v":{"type":"integer","minimum":5}}}},"p":{"type":"array","items":{"type":"integer","minimum":5}}}})";
  CHECK(object_errors(kSchema, R"({"a":1,"p":[1]})", R"({"a":1,"p":[1]})") == "");
  CHECK(object_errors(kSchema, R"({"a":2})", R"({"a":1})") ==
        "spec.a: Invalid value: 2: spec.a in body should be greater than or equal to 5\n");
  CHECK(object_errors(kSchema, R"({"a":6,"l":[{"k":"y","v":9},{"k":"x","v":1}]})", R"({"a":7,"l":[{"k":"x","v":1}]})") == "");
  // Items of atomic lists have no counterpart.
  CHECK(object_errors(kSchema, R"({"p":[1,6]})", R"({"p":[1]})") ==
        "spec.p[0]: Invalid value: 1: spec.p[0] in body should be greater than or equal to 5\n");
}

TEST_CASE("schemas that are not structural are refused") {
  CHECK(
      schema_errors(
          R"({"type":"object","properties":{"spec":{"type":"object","properties":{"a":{"type":"string","pattern":"^x"}}}}})") ==
      "");
  CHECK(schema_errors("{}") == "s.type: Required value: must not be empty at the root\n");
  CHECK(schema_errors(R"({"type":"string"})") == "s.type: Invalid value: \"string\": must be object at the root\n");
  CHECK(schema_errors(R"({"type":"object","properties":{"a":{}}})") ==
        "s.properties[a].type: Required value: must not be empty for specified object fields\n");
  CHECK(schema_errors(R"({"type":"object","properties":{"a":{"type":"array"}}})") ==
        "s.properties[a].items: Required value: must be specified\n");
  CHECK(schema_errors(R"({"type":"object","additionalProperties":{"type":"string"}})") ==
        "s.additionalProperties: Forbidden: must not be used at the root\n");
  CHECK(schema_errors(R"({"type":"object","properties":{"a":{"type":"string","anyOf":[{"type":"string"}]}}})") ==
        "s.properties[a].anyOf[0].type: Forbidden: must be empty to be structural\n");
  CHECK(
      schema_errors(
          R"({"type":"object","properties":{"a":{"x-kubernetes-int-or-string":true,"anyOf":[{"type":"integer"},{"type":"string"}]}}})") ==
      "");
  CHECK(schema_errors(R"({"type":"object","anyOf":[{"properties":{"b":{"minLength":1}}}]})") ==
        "s.properties[b]: Required value: because it is defined in s.anyOf[0].properties[b]\n");
  CHECK(schema_errors(R"({"type":"object","properties":{"a":{"type":"string","pattern":"("}}})")
            .find("s.properties[a].pattern: Invalid value: \"(\": must be a valid regular expression") == 0);
  CHECK(schema_errors(
            R"({"type":"object","properties":{"metadata":{"type":"object","properties":{"labels":{"type":"object"}}}}})") ==
        "s.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is "
        "implicitly specified\n");
  CHECK(
      schema_errors(
          R"({"type":"object","properties":{"metadata":{"type":"object","properties":{"name":{"type":"string","maxLength":5}}}}})") ==
      "");
}

TEST_CASE("keywords that Kubernetes does not support are refused") {
  CHECK(
      schema_errors(R"({"type":"object","properties":{"a":{"type":"array","uniqueItems":true,"items":{"type":"string"}}}})") ==
      "s.properties[a].uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes "
      "quadratic\n");
  CHECK(schema_errors(R"({"type":"object","properties":{"a":{"type":"string","$ref":"#/x"}}})") ==
        "s.properties[a].$ref: Forbidden: $ref is not supported\n");
  CHECK(schema_errors(R"({"type":"object","properties":{"a":{"type":"text"}}})")
            .find("s.properties[a].type: Unsupported value: \"text\"") == 0);
  CHECK(
      schema_errors(
          R"({"type":"object","properties":{"a":{"type":"object","properties":{"b":{"type":"string"}},"additionalProperties":{"type":"string"}}}})") ==
      "s.properties[a].additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive\n");
  CHECK(
      schema_errors(
          R"({"type":"object","properties":{"a":{"type":"array","x-kubernetes-list-type":"map","items":{"type":"object"}}}})") ==
      "s.properties[a].x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map\n");
  CHECK(
      schema_errors(
          R"({"type":"object","properties":{"a":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],"items":{"type":"object",)"
          R"("properties":{"k":{"type":"string"}}}}}})") ==
      "s.properties[a].items.properties[k].default: Required value: this property is in x-kubernetes-list-map-keys, so it must "
      "have a default or be a required property\n");
  CHECK(schema_errors(R"({"type":"object","nullable":true})", true)
            .find("s.nullable: Forbidden: nullable cannot be true at the root") != std::string::npos);
  CHECK(schema_errors(R"({"type":"object","minProperties":1})", true)
            .find("fields are allowed at the root of the schema if the status subresource is enabled") != std::string::npos);
}

TEST_CASE("defaults have to fit their schema") {
  const auto with = [](std::string_view schema) {
    return R"({"type":"object","properties":{"a":)" + std::string(schema) + "}}";
  };
  CHECK(schema_errors(with(R"({"type":"string","default":"x"})")) == "");
  CHECK(schema_errors(with(R"({"type":"string","default":1})")) ==
        "s.properties[a].default: Invalid value: \"integer\":  in body must be of type string: \"integer\"\n");
  CHECK(schema_errors(with(R"({"type":"object","properties":{"b":{"type":"string"}},"default":{"c":1}})")) ==
        "s.properties[a].default: Invalid value: {\"c\":1}: must not have unknown fields\n");
  CHECK(schema_errors(with(R"({"type":"object","properties":{"b":{"type":"integer","minimum":3}},"default":{"b":1}})")) ==
        "s.properties[a].default.b: Invalid value: 1: b in body should be greater than or equal to 3\n");
  CHECK(schema_errors(R"({"type":"object","properties":{"metadata":{"type":"object","default":{}}}})")
            .find("must not be set in top-level metadata") != std::string::npos);
}

TEST_CASE("a compiled schema prunes and defaults, and its stamp follows its text") {
  const Document source = doc(
      R"({"type":"object","properties":{"spec":{"type":"object","default":{},"properties":{"n":{"type":"integer","default":3},"s":{"type":"string"}}}}})");
  const auto compiled = compile_schema(source);
  CHECK(compiled->stamp() == compile_schema(source)->stamp());
  CHECK(compiled->stamp() != compile_schema(doc(R"({"type":"object"})"))->stamp());
  Draft draft(doc(R"({"kind":"K","spec":{"s":"x","z":1},"other":1})"));
  prune(draft, draft.root(), compiled->root());
  apply_defaults(draft, draft.root(), compiled->root());
  CHECK(to_json(draft.root()) == R"({"kind":"K","spec":{"s":"x","n":3}})");
  Draft empty(doc("{}"));
  apply_defaults(empty, empty.root(), compiled->root());
  CHECK(to_json(empty.root()) == R"({"spec":{"n":3}})");
}

}  // namespace plinth::api
