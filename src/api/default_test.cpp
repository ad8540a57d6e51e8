#include "api/default.h"

#include <doctest/doctest.h>

#include "api/kind.h"
#include "base/json.h"

namespace plinth::api {
namespace {

std::string defaulted(const Schema& schema, std::string_view json) {
  Draft draft(parse_json(json).value());
  apply_defaults(draft, draft.root(), schema);
  const std::string once = to_json(draft.root());
  apply_defaults(draft, draft.root(), schema);
  CHECK(to_json(draft.root()) == once);
  return once;
}

bool same(std::string_view a, std::string_view b) { return equal(parse_json(a)->root(), parse_json(b)->root()); }

}  // namespace

// The expectation is what kube-apiserver 1.33 returns for `kubectl create deployment`, without what strategies add.
TEST_CASE("a Deployment gets its defaults and the values that Go always writes") {
  const std::string out = defaulted(
      *builtin_type("apps.v1.Deployment"),
      R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"selector":{"matchLabels":{"app":"web"}},)"
      R"("template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"c","image":"nginx","ports":[{"containerPort":80}],)"
      R"("readinessProbe":{"httpGet":{"port":80}}}]}}}})");
  const auto doc = parse_json(out);
  const Value spec = (*doc)["spec"];
  CHECK(spec["replicas"].as_int() == 1);
  CHECK(spec["revisionHistoryLimit"].as_int() == 10);
  CHECK(spec["progressDeadlineSeconds"].as_int() == 600);
  CHECK(spec["strategy"]["type"].as_string() == "RollingUpdate");
  const Value pod = spec["template"]["spec"];
  CHECK(pod["restartPolicy"].as_string() == "Always");
  CHECK(pod["dnsPolicy"].as_string() == "ClusterFirst");
  CHECK(pod["schedulerName"].as_string() == "default-scheduler");
  CHECK(pod["terminationGracePeriodSeconds"].as_int() == 30);
  CHECK(to_json(pod["securityContext"]) == "{}");
  const Value container = pod["containers"].items()[0];
  CHECK(container["terminationMessagePath"].as_string() == "/dev/termination-log");
  CHECK(to_json(container["resources"]) == "{}");
  CHECK(container["ports"].items()[0]["protocol"].as_string() == "TCP");
  CHECK(container["readinessProbe"]["periodSeconds"].as_int() == 10);
  CHECK(container["readinessProbe"]["httpGet"]["scheme"].as_string() == "HTTP");
  CHECK(to_json((*doc)["status"]) == "{}");
}

TEST_CASE("a zero counts as absent unless the field is a pointer") {
  const Schema& spec = *builtin_type("apps.v1.DeploymentSpec");
  CHECK(parse_json(defaulted(spec, R"({"replicas":0})"))->root()["replicas"].as_int() == 0);
  CHECK(parse_json(defaulted(*builtin_type("core.v1.ContainerPort"), R"({"containerPort":80,"protocol":""})"))
            ->root()["protocol"]
            .as_string() == "TCP");
}

TEST_CASE("an Event shows the zero times that Go writes") {
  const auto event = parse_json(defaulted(*builtin_type("core.v1.Event"), R"({"reason":"x"})"));
  REQUIRE(event->root().find("eventTime") != nullptr);
  CHECK(event->root()["eventTime"].is_null());
  CHECK(to_json(event->root()["source"]) == "{}");
  CHECK(event->root()["reportingComponent"].as_string().empty());
}

TEST_CASE("defaults of custom schemas") {
  Schema text{.type = SchemaType::kString};
  Schema nullable{.type = SchemaType::kString, .nullable = true};
  const Value x = Value::ref("x");
  const Value empty = Value::empty_object();
  const Field inner_fields[] = {{.name = "a", .schema = &text, .default_value = &x},
                                {.name = "b", .schema = &text},
                                {.name = "n", .schema = &nullable, .default_value = &x}};
  Schema inner{.type = SchemaType::kObject, .fields = inner_fields};
  Schema list{.type = SchemaType::kArray, .items = &inner};
  Schema map{.type = SchemaType::kObject, .additional = &inner};
  const Field root_fields[] = {{.name = "list", .schema = &list},
                               {.name = "made", .schema = &inner, .default_value = &empty},
                               {.name = "map", .schema = &map},
                               {.name = "plain", .schema = &inner}};
  Schema root{.type = SchemaType::kObject, .fields = root_fields};
  CHECK(same(defaulted(root, R"({})"), R"({"made":{"a":"x","n":"x"}})"));
  CHECK(same(defaulted(root, R"({"made":{"a":null,"b":null,"n":null},"plain":{"a":"y"}})"),
             R"({"made":{"a":"x","n":null},"plain":{"a":"y","n":"x"}})"));
  CHECK(same(
      defaulted(root, R"({"made":null,"list":[{},{"a":"z"}],"map":{"k":{}},"other":null})"),
      R"({"made":{"a":"x","n":"x"},"list":[{"a":"x","n":"x"},{"a":"z","n":"x"}],"map":{"k":{"a":"x","n":"x"}},"other":null})"));
}

}  // namespace plinth::api
