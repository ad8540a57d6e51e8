#include "compose/instance/explain.h"

#include <doctest/doctest.h>

#include "base/json.h"
#include "base/yaml.h"
#include "client/kind_forms.h"

namespace plinth::compose {
namespace {

class BuiltinKinds final : public KindSource {
 public:
  std::optional<client::KindForm> find_kind(std::string_view group, std::string_view version,
                                            std::string_view kind) const override {
    return client::builtin_kind_form(group, version, kind);
  }
};

Document yaml(std::string_view text) {
  auto parsed = parse_yaml(text);
  REQUIRE(parsed.ok());
  return std::move(*parsed);
}

constexpr std::string_view kSpec = R"(
schema:
  apiVersion: v1
  kind: Demo
  spec: {name: string, note: string, zones: "[]string", extra: boolean | default=false}
  status: {port: "${string(service.spec.ports[0].nodePort)}"}
resources:
- id: base
  externalRef: {apiVersion: v1, kind: ConfigMap, metadata: {name: base}}
- id: config
  template:
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: "${schema.spec.name}"}
    data: {note: "${schema.spec.note}", base: "${base.data.value}"}
- id: zone
  forEach: [{z: "${schema.spec.zones}"}]
  template: {apiVersion: v1, kind: ConfigMap, metadata: {name: "${schema.spec.name}-${z}"}, data: {uid: "${config.metadata.uid}"}}
- id: service
  includeWhen: ["${schema.spec.extra}"]
  template: {apiVersion: v1, kind: Service, metadata: {name: "${config.metadata.name}"}}
- id: endpoint
  template: {apiVersion: v1, kind: ConfigMap, metadata: {name: "${service.metadata.name}-endpoint"}}
)";

std::string shown(const Explanation& explanation) {
  std::string out;
  for (const EvaluatedExpression& row : explanation.expressions) {
    out += row.node + " " + row.path + " " + std::string(state_text(row.state));
    if (row.state == EvaluatedExpression::State::kValue) out += " " + row.text;
    out += "\n";
  }
  for (const ExplainedNode& node : explanation.nodes)
    out += node.id + ": " + std::to_string(node.objects.size()) + " " + node.message + "\n";
  return out;
}

struct Fixture {
  Fixture() : built(build_graph({Dialect::kGraphDefinition, "", "demo", ""}, spec, BuiltinKinds())) {
    REQUIRE_MESSAGE(built.graph != nullptr, built.failure.message);
  }
  std::string explain(std::string_view instance, const std::vector<std::string>& base, bool assume) {
    ObservedObjects observed;
    observed.child = [](const Node&, const Document&) { return std::nullopt; };
    observed.external = [&](const Node&, const Document&) {
      std::vector<Document> out;
      for (const std::string& text : base) out.push_back(yaml(text));
      return out;
    };
    return shown(explain_instance(*built.graph, yaml(instance), observed, assume));
  }
  Document spec = yaml(kSpec);
  BuildResult built;
};

constexpr std::string_view kInstance = "metadata: {name: i, namespace: n}\nspec: {name: a, zones: [x, w], extra: false}";

TEST_CASE("expressions with their values; what is absent is left out, what is not included holds back what depends on it") {
  Fixture f;
  CHECK(f.explain(kInstance, {"data: {value: b}"}, true) ==
        "config metadata.name value \"a\"\n"
        "config data.note omitted\n"
        "config data.base value \"b\"\n"
        "zone forEach.z value [\"x\",\"w\"]\n"
        "zone items[0].metadata.name value \"a-x\"\n"
        "zone items[0].data.uid waiting\n"
        "service includeWhen[0] value false\n"
        " status.port waiting\n"
        "base: 0 \n"
        "config: 1 \n"
        "zone: 0 node \"zone\": at path \"data.uid\": expression \"config.metadata.uid\": no such key: uid\n"
        "service: 0 includeWhen \"schema.spec.extra\" is false\n"
        "endpoint: 0 depends on \"service\", which is not included\n");
}

TEST_CASE("a list that the instance does not set makes no items") {
  Fixture f;
  const std::string told =
      f.explain("metadata: {name: i, namespace: n}\nspec: {name: a, extra: false}", {"data: {value: b}"}, true);
  CHECK(told.find("zone forEach.z omitted\n") != std::string::npos);
  CHECK(told.find("zone: 0 \n") != std::string::npos);
}

TEST_CASE("an object that is not there is waited for") {
  Fixture f;
  const std::string told = f.explain(kInstance, {}, true);
  CHECK(told.find("base: 0 waits for ConfigMap base, which does not exist\n") != std::string::npos);
  CHECK(told.find("config data.base waiting\n") != std::string::npos);
  // Without assumptions a child that nobody has seen has no values.
  const std::string unseen = f.explain(kInstance, {"data: {value: b}"}, false);
  CHECK(unseen.find("config metadata.name value \"a\"\n") != std::string::npos);
  CHECK(unseen.find("zone items[0].data.uid waiting\n") != std::string::npos);
}

TEST_CASE("conditions of the author see kro's own as they follow from what is there") {
  const Document spec = yaml(R"(
schema:
  apiVersion: v1
  kind: Demo
  spec: {name: string}
  status:
    conditions:
    - "${runtime.newCondition({type: 'Usable', status: runtime.condition(schema, 'ResourcesReady').status, reason: 'R', message: config.metadata.name})}"
    - "${runtime.newCondition({type: 'Sized', status: config.data.size == '1' ? 'True' : 'False'})}"
resources:
- id: config
  readyWhen: ["${config.data.size == '1'}"]
  template: {apiVersion: v1, kind: ConfigMap, metadata: {name: "${schema.spec.name}"}, data: {size: "2"}}
)");
  const BuildResult built = build_graph({Dialect::kGraphDefinition, "", "demo", ""}, spec, BuiltinKinds());
  REQUIRE_MESSAGE(built.graph != nullptr, built.failure.message);
  ObservedObjects observed;
  std::string size = "1";
  observed.child = [&](const Node&, const Document&) {
    return std::optional(yaml("metadata: {name: a}\ndata: {size: \"" + size + "\"}"));
  };
  auto told = [&] {
    return shown(explain_instance(*built.graph, yaml("metadata: {name: i}\nspec: {name: a}"), observed, false));
  };
  CHECK(told().find(R"( status.conditions[0] value {"type":"Usable","status":"True","reason":"R","message":"a"})") !=
        std::string::npos);
  size = "2";
  const std::string waits = told();
  CHECK_MESSAGE(waits.find(R"("type":"Usable","status":"False",)") != std::string::npos, waits);
  CHECK(waits.find(R"( status.conditions[1] value {"type":"Sized","status":"False",)") != std::string::npos);
}

}  // namespace
}  // namespace plinth::compose
