#include <doctest/doctest.h>

#include "base/json.h"
#include "server/write/test_pipeline.h"

namespace plinth::server {
namespace {

constexpr std::string_view kPolicies = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies";
constexpr std::string_view kBindings = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings";

std::string policy(std::string_view name, std::string_view spec) {
  return R"({"metadata":{"name":")" + std::string(name) +
         R"("},"spec":{"matchConstraints":{"resourceRules":[{"apiGroups":[""],"apiVersions":["v1"],)"
         R"("operations":["CREATE","UPDATE"],"resources":["configmaps"]}]},)" +
         std::string(spec) + "}}";
}

// A policy in force, and what becomes of a ConfigMap.
struct Case {
  std::string_view spec;  // of the policy, after its matchConstraints
  std::string_view binding;
  int status;
  std::string_view message;  // a part of it
};

std::string message_of(const LocalAnswer& answer) {
  auto document = parse_json(answer.body);
  REQUIRE(document.ok());
  return std::string((*document)["message"].as_string());
}

}  // namespace

TEST_CASE("what a policy says decides, as its binding has it") {
  const Case kCases[] = {
      {R"("validations":[{"expression":"object.data.a == 'b'"}])", R"("validationActions":["Deny"])", 201, ""},
      {R"("validations":[{"expression":"object.data.a == 'c'"}])", R"("validationActions":["Deny"])", 422,
       "denied request: failed expression: object.data.a == 'c'"},
      {R"("validations":[{"expression":"object.data.a == 'c'","reason":"Forbidden","message":"no"}])",
       R"("validationActions":["Deny"])", 403, "denied request: no"},
      {R"("validations":[{"expression":"false","reason":"RequestEntityTooLarge"}])", R"("validationActions":["Deny"])", 413,
       "failed expression: false"},
      {R"("validations":[{"expression":"object.data.a == 'c'"}])", R"("validationActions":["Audit"])", 201, ""},
      {R"("validations":[{"expression":"object.data.z == 'c'"}])", R"("validationActions":["Deny"])", 422,
       "expression 'object.data.z == 'c'' resulted in error: no such key: z"},
      {R"("failurePolicy":"Ignore","validations":[{"expression":"object.data.z == 'c'"}])", R"("validationActions":["Deny"])",
       201, ""},
      {R"("matchConditions":[{"name":"x","expression":"request.name == 'other'"}],"validations":[{"expression":"false"}])",
       R"("validationActions":["Deny"])", 201, ""},
      {R"("matchConditions":[{"name":"x","expression":"object.data.z == ''"}],"validations":[{"expression":"false"}])",
       R"("validationActions":["Deny"])", 422, "resulted in error: no such key: z"},
      {R"("variables":[{"name":"a","expression":"object.data.a"},{"name":"twice","expression":"variables.a + variables.a"}],)"
       R"("validations":[{"expression":"variables.twice == 'x'","messageExpression":"variables.twice + ' it is'"}])",
       R"("validationActions":["Deny"])", 422, "denied request: bb it is"},
      // A variable is evaluated only where it decides.
      {R"("variables":[{"name":"bad","expression":"object.data.z"}],"validations":[{"expression":"object.data.a == 'b' || variables.bad == ''"}])",
       R"("validationActions":["Deny"])", 201, ""},
      {R"("variables":[{"name":"bad","expression":"object.data.z"}],"validations":[{"expression":"variables.bad == ''"}])",
       R"("validationActions":["Deny"])", 422, "composited variable \"bad\" fails to evaluate: no such key: z"},
      {R"x("variables":[{"name":"a","expression":"1"}],"validations":[{"expression":"has(variables.a)"}])x",
       R"("validationActions":["Deny"])", 201, ""},
      {R"("validations":[{"expression":"namespaceObject.metadata.labels['team'] == 'a' && oldObject == null && request.userInfo.username == 'tester'"}])",
       R"("validationActions":["Deny"])", 201, ""},
      {R"("paramKind":{"apiVersion":"v1","kind":"ConfigMap"},"validations":[{"expression":"params.data.a == object.data.a"}])",
       R"("validationActions":["Deny"],"paramRef":{"name":"limits","parameterNotFoundAction":"Allow"})", 422,
       "failed expression: params.data.a == object.data.a"},
      {R"("paramKind":{"apiVersion":"v1","kind":"ConfigMap"},"validations":[{"expression":"false"}])",
       R"("validationActions":["Deny"],"paramRef":{"name":"none","parameterNotFoundAction":"Allow"})", 201, ""},
      {R"("paramKind":{"apiVersion":"v1","kind":"ConfigMap"},"validations":[{"expression":"true"}])",
       R"("validationActions":["Warn"],"paramRef":{"name":"none","parameterNotFoundAction":"Deny"})", 422,
       "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction"},
      {R"("paramKind":{"apiVersion":"v1","kind":"ConfigMap"},"validations":[{"expression":"params.data.a != 'x'"}])",
       R"("validationActions":["Deny"],"paramRef":{"selector":{"matchLabels":{"param":"yes"}},"parameterNotFoundAction":"Deny"})",
       422, "params.data.a != 'x'"},
      {R"("paramKind":{"apiVersion":"x.io/v1","kind":"Gone"},"validations":[{"expression":"true"}])",
       R"("validationActions":["Deny"],"paramRef":{"name":"a","parameterNotFoundAction":"Allow"})", 422,
       "paramKind kind `&ParamKind{APIVersion:x.io/v1,Kind:Gone,}` not known"},
      {R"("validations":[{"expression":"false"}])",
       R"("validationActions":["Deny"],"matchResources":{"objectSelector":{"matchLabels":{"a":"b"}}})", 201, ""},
      {R"x("validations":[{"expression":"[1,2,3,4,5,6,7,8,9,10].all(a, [1,2,3,4,5,6,7,8,9,10].all(b, [1,2,3,4,5,6,7,8,9,10].all(c, [1,2,3,4,5,6,7,8,9,10].all(d, [1,2,3,4,5,6,7,8,9,10].all(e, a+b+c+d+e > 0)))))"}])x",
       R"("validationActions":["Deny"])", 422, "operation cancelled: actual cost limit exceeded"},
  };
  for (const Case& c : kCases) {
    CAPTURE(c.spec);
    PipelineBench bench(default_admission_plugins());
    REQUIRE(bench.call("POST", "/api/v1/namespaces", R"({"metadata":{"name":"ns","labels":{"team":"a"}}})").status == 201);
    REQUIRE(bench
                .call("POST", "/api/v1/namespaces/ns/configmaps",
                      R"({"metadata":{"name":"limits","labels":{"param":"yes"}},"data":{"a":"x"}})")
                .status == 201);
    const LocalAnswer made = bench.call("POST", std::string(kPolicies), policy("p", c.spec));
    CAPTURE(made.body);
    REQUIRE(made.status == 201);
    const LocalAnswer bound =
        bench.call("POST", std::string(kBindings),
                   R"({"metadata":{"name":"b"},"spec":{"policyName":"p",)" + std::string(c.binding) + "}}");
    CAPTURE(bound.body);
    REQUIRE(bound.status == 201);
    const LocalAnswer answer =
        bench.call("POST", "/api/v1/namespaces/ns/configmaps", R"({"metadata":{"name":"c"},"data":{"a":"b"}})");
    CHECK(answer.status == c.status);
    if (c.status == 201) continue;
    const std::string message = message_of(answer);
    CAPTURE(message);
    CHECK(message.find("configmaps \"c\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: ") == 0);
    CHECK(message.find(c.message) != std::string::npos);
  }
}

TEST_CASE("a binding that warns, and one that goes") {
  PipelineBench bench(default_admission_plugins());
  REQUIRE(bench.call("POST", "/api/v1/namespaces", R"({"metadata":{"name":"ns"}})").status == 201);
  REQUIRE(bench.call("POST", std::string(kPolicies), policy("p", R"("validations":[{"expression":"false","message":"hm"}])"))
              .status == 201);
  REQUIRE(bench
              .call("POST", std::string(kBindings),
                    R"({"metadata":{"name":"b"},"spec":{"policyName":"p","validationActions":["Warn"]}})")
              .status == 201);
  CHECK(bench.call("POST", "/api/v1/namespaces/ns/configmaps", R"({"metadata":{"name":"c"}})").status == 201);
  CHECK(bench.warning == "299 - \"Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': hm\"");
  CHECK(bench.call("DELETE", std::string(kBindings) + "/b").status == 200);
  CHECK(bench.call("POST", "/api/v1/namespaces/ns/configmaps", R"({"metadata":{"name":"d"}})").status == 201);
  CHECK(bench.warning == "");
}

TEST_CASE("types that do not fit show in the policy's status") {
  PipelineBench bench(default_admission_plugins());
  const LocalAnswer answer =
      bench.call("POST", std::string(kPolicies),
                 policy("p", R"("validations":[{"expression":"object.dataa == 'a'"},{"expression":"object.data.a == 'a'"}])"));
  REQUIRE(answer.status == 201);
  auto made = parse_json(answer.body);
  REQUIRE(made.ok());
  const Value warnings = (*made)["status"]["typeChecking"]["expressionWarnings"];
  REQUIRE(warnings.size() == 1);
  CHECK(warnings.items()[0]["fieldRef"].as_string() == "spec.validations[0].expression");
  CHECK(warnings.items()[0]["warning"].as_string() ==
        "/v1, Kind=ConfigMap: ERROR: <input>:1:7: undefined field 'dataa'\n | object.dataa == 'a'\n | ......^\n");
}

TEST_CASE("a webhook is only called for what meets its conditions") {
  // Nobody listens at the webhook's address: a call is a failure.
  struct Row {
    std::string_view conditions, failure_policy;
    int status;
  } rows[] = {
      {R"([])", "Fail", 500},
      {R"([{"name":"a","expression":"object.data.a == 'b'"}])", "Fail", 500},
      {R"([{"name":"a","expression":"object.data.a == 'c'"}])", "Fail", 201},
      {R"([{"name":"a","expression":"object.data.z == 'c'"}])", "Fail", 403},
      {R"([{"name":"a","expression":"object.data.z == 'c'"}])", "Ignore", 201},
      {R"([{"name":"a","expression":"object.data.z == 'c'"},{"name":"b","expression":"request.operation == 'DELETE'"}])",
       "Fail", 201},
  };
  for (const Row& row : rows) {
    for (const char* kind : {"Mutating", "Validating"}) {
      CAPTURE(row.conditions);
      PipelineBench bench(default_admission_plugins());
      REQUIRE(bench.call("POST", "/api/v1/namespaces", R"({"metadata":{"name":"ns"}})").status == 201);
      const std::string plural =
          std::string(kind == std::string_view("Mutating") ? "mutating" : "validating") + "webhookconfigurations";
      const LocalAnswer made = bench.call(
          "POST", "/apis/admissionregistration.k8s.io/v1/" + plural,
          R"({"metadata":{"name":"w"},"webhooks":[{"name":"a.b.c","sideEffects":"None","admissionReviewVersions":["v1"],"clientConfig":{"url":"https://127.0.0.1:1/"},)"
          R"("rules":[{"apiGroups":[""],"apiVersions":["v1"],"operations":["*"],"resources":["configmaps"]}],"failurePolicy":")" +
              std::string(row.failure_policy) + R"(","matchConditions":)" + std::string(row.conditions) + "}]}");
      CAPTURE(made.body);
      REQUIRE(made.status == 201);
      CHECK(bench.call("POST", "/api/v1/namespaces/ns/configmaps", R"({"metadata":{"name":"c"},"data":{"a":"b"}})").status ==
            row.status);
      CHECK(bench.call("POST", "/api/v1/namespaces/ns/secrets", R"({"metadata":{"name":"c"}})").status == 201);
    }
  }
}

