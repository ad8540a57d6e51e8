#include "client/kind_forms.h"

#include <doctest/doctest.h>

#include "base/yaml.h"

namespace plinth::client {
namespace {

Document yaml(std::string_view text) {
  auto parsed = parse_yaml(text);
  REQUIRE(parsed.ok());
  return std::move(*parsed);
}

// As an aggregated API server publishes a kind.
constexpr std::string_view kOpenApi = R"(
components:
  schemas:
    com.example.v1.Widget:
      type: object
      x-kubernetes-group-version-kind: [{group: example.com, version: v1, kind: Widget}]
      properties:
        apiVersion: {type: string}
        metadata: {allOf: [{$ref: '#/components/schemas/meta.ObjectMeta'}], default: {}}
        spec:
          description: what it should be
          default: {}
          allOf: [{$ref: '#/components/schemas/com.example.v1.WidgetSpec'}]
    com.example.v1.WidgetSpec:
      type: object
      required: [size]
      properties:
        size: {type: integer, default: 3}
        port: {$ref: '#/components/schemas/io.k8s.apimachinery.pkg.util.intstr.IntOrString'}
        children:
          type: array
          x-kubernetes-list-type: map
          x-kubernetes-list-map-keys: [name]
          items: {allOf: [{$ref: '#/components/schemas/com.example.v1.WidgetSpec'}], default: {}}
    meta.ObjectMeta: {type: object, properties: {name: {type: string}}}
)";

TEST_CASE("a kind that the program knows keeps its own schema") {
  const auto form = builtin_kind_form("apps", "v1", "Deployment");
  REQUIRE(form);
  CHECK(form->resource.plural == "deployments");
  CHECK(form->schema->builtin);
  CHECK_FALSE(builtin_kind_form("apps", "v2", "Deployment"));
  CHECK_FALSE(builtin_kind_form("example.com", "v1", "Widget"));
  CHECK_FALSE(builtin_kind_form("authorization.k8s.io", "v1", "SubjectAccessReview"));  // nothing of it is stored
}

TEST_CASE("versions of a CRD that are not served have no schema") {
  const Document crd = yaml(R"(
spec:
  group: example.com
  scope: Cluster
  names: {plural: widgets, kind: Widget}
  versions:
  - {name: v1, served: true, schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object}}}}}
  - {name: v2, served: false, schema: {openAPIV3Schema: {type: object}}}
)");
  const auto form = custom_kind_form(crd, "v1");
  REQUIRE(form);
  CHECK(form->resource.plural == "widgets");
  CHECK_FALSE(form->resource.namespaced);
  CHECK(form->schema->field("spec") != nullptr);
  CHECK_FALSE(custom_kind_form(crd, "v2"));
  CHECK_FALSE(custom_kind_form(crd, "v3"));
}

TEST_CASE("an OpenAPI document's references are resolved, and one that comes back to itself ends open") {
  const Resource widget{"example.com", "v1", "widgets", "Widget", true};
  const auto form = openapi_kind_form(yaml(kOpenApi), widget);
  REQUIRE(form);
  const api::Field* spec = form->schema->field("spec");
  REQUIRE(spec != nullptr);
  CHECK(spec->default_value == nullptr);
  CHECK(spec->description == "what it should be");
  const api::Field* size = spec->schema->field("size");
  REQUIRE(size != nullptr);
  CHECK(size->required);
  CHECK(size->default_value->as_int() == 3);
  CHECK(spec->schema->field("port")->schema->int_or_string);
  const api::Schema* children = spec->schema->field("children")->schema;
  CHECK(children->list_type == api::ListType::kMap);
  CHECK(children->items->preserve_unknown);
  CHECK(form->schema->field("metadata")->schema->fields.empty());
  CHECK_FALSE(openapi_kind_form(yaml(kOpenApi), {"example.com", "v2", "widgets", "Widget", true}));
}

}  // namespace
}  // namespace plinth::client
