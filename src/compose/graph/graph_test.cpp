#include "compose/graph/graph.h"

#include <doctest/doctest.h>

#include "base/json.h"
#include "base/yaml.h"
#include "compose/graph/graph_testing.h"

namespace plinth::compose {
namespace {

BuildResult build(const std::string& resources,
                  const std::string& schema = "spec: {name: string, count: integer | default=1, tags: '[]string'}",
                  Dialect dialect = Dialect::kGraphDefinition) {
  auto spec = parse_yaml("schema: {apiVersion: v1alpha1, kind: Demo, " + schema + "}\nresources:\n" + resources);
  REQUIRE_MESSAGE(spec.ok(), spec.error().message());
  return build_graph({dialect, "", "demo", "uid"}, *spec, BuiltinKinds());
}

std::string config_map(const std::string& id, const std::string& data, const std::string& more = "") {
  return "- {id: " + id + ", " + more + "template: {apiVersion: v1, kind: ConfigMap, metadata: {name: '${schema.spec.name}-" +
         id + "'}, data: {" + data + "}}}\n";
}

std::string joined(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) out += part + " ";
  return out;
}

TEST_CASE("order and dependencies come from references") {
  const std::string resources =
      config_map("zeta", "a: '${alpha.metadata.name}'") + config_map("beta", "a: x") + config_map("alpha", "a: x");
  const BuildResult listed = build(resources);
  REQUIRE_MESSAGE(listed.graph != nullptr, listed.failure.message);
  CHECK(joined(listed.graph->order_ids()) == "beta alpha zeta ");
  CHECK(listed.graph->find("zeta")->apply_order == 2);
  const BuildResult alphabetical = build(resources, "spec: {name: string}", Dialect::kResourceGroup2024);
  REQUIRE(alphabetical.graph != nullptr);
  CHECK(joined(alphabetical.graph->order_ids()) == "alpha beta zeta ");
  const BuildResult condition =
      build(config_map("one", "a: x") + config_map("two", "a: x", "includeWhen: ['${one.data.a == \"x\"}'], "));
  REQUIRE_MESSAGE(condition.graph != nullptr, condition.failure.message);
  CHECK(condition.graph->find("two")->needs == std::vector<std::size_t>{0});
}

struct Refusal {
  std::string resources;
  const char* part;
};

TEST_CASE("what is refused, and why") {
  const Refusal cases[] = {
      {config_map("schema", "a: b"), "id schema is a reserved keyword in KRO"},
      {config_map("Bad", "a: b"), "id Bad is not a valid KRO resource id: must be lower camelCase"},
      {config_map("a", "a: b") + config_map("a", "a: b"), "found duplicate resource IDs a"},
      {config_map("a", "x: '${b.metadata.name}'") + config_map("b", "x: '${a.metadata.name}'"),
       "graph contains a cycle: b -> a -> b"},
      {config_map("a", "x: '${a.metadata.name}'"), "self references are not allowed"},
      {config_map("a", "x: '${nobody.metadata.name}'"), "references unknown identifiers: [nobody]"},
      {config_map("a", "x: '${schema.spec.nope}'"), "undefined field 'nope'"},
      {config_map("a", "x: '${foo(bar(schema.spec.name) + string(1))}'"),
       "resource \"a\" at path \"data.x\": failed to extract dependencies: expression \"foo(bar(schema.spec.name) + "
       "string(1))\" "
       "uses unknown functions: [{bar} {foo}]"},
      {config_map("a", "x: text", "readyWhen: ['${ready(a)}'], "), "uses unknown functions: [{ready}]"},
      {config_map("a", "x: '${schema.spec.count}'"),
       "type mismatch in resource \"a\" at path \"data.x\": expression \"schema.spec.count\" returns type \"int\" but expected "
       "\"string\""},
      {config_map("a", "x: 'n-${schema.spec.count}'"), "returns type \"int\" but expected \"string\""},
      {config_map("a", "x: text", "includeWhen: ['${schema.spec.count}'], "), "must return bool"},
      {config_map("a", "x: text", "includeWhen: ['x'], "), "only standalone expressions are allowed"},
      {config_map("a", "x: text", "readyWhen: ['${schema.spec.name == \"a\"}'], "), "references unknown identifiers: [schema]"},
      {config_map("a", "x: '${runtime.x}'"), "runtime is only available in status.conditions expressions"},
      {config_map("a", "x: text", "forEach: [{t: '${schema.spec.tags}'}], "),
       "all forEach dimensions must be used to produce a unique resource identity, missing: [t]"},
      {config_map("a", "x: text", "forEach: [{t: '${schema.spec.name}'}], "), "must return a list, got \"string\""},
      {"- {id: a}\n", "exactly one of template or externalRef must be provided"},
      {"- {id: a, template: {apiVersion: v1, kind: ConfigMap}}\n", "metadata field not found"},
      {"- {id: a, template: {apiVersion: x.y/v1, kind: Missing, metadata: {name: a}}}\n",
       "kind Missing of x.y/v1 is not served"},
      {"- {id: a, template: {apiVersion: v1, kind: Namespace, metadata: {name: a, namespace: b}}}\n",
       "is cluster-scoped and must not set metadata.namespace"},
      {"- {id: a, template: {apiVersion: v1, kind: ConfigMap, metadata: {name: a, labels: {kro.run/x: y}}}}\n",
       "are reserved for internal use"},
      {"- {id: a, template: {apiVersion: v1, kind: ConfigMap, metadata: {name: '${omit()}'}}}\n",
       "omit() cannot be used at path \"metadata.name\""},
      {"- {id: a, externalRef: {apiVersion: v1, kind: ConfigMap, metadata: {name: a, selector: {}}}}\n",
       "exactly one of name or selector must be provided"},
  };
  for (const Refusal& c : cases) {
    CAPTURE(c.resources);
    const BuildResult result = build(c.resources);
    REQUIRE(result.graph == nullptr);
    CAPTURE(result.failure.message);
    CHECK(result.failure.message.find(c.part) != std::string::npos);
  }
}

TEST_CASE("status takes its schema from the types of its expressions") {
  const BuildResult result = build(config_map("a", "x: text"),
                                   "spec: {name: string}, status: {label: 'is ${a.metadata.name}', count: '${size(a.data)}', "
                                   "data: '${a.data}', nested: {list: ['${a.metadata.name}']}}");
  REQUIRE_MESSAGE(result.graph != nullptr, result.failure.message);
  const Value status =
      result.graph->crd["spec"]["versions"].items()[0]["schema"]["openAPIV3Schema"]["properties"]["status"]["properties"];
  CHECK(to_json(status["label"]) == R"({"type":"string"})");
  CHECK(to_json(status["count"]) == R"({"type":"integer"})");
  CHECK(to_json(status["data"]) == R"({"type":"object","additionalProperties":{"type":"string"}})");
  CHECK(to_json(status["nested"]["properties"]["list"]["items"]) == R"({"type":"string"})");
  CHECK(build(config_map("a", "x: text"), "spec: {name: string}, status: {x: plain}")
            .failure.message.find("status fields without expressions are not supported") != std::string::npos);
  CHECK(build(config_map("a", "x: text"), "spec: {name: string}, status: {x: '${1 + 1}'}")
            .failure.message.find("instance status field must refer to a resource or schema") != std::string::npos);
}

struct ConditionCase {
  const char* list;  // of status.conditions
  const char* part;  // of the message; "": accepted
};

TEST_CASE("conditions of an author") {
  const ConditionCase cases[] = {
      {R"(["${runtime.newCondition({type: 'A', status: a.data.x == 'y' ? 'True' : 'False', reason: 'R', message: 'm'})}"])",
       ""},
      {R"(["${[1, 2].map(i, runtime.newCondition({type: 'A' + string(i), status: 'True'}))}"])", ""},
      {R"(["${runtime.newCondition({type: 'Ready', status: runtime.condition(schema, 'Ready').status})}"])", ""},
      {R"(["${runtime.newCondition({type: 'A', status: runtime.condition(a, 'Any').reason})}"])", ""},
      {R"(["${true ? runtime.newCondition({type: 'A', status: 'True'}) : runtime.newCondition({type: 'A', status: 'False'})}"])",
       ""},
      {R"(text)", "status.conditions must be a list, got string"},
      {R"([5])", "status.conditions[0] must be a CEL expression string, got integer"},
      {R"(["x"])", "invalid conditions block: only standalone expressions are allowed"},
      {R"(["${runtime.newCondition({type: 'A', status: 'Yes'})}"])",
       "status must be one of True, False, Unknown (got \"Yes\") in expression"},
      {R"(["${runtime.newCondition({type: '', status: 'True'})}"])", "type must not be empty"},
      {R"(["${runtime.newCondition({kind: 'A'})}"])", "unknown key \"kind\" (allowed: type, status, reason, message)"},
      {R"(["${runtime.newCondition({'type': 'A', status: 'True'})}"])", "keys must be bare identifiers"},
      {R"(["${runtime.newCondition({type: 'A', type: 'B', status: 'True'})}"])", "duplicate key \"type\""},
      {R"(["${runtime.newCondition({status: 'True'})}"])", "'type' is required"},
      {R"(["${runtime.newCondition({type: 'A'})}"])", "'status' is required"},
      {R"(["${runtime.newCondition(schema.spec)}"])", "argument must be a map literal"},
      {R"(["${runtime.newCondition({type: 1, status: 2})}"])", "failed to type-check condition"},
      {R"(["${schema.spec.name}"])", "must return runtime.newCondition(...) or a list of them, got \"string\""},
      {R"(["${runtime.newCondition({type: 'A', status: runtime.condition(a, 'X').state})}"])", "undefined field 'state'"},
      {R"(["${runtime.newCondition({type: 'A', status: runtime.condition(schema, 'X').status})}"])",
       "unknown condition type; only kro's"},
      {R"(["${runtime.newCondition({type: 'A', status: 'True'})}", "${runtime.newCondition({type: 'B', status: runtime.condition(schema, 'A').status})}"])",
       "custom conditions cannot reference each other"},
      {R"(["${runtime.newCondition({type: 'A', status: 'True'})}", "${runtime.newCondition({type: 'A', status: 'False'})}"])",
       "condition type \"A\" is declared by more than one conditions entry"},
      {R"(["${runtime.newCondition({type: 'A', status: nobody.x})}"])", "references unknown identifiers: [nobody]"},
  };
  for (const ConditionCase& c : cases) {
    CAPTURE(c.list);
    const BuildResult result =
        build(config_map("a", "x: text"),
              "spec: {name: string}, status: {name: '${a.metadata.name}', conditions: " + std::string(c.list) + "}");
    CAPTURE(result.failure.message);
    if (*c.part == '\0')
      CHECK((result.graph != nullptr && result.graph->conditions.size() == 1 && result.graph->status.size() == 1));
    else
      CHECK(result.failure.message.find(c.part) != std::string::npos);
  }
}

}  // namespace
}  // namespace plinth::compose
