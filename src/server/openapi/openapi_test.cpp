#include "server/openapi/openapi.h"

#include <doctest/doctest.h>

#include "api/crd_schema.h"
#include "base/json.h"
#include "server/openapi/schema_json.h"

namespace plinth::server {
namespace {

Document document(std::string text) {
  auto parsed = parse_json(std::move(text));
  REQUIRE(parsed.ok());
  return std::move(*parsed);
}

}  // namespace

TEST_CASE("no document names a definition twice") {
  KindRegistry registry;
  const KindTablePtr table = registry.table();
  std::vector<std::string> documents = {openapi_v2_json(table)};
  for (std::string_view group : table->groups()) {
    for (std::string_view version : table->versions(group)) documents.push_back(openapi_v3_document(*table, group, version));
  }
  for (const std::string& text : documents) {
    std::vector<std::string> duplicates;
    JsonParseOptions options;
    options.duplicates = &duplicates;
    CHECK(parse_json(text, options).ok());
    CHECK_MESSAGE(duplicates.empty(), (duplicates.empty() ? "" : duplicates.front()));
  }
  // Merged by fields here, one value everywhere else.
  const Document core = document(openapi_v3_document(*table, "", "v1"));
  const Value claim = core["components"]["schemas"]["io.k8s.api.core.v1.PersistentVolumeSpec"]["properties"]["claimRef"];
  CHECK(claim["x-kubernetes-map-type"].as_string() == "granular");
  CHECK(core["components"]["schemas"]["io.k8s.api.core.v1.ObjectReference"]["x-kubernetes-map-type"].as_string() == "atomic");
}

TEST_CASE("the swagger document is the same in pieces, in both of its forms") {
  KindRegistry registry;
  const KindTablePtr table = registry.table();
  SwaggerBuilder builder(table, SwaggerBuilder::Form::kProtobuf);
  int pieces = 0;
  while (builder.step()) ++pieces;
  CHECK(pieces > 500);
  const auto whole = gnostic_document(openapi_v2_json(table));
  REQUIRE(whole.ok());
  CHECK(builder.take() == *whole);
}

TEST_CASE("a default that a field and its schema both have is written once") {
  const Value plain = Value::ref("plain");
  api::Schema text;
  text.type = api::SchemaType::kString;
  text.default_value = &plain;
  api::Field flavour;
  flavour.name = "flavour";
  flavour.schema = &text;
  flavour.default_value = &plain;
  api::Schema root;
  root.type = api::SchemaType::kObject;
  root.fields = std::span(&flavour, 1);
  for (OpenApiVersion version : {OpenApiVersion::kV2, OpenApiVersion::kV3}) {
    std::string out;
    ReferencedTypes types;
    append_custom_root(out, root, version, types, "");
    CHECK(to_json(document(out)["properties"]["flavour"]) == R"({"default":"plain","type":"string"})");
    CHECK(out.find("\"default\"") == out.rfind("\"default\""));
  }
}

// kubectl reads the second version, too, and refuses the whole document over one definition that it cannot read.
TEST_CASE("what the second version cannot say of custom kinds is left out of it") {
  struct Case {
    std::string_view schema, v2;
  };
  const Case cases[] = {
      {R"({"type":"array","items":{"type":"object"},"x-kubernetes-preserve-unknown-fields":true})",
       R"({"x-kubernetes-preserve-unknown-fields":true})"},
      {R"({"type":"object","properties":{"a":{"type":"string"}},"x-kubernetes-preserve-unknown-fields":true})",
       R"({"x-kubernetes-preserve-unknown-fields":true})"},
      {R"({"type":"object","additionalProperties":{"type":"string"},"x-kubernetes-preserve-unknown-fields":true})",
       R"({"additionalProperties":{"type":"string"},"x-kubernetes-preserve-unknown-fields":true})"},
      {R"({"x-kubernetes-int-or-string":true})", R"({"x-kubernetes-int-or-string":true})"},
      {R"({"type":"object","nullable":true,"properties":{"a":{"type":"string"}}})", R"({})"},
      {R"({"type":"string","nullable":true,"maxLength":3})", R"({"maxLength":3})"},
      {R"({"type":"array","items":{"type":"string"}})", R"({"type":"array","items":{"type":"string"}})"},
      {R"({"type":"object","required":["a","b"],"properties":{"a":{"type":"string","nullable":true},"b":{"type":"string"}}})",
       R"({"type":"object","properties":{"a":{},"b":{"type":"string"}},"required":["b"]})"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.schema);
    const Document source = document(R"({"type":"object","properties":{"spec":)" + std::string(c.schema) + "}}");
    const api::CompiledSchemaPtr schema = api::compile_schema(source);
    std::string out;
    ReferencedTypes types;
    append_custom_root(out, schema->root(), OpenApiVersion::kV2, types, "");
    CHECK(to_json(document(out)["properties"]["spec"]) == c.v2);
  }
}

TEST_CASE("branches of custom kinds that only ask for members say which") {
  const std::string_view spec =
      R"({"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}},"oneOf":[{"required":["a"]},{"required":["b"]}]})";
  const Document source = document(R"({"type":"object","properties":{"spec":)" + std::string(spec) + "}}");
  const api::CompiledSchemaPtr schema = api::compile_schema(source);
  std::string out;
  ReferencedTypes types;
  append_custom_root(out, schema->root(), OpenApiVersion::kV3, types, "");
  CHECK(to_json(document(out)["properties"]["spec"]) == spec);
}

// The expected schemas are those of api/openapi-spec in kubernetes 1.37.
TEST_CASE("moments, quantities and the like are named types, in the forms of each OpenAPI version") {
  struct Case {
    std::string_view definition, v2, v3;
  };
  const Case cases[] = {
      {"io.k8s.apimachinery.pkg.apis.meta.v1.Time", R"({"type":"string","format":"date-time"})",
       R"({"type":"string","format":"date-time"})"},
      {"io.k8s.apimachinery.pkg.api.resource.Quantity", R"({"type":"string"})",
       R"({"oneOf":[{"type":"string"},{"type":"number"}]})"},
      {"io.k8s.apimachinery.pkg.util.intstr.IntOrString", R"({"type":"string","format":"int-or-string"})",
       R"({"format":"int-or-string","oneOf":[{"type":"integer"},{"type":"string"}]})"},
      {"io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1", R"({"type":"object"})", R"({"type":"object"})"},
  };
  KindRegistry registry;
  const Document v2 = document(openapi_v2_json(registry.table()));
  const Document v3 = document(openapi_v3_document(*registry.table(), "", "v1"));
  for (const Case& c : cases) {
    CAPTURE(c.definition);
    CHECK(to_json(v2["definitions"][c.definition]) == c.v2);
    CHECK(to_json(v3["components"]["schemas"][c.definition]) == c.v3);
  }
  const Value schemas = v3["components"]["schemas"];
  CHECK(
      schemas["io.k8s.api.core.v1.ResourceRequirements"]["properties"]["limits"]["additionalProperties"]["$ref"].as_string() ==
      "#/components/schemas/io.k8s.apimachinery.pkg.api.resource.Quantity");
  CHECK(to_json(schemas["io.k8s.api.core.v1.ServicePort"]["properties"]["targetPort"]).find("util.intstr.IntOrString") !=
        std::string::npos);
  CHECK(schemas["io.k8s.api.core.v1.Container"]["properties"]["name"].find("format") == nullptr);
}

}  // namespace plinth::server