TEST_CASE("rules of a custom kind hold for every way to write it") {
  PipelineBench bench(default_admission_plugins());
  REQUIRE(bench.call("POST", "/api/v1/namespaces", R"({"metadata":{"name":"ns"}})").status == 201);
  const LocalAnswer defined = bench.call(
      "POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
      R"({"metadata":{"name":"foos.x.io"},"spec":{"group":"x.io","scope":"Namespaced","names":{"plural":"foos","kind":"Foo"},
      "versions":[{"name":"v1","served":true,"storage":true,"subresources":{"status":{},"scale":{"specReplicasPath":".spec.n","statusReplicasPath":".status.n"}},
        "schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","properties":{"n":{"type":"integer"}},
          "x-kubernetes-validations":[{"rule":"!has(self.n) || self.n < 5","message":"too many"}]},
          "status":{"type":"object","properties":{"n":{"type":"integer","x-kubernetes-validations":[{"rule":"self >= oldSelf","message":"never less"}]}}}}}}}]}})");
  CAPTURE(defined.body);
  REQUIRE(defined.status == 201);
  CHECK(bench.warning == "");
  const std::string foos = "/apis/x.io/v1/namespaces/ns/foos";
  const auto foo = [](std::string_view rest) {
    return R"({"apiVersion":"x.io/v1","kind":"Foo","metadata":{"name":"f"},)" + std::string(rest) + "}";
  };
  CHECK(bench.call("POST", foos, foo(R"("spec":{"n":5})")).status == 422);
  CHECK(bench.call("POST", foos, foo(R"("spec":{"n":1})")).status == 201);
  CHECK(bench.call("PATCH", foos + "/f", R"({"spec":{"n":6}})", "application/merge-patch+json").status == 422);
  CHECK(bench.call("PATCH", foos + "/f?fieldManager=m&force=true", foo(R"("spec":{"n":6})"), "application/apply-patch+yaml")
            .status == 422);
  CHECK(bench.call("PATCH", foos + "/f/scale", R"({"spec":{"replicas":7}})", "application/merge-patch+json").status == 422);
  CHECK(bench.call("PATCH", foos + "/f/scale", R"({"spec":{"replicas":4}})", "application/merge-patch+json").status == 200);
  CHECK(bench.call("PATCH", foos + "/f/status", R"({"status":{"n":3}})", "application/merge-patch+json").status == 200);
  CHECK(bench.call("PATCH", foos + "/f/status", R"({"status":{"n":2}})", "application/merge-patch+json").status == 422);
  CHECK(
      bench
          .call("POST", foos + "?dryRun=All", R"({"apiVersion":"x.io/v1","kind":"Foo","metadata":{"name":"g"},"spec":{"n":9}})")
          .status == 422);
  CHECK(bench.call("DELETE", foos + "/f").status == 200);
}

}  // namespace plinth::server
