#include "api/cel_types.h"

#include <doctest/doctest.h>

#include "api/crd_schema.h"
#include "api/kind.h"
#include "base/yaml.h"

namespace plinth::api {
namespace {

// The type at a path of fields, as messages spell it; "none" where a field is missing. "[]" steps into lists, "{}" into maps.
std::string type_at(cel::Type type, std::initializer_list<std::string_view> path) {
  for (std::string_view step : path) {
    if (step == "[]") {
      type = type.element();
    } else if (step == "{}") {
      type = type.value();
    } else {
      if (type.object_type() == nullptr) return "none";
      const auto field = type.object_type()->field(step);
      if (!field) return "none";
      type = *field;
    }
  }
  return type.text();
}

TEST_CASE("types of built-in kinds") {
  const cel::Type deployment = cel_object_type(*builtin_type("apps.v1.Deployment"), "__type_d", nullptr);
  CHECK(type_at(deployment, {"apiVersion"}) == "string");
  CHECK(type_at(deployment, {"spec", "replicas"}) == "int");
  CHECK(type_at(deployment, {"metadata", "labels"}) == "map(string, string)");
  CHECK(type_at(deployment, {"metadata", "creationTimestamp"}) == "timestamp");
  CHECK(type_at(deployment, {"spec", "template", "spec", "containers", "[]", "image"}) == "string");
  CHECK(type_at(deployment, {"spec", "template", "spec", "containers", "[]", "livenessProbe", "httpGet", "port"}) == "dyn");
  CHECK(type_at(deployment, {"spec", "template", "spec", "containers", "[]"}) == "__type_d.spec.template.spec.containers.@idx");
  CHECK(type_at(deployment, {"spec", "replica"}) == "none");
  const cel::Type secret = cel_object_type(*builtin_type("core.v1.Secret"), "__type_s", nullptr);
  CHECK(type_at(secret, {"data"}) == "map(string, bytes)");
}

TEST_CASE("types of custom kinds, and what an instance hides") {
  auto schema = parse_yaml(
      "type: object\nproperties:\n  spec:\n    type: object\n    properties:\n      port: {x-kubernetes-int-or-string: true}\n "
      "     ratio: {type: number}\n"
      "      namespace: {type: string}\n      x-y: {type: integer}\n      free: {type: object, "
      "x-kubernetes-preserve-unknown-fields: true}\n"
      "      half: {type: object, x-kubernetes-preserve-unknown-fields: true, properties: {count: {type: integer}}}\n      "
      "bare: {type: object}\n"
      "  status: {type: object, properties: {state: {type: string}}}\n");
  REQUIRE(schema.ok());
  const auto compiled = compile_schema(*schema);
  const cel::Type type = cel_object_type(compiled->root(), "__type_schema", compiled, {true, false, false});
  CHECK(type_at(type, {"spec", "port"}) == "dyn");
  CHECK(type_at(type, {"spec", "ratio"}) == "double");
  CHECK(type_at(type, {"spec", "__namespace__"}) == "string");
  CHECK(type_at(type, {"spec", "x__dash__y"}) == "int");
  CHECK(type_at(type, {"spec", "free"}) == "dyn");
  CHECK(type_at(type, {"spec", "bare"}) == "dyn");
  CHECK(type_at(cel_object_type(compiled->root().field("spec")->schema[0], "t", compiled, {false, true, true, true}),
                {"bare"}) == "t.bare");
  CHECK(type_at(cel_object_type(compiled->root().field("spec")->schema[0], "t", compiled, {false, true, true, true}),
                {"bare", "any"}) == "none");
  CHECK(type_at(cel_object_type(compiled->root().field("spec")->schema[0], "t", compiled, {false, true, true, true}),
                {"free"}) == "dyn");
  CHECK(type_at(type, {"spec", "half", "count"}) == "int");
  CHECK(type_at(type, {"spec", "half", "other"}) == "dyn");
  CHECK(type_at(type, {"status"}) == "none");
  CHECK(type_at(type, {"metadata", "namespace"}) == "none");
  CHECK(type_at(type, {"metadata", "name"}) == "string");
}

TEST_CASE("every field that a type names is one that it knows") {
  auto schema = parse_yaml(
      "type: object\nproperties: {$ref: {type: string}, a b: {type: string}, x-y: {type: string}, if: {type: string}}\n");
  REQUIRE(schema.ok());
  const auto compiled = compile_schema(*schema);
  for (const Schema* each :
       {&compiled->root(), builtin_type("apiextensions.v1.JSONSchemaProps"), builtin_type("apps.v1.Deployment")}) {
    REQUIRE(each != nullptr);
    const cel::Type type = cel_object_type(*each, "t", compiled, {false, true, true});
    for (const std::string& name : type.object_type()->field_names())
      CHECK_MESSAGE(type.object_type()->field(name).has_value(), name);
  }
  CHECK(cel_object_type(compiled->root(), "t", compiled, {false, true, true}).object_type()->field_names().size() == 2);
}

TEST_CASE("spellings of field names") {
  for (std::string_view name : {"plain", "namespace", "x-y", "a.b/c", "two__scores"})
    CHECK(from_cel_field_name(cel_field_name(name)) == name);
  CHECK(cel_field_name("a b").empty());
  CHECK(cel_field_name("1a").empty());
  CHECK(from_cel_field_name("__type__") == "__type__");
}

TEST_CASE("values are read by schema") {
  CelShapes shapes;
  const cel::Shape* secret = shapes.of_object(*builtin_type("core.v1.Secret"));
  REQUIRE(secret->field("data").shape != nullptr);
  CHECK(secret->field("data").shape->field("anything").shape->scalar() == cel::Shape::Scalar::kBytes);
  const cel::Shape* meta = shapes.of_object(*builtin_type("apps.v1.Deployment"), {true, false, true})->field("metadata").shape;
  CHECK(meta->field("creationTimestamp").shape->scalar() == cel::Shape::Scalar::kTimestamp);
  CHECK_FALSE(shapes.of_object(*builtin_type("apps.v1.Deployment"), {true, false, true})->field("status").visible);
}

}  // namespace
}  // namespace plinth::api
