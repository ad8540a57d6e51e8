#include <doctest/doctest.h>

#include "base/base64.h"
#include "base/json.h"
#include "base/yaml.h"
#include "compose/builtin/definitions.h"
#include "compose/graph/graph_testing.h"
#include "compose/instance/render.h"

namespace plinth::compose {
namespace {

// Different with each byte, so that what is drawn again shows.
class CountingEntropy final : public Entropy {
 public:
  void fill(std::span<unsigned char> out) override {
    for (unsigned char& b : out) b = next_++;
  }

 private:
  unsigned char next_ = 0;
};

GraphPtr cluster_graph() {
  const Document definition = postgresql_definition();
  const Document spec = definition.at(definition["spec"]);
  BuildResult built = build_graph({Dialect::kGraphDefinition, "", "clusters.postgresql.cnpg.io", "uid"}, spec, BuiltinKinds(),
                                  definition_environment(std::make_shared<CountingEntropy>()));
  REQUIRE_MESSAGE(built.graph != nullptr, built.failure.message);
  return built.graph;
}

// As the API keeps it: with the defaults of the generated CRD.
Document instance(const std::string& spec) {
  auto document = parse_yaml(
      "metadata: {name: db, namespace: shop, generation: 1}\nspec: {instances: 1, imageName: image, storage: {size: 1Gi}, " +
      spec + "}");
  REQUIRE_MESSAGE(document.ok(), document.error().message());
  return std::move(*document);
}

std::string decoded(const Document& secret, std::string_view key) {
  return base64_decode(secret["data"][key].as_string()).value_or("?");
}

TEST_CASE("the password is drawn once and kept; the Secret is that of CloudNativePG") {
  const GraphPtr graph = cluster_graph();
  cel::Memory memory;
  Variables variables(*graph, instance("bootstrap: {initdb: {database: app}}"), memory);
  const Node& password = *graph->find("password");
  const Rendered made = render(password, variables);
  REQUIRE(made.objects.size() == 1);
  CHECK(made.drawn[0]);
  const std::string first = decoded(made.objects[0], "password");
  CHECK(first.size() == 32);
  CHECK(decoded(render(password, variables).objects[0], "password") != first);
  const Rendered kept = render(password, variables,
                               {[&](const Value& metadata) {
                                  CHECK(metadata["name"].as_string() == "db-password");
                                  return made.objects[0];
                                },
                                nullptr});
  CHECK(!kept.drawn[0]);
  CHECK(decoded(kept.objects[0], "password") == first);

  variables.set_object(password, made.objects[0]);
  const Rendered app = render(*graph->find("app"), variables);
  REQUIRE_MESSAGE(!app.unresolved.has_value(), app.unresolved->message);
  const Document& secret = app.objects[0];
  CHECK(secret["metadata"]["name"].as_string() == "db-app");
  CHECK(secret["type"].as_string() == "kubernetes.io/basic-auth");
  const std::pair<const char*, std::string> fields[] = {
      {"username", "app"},
      {"user", "app"},
      {"dbname", "app"},
      {"host", "db-rw"},
      {"port", "5432"},
      {"password", first},
      {"pgpass", "db-rw:5432:app:app:" + first + "\n"},
      {"uri", "postgresql://app:" + first + "@db-rw.shop:5432/app"},
      {"jdbc-uri", "jdbc:postgresql://db-rw.shop:5432/app?password=" + first + "&user=app"},
      {"fqdn-uri", "postgresql://app:" + first + "@db-rw.shop.svc.cluster.local:5432/app"},
      {"fqdn-jdbc-uri", "jdbc:postgresql://db-rw.shop.svc.cluster.local:5432/app?password=" + first + "&user=app"}};
  for (const auto& field : fields) CHECK_MESSAGE(decoded(secret, field.first) == field.second, field.first);
  CHECK(secret["data"].size() == std::size(fields));
}

TEST_CASE("the StatefulSet follows the spec, and leaves out what the spec leaves out") {
  const GraphPtr graph = cluster_graph();
  cel::Memory memory;
  Variables variables(
      *graph, instance("resources: {limits: {cpu: 1}}, bootstrap: {initdb: {database: shop, owner: me, secret: {name: own}}}"),
      memory);
  const Rendered rendered = render(*graph->find("postgresql"), variables);
  REQUIRE_MESSAGE(!rendered.unresolved.has_value(), rendered.unresolved->message);
  const Value spec = rendered.objects[0]["spec"];
  const Value pod = spec["template"]["spec"];
  CHECK(to_json(pod["containers"].items()[0]["resources"]) == R"({"limits":{"cpu":1}})");
  CHECK(pod["containers"].items()[0]["image"].as_string() == "image");
  CHECK(pod["containers"].items()[0]["env"].items()[0]["value"].as_string() == "shop");
  CHECK(pod["containers"].items()[0]["env"].items()[2]["valueFrom"]["secretKeyRef"]["name"].as_string() == "own");
  for (std::string_view absent : {"priorityClassName", "schedulerName", "imagePullSecrets"}) CHECK(pod.find(absent) == nullptr);
  const Value claim = spec["volumeClaimTemplates"].items()[0]["spec"];
  CHECK(claim["resources"]["requests"]["storage"].as_string() == "1Gi");
  CHECK(claim.find("storageClassName") == nullptr);
  CHECK(evaluate_condition(graph->find("app")->include_when[0], variables).value == false);
}

struct Refusal {
  const char* resource;
  const char* part;
};

TEST_CASE("where values may be drawn") {
  const Refusal cases[] = {
      {"template: {apiVersion: v1, kind: ConfigMap, metadata: {name: '${random.alphanumeric(8)}'}}",
       "for the identity of an object"},
      {"template: {apiVersion: v1, kind: Secret, metadata: {name: a}, stringData: {x: '${random.alphanumeric(8)}'}}",
       "in stringData, which is not kept"},
      {"template: {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: '${random.alphanumeric(8)}'}]}}",
       "within lists"},
      {"externalRef: {apiVersion: v1, kind: ConfigMap, metadata: {name: '${random.alphanumeric(8)}'}}", "in an externalRef"},
      {"includeWhen: ['${random.alphanumeric(1) == \"a\"}'], template: {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}",
       "can only be used in fields of resource templates"},
      {"readyWhen: ['${random.alphanumeric(1) == a.metadata.name}'], template: {apiVersion: v1, kind: ConfigMap, metadata: "
       "{name: a}}",
       "can only be used in fields of resource templates"},
  };
  for (const Refusal& c : cases) {
    auto spec = parse_yaml("{schema: {apiVersion: v1, kind: Demo, spec: {name: string}}, resources: [{id: a, " +
                           std::string(c.resource) + "}]}");
    REQUIRE_MESSAGE(spec.ok(), spec.error().message());
    const BuildResult built = build_graph({Dialect::kGraphDefinition, "", "demo", "uid"}, *spec, BuiltinKinds(),
                                          definition_environment(std::make_shared<CountingEntropy>()));
    CAPTURE(built.failure.message);
    CHECK(built.failure.message.find(c.part) != std::string::npos);
  }
  auto spec = parse_yaml(
      "{schema: {apiVersion: v1, kind: Demo, spec: {name: string}, status: {x: '${random.alphanumeric(4) + "
      "a.metadata.name}'}}, "
      "resources: [{id: a, template: {apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {x: "
      "'${random.alphanumeric(9)}'}}}]}");
  REQUIRE(spec.ok());
  CHECK(build_graph({Dialect::kGraphDefinition, "", "demo", "uid"}, *spec, BuiltinKinds(),
                    definition_environment(std::make_shared<CountingEntropy>()))
            .failure.message.find("status field \"x\": random.alphanumeric() can only") != std::string::npos);
}

}  // namespace
}  // namespace plinth::compose
