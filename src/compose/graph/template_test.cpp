#include "compose/graph/template.h"

#include <doctest/doctest.h>

#include "api/crd_schema.h"
#include "api/kind.h"
#include "base/yaml.h"

namespace plinth::compose {
namespace {

Document yaml(const std::string& text) {
  auto parsed = parse_yaml(text);
  REQUIRE_MESSAGE(parsed.ok(), parsed.error().message());
  return *parsed;
}

std::string located(const std::string& object, const api::Schema* schema) {
  auto found = locate_expressions(yaml(object).root(), schema);
  if (!found.ok()) return "error: " + found.error().message();
  std::string out;
  for (const TemplateField& f : *found) {
    out += f.path_text + (f.standalone ? "!" : "") + "<" + expected_type_text(f.target) + ">";
    for (const auto& p : f.parts) out += (p.is_expression ? "{" : "'") + p.text + (p.is_expression ? "}" : "'");
    out += ";";
  }
  return out;
}

TEST_CASE("expressions in a built-in kind") {
  const api::Schema* deployment = api::builtin_type("apps.v1.Deployment");
  REQUIRE(deployment != nullptr);
  CHECK(located("{apiVersion: apps/v1, kind: Deployment, metadata: {name: '${a}', labels: {x.y/z: 'p-${b}-${c}'}}, "
                "spec: {replicas: '${n}', template: {spec: {containers: [{name: c, ports: [{containerPort: '${p}'}], "
                "livenessProbe: {httpGet: {port: '${q}'}}, resources: {limits: {cpu: '${r}'}}}]}}}}",
                deployment) ==
        "metadata.name!<string>{a};metadata.labels[\"x.y/z\"]<string>'p-'{b}'-'{c};spec.replicas!<integer>{n};"
        "spec.template.spec.containers[0].ports[0].containerPort!<integer>{p};"
        "spec.template.spec.containers[0].livenessProbe.httpGet.port!<string or integer>{q};"
        "spec.template.spec.containers[0].resources.limits.cpu!<string or integer or number>{r};");
}

TEST_CASE("literals that do not fit are named") {
  const api::Schema* deployment = api::builtin_type("apps.v1.Deployment");
  const std::string head = "apiVersion: apps/v1, kind: Deployment, metadata: {name: a}";
  CHECK(located("{" + head + ", spec: {replica: 2}}", deployment) ==
        "error: error getting field schema for path spec.replica: schema not found for field replica");
  CHECK(located("{" + head + ", spec: {replicas: two}}", deployment) ==
        "error: expected integer type for path spec.replicas, got string");
  CHECK(located("{" + head + ", spec: {replicas: 'x${n}'}}", deployment) ==
        "error: expected integer type for path spec.replicas, got string (text around an expression makes it a string)");
  CHECK(located("{" + head + ", spec: {paused: 1}}", deployment) ==
        "error: expected boolean type for path spec.paused, got integer");
  CHECK(located("{" + head + ", spec: {template: {spec: {containers: {}}}}}", deployment) ==
        "error: expected array type for path spec.template.spec.containers, got object");
  CHECK(located("{" + head + ", spec: {template: '${f(${x})}'}}", deployment) ==
        "error: failed to extract expressions at path spec.template: nested expressions are not allowed unless inside string "
        "literals");
  CHECK(located("{apiVersion: 'apps/${v}', kind: Deployment, metadata: {}}", deployment) ==
        "error: expressions are not allowed in apiVersion: the kind of a resource is fixed");
}

TEST_CASE("fields of custom kinds: int-or-string, preserve-unknown, no type at all") {
  const Document schema = yaml(
      "type: object\nproperties:\n  spec:\n    type: object\n    properties:\n      port: {x-kubernetes-int-or-string: true}\n"
      "      free: {x-kubernetes-preserve-unknown-fields: true}\n      half: {type: object, "
      "x-kubernetes-preserve-unknown-fields: true, properties: {num: {type: integer}}}\n"
      "      size: {anyOf: [{type: integer}, {type: string}], x-kubernetes-int-or-string: true}\n      map: {type: object, "
      "additionalProperties: {type: integer}}\n");
  const auto compiled = api::compile_schema(schema);
  const std::string head = "apiVersion: x/v1, kind: X, metadata: {name: '${n}'}";
  CHECK(located(
            "{" + head +
                ", spec: {port: '${a}', free: {x: ['${b}']}, half: {other: '${c}', num: '${d}'}, size: 1Gi, map: {k: '${e}'}}}",
            &compiled->root()) ==
        "metadata.name!<string>{n};spec.port!<string or "
        "integer>{a};spec.free.x[0]!<any>{b};spec.half.other!<any>{c};spec.half.num!<integer>{d};"
        "spec.map.k!<integer>{e};");
  CHECK(located("{" + head + ", spec: {map: {k: x}}}", &compiled->root()) ==
        "error: expected integer type for path spec.map.k, got string");
  CHECK(located("{apiVersion: x/v1, kind: X, metadata: {labelz: {}}}", &compiled->root()) ==
        "error: error getting field schema for path metadata.labelz: schema not found for field labelz");
}

}  // namespace
}  // namespace plinth::compose
