#include "api/decode.h"

#include <doctest/doctest.h>

#include "base/json.h"

namespace plinth::api {
namespace {

DecodeTarget target_of(std::string_view type, std::string_view kind, std::string_view version = "v1") {
  return {builtin_type(type), kind, version};
}

// The decoded object as JSON, or the error.
std::string decoded(std::string_view type, std::string_view kind, std::string_view json,
                    FieldValidation mode = FieldValidation::kStrict) {
  std::vector<std::string> duplicates;
  JsonParseOptions options;
  options.duplicates = &duplicates;
  const auto document = parse_json(json, options);
  REQUIRE(document.ok());
  auto done = decode(*document, target_of(type, kind), mode, duplicates);
  if (!done.ok()) {
    CHECK(done.error().reason() == Reason::kBadRequest);
    return done.error().message();
  }
  std::string out = to_json(done->draft.root());
  for (const std::string& warning : done->warnings) out += " // " + warning;
  return out;
}
std::string deployment(std::string_view json, FieldValidation mode = FieldValidation::kStrict) {
  return decoded("apps.v1.Deployment", "Deployment", json, mode);
}
std::string pod(std::string_view json) { return decoded("core.v1.Pod", "Pod", json); }

constexpr std::string_view kPrefix = "Deployment in version \"v1\" cannot be handled as a Deployment: ";

}  // namespace

TEST_CASE("a wrong JSON type is refused as Go's decoder words it") {
  struct Case {
    std::string_view json, error;
  };
  static constexpr Case kCases[] = {
      {R"({"spec":{"replicas":"3"}})",
       "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32"},
      {R"({"spec":{"replicas":3000000000}})",
       "json: cannot unmarshal number 3000000000 into Go struct field DeploymentSpec.spec.replicas of type int32"},
      {R"({"spec":{"replicas":1.5}})",
       "json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32"},
      {R"({"spec":[]})", "json: cannot unmarshal array into Go struct field Deployment.spec of type v1.DeploymentSpec"},
      {R"({"metadata":{"labels":{"a":1}}})",
       "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string"},
      {R"({"metadata":{"labels":[]}})",
       "json: cannot unmarshal array into Go struct field ObjectMeta.metadata.labels of type map[string]string"},
      {R"({"spec":{"template":{"spec":{"containers":{}}}}})",
       "json: cannot unmarshal object into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container"},
      {R"({"spec":{"template":{"spec":{"containers":[{"ports":[{"containerPort":"http"}]}]}}}})",
       "json: cannot unmarshal string into Go struct field ContainerPort.spec.template.spec.containers.ports.containerPort of "
       "type int32"},
      {R"({"spec":{"template":{"spec":{"containers":[{"resources":{"limits":{"cpu":"lots"}}}]}}}})",
       "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"},
      {R"({"spec":{"paused":"yes"}})",
       "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.paused of type bool"},
      {R"({"metadata":{"creationTimestamp":"today"}})",
       R"(parsing time "today" as "2006-01-02T15:04:05Z07:00": cannot parse "today" as "2006")"},
      {R"({"spec":{"strategy":{"rollingUpdate":{"maxSurge":1.5}}}})",
       "json: cannot unmarshal number 1.5 into Go value of type int32"},
  };
  for (const Case& c : kCases) {
    CAPTURE(c.json);
    CHECK(deployment(c.json) == std::string(kPrefix) + std::string(c.error));
  }
  CHECK(decoded("core.v1.Secret", "Secret", R"({"data":{"a":"?"}})") ==
        "Secret in version \"v1\" cannot be handled as a Secret: illegal base64 data at input byte 0");
}

TEST_CASE("unknown and duplicate fields follow fieldValidation") {
  static constexpr std::string_view kJson =
      R"({"spec":{"foo":1,"paused":true,"paused":true,"template":{"spec":{"containers":[{"nam":"x"}]}}},"Spec":{}})";
  CHECK(deployment(kJson) == std::string(kPrefix) +
                                 R"(strict decoding error: unknown field "spec.foo", duplicate field "spec.paused", )" +
                                 R"(unknown field "spec.template.spec.containers[0].nam", unknown field "Spec")");
  static constexpr std::string_view kKept = R"({"spec":{"paused":true,"template":{"spec":{"containers":[{}]}}}})";
  CHECK(deployment(kJson, FieldValidation::kIgnore) == kKept);
  CHECK(deployment(kJson, FieldValidation::kWarn) ==
        std::string(kKept) + R"( // unknown field "spec.foo" // duplicate field "spec.paused")" +
            R"( // unknown field "spec.template.spec.containers[0].nam" // unknown field "Spec")");
}

TEST_CASE("null and empty values of built-in kinds are unset") {
  CHECK(deployment(R"({"metadata":{"name":"a","namespace":"","labels":null,"creationTimestamp":null},"status":null})") ==
        R"({"metadata":{"name":"a"}})");
  // Pointers keep a zero, structs without omitzero stay, what Go always writes stays.
  CHECK(deployment(R"({"spec":{"replicas":0,"paused":false,"strategy":{},"minReadySeconds":0}})") ==
        R"({"spec":{"replicas":0,"strategy":{}}})");
  CHECK(pod(R"({"spec":{"containers":[{"name":""}],"volumes":[{"name":"v","emptyDir":{}}],"tolerations":[]}})") ==
        R"({"spec":{"containers":[{"name":""}],"volumes":[{"name":"v","emptyDir":{}}]}})");
  CHECK(decoded("core.v1.ConfigMap", "ConfigMap", R"({"data":{"a":null,"b":""}})") == R"({"data":{"a":"","b":""}})");
  CHECK(pod(R"({"spec":{"containers":[null]}})") == R"({"spec":{"containers":[{}]}})");
  CHECK(pod(R"({"metadata":{"creationTimestamp":"0001-01-01T00:00:00Z"}})") == R"({"metadata":{}})");
}

TEST_CASE("values take the form that a built-in kind returns") {
  CHECK(pod(R"({"spec":{"containers":[{"resources":{"limits":{"cpu":0.5,"memory":"1024Mi","x":2}}}]}})") ==
        R"({"spec":{"containers":[{"resources":{"limits":{"cpu":"500m","memory":"1Gi","x":"2"}}}]}})");
  CHECK(pod(R"({"metadata":{"deletionTimestamp":"2024-01-01T02:00:00.5+02:00"}})") ==
        R"({"metadata":{"deletionTimestamp":"2024-01-01T00:00:00Z"}})");
  CHECK(decoded("coordination.v1.Lease", "Lease", R"({"spec":{"renewTime":"2024-01-01T02:00:00.123456+02:00"}})") ==
        R"({"spec":{"renewTime":"2024-01-01T00:00:00.123456Z"}})");
  CHECK(decoded("core.v1.Secret", "Secret", "{\"data\":{\"a\":\"YW\\nJj\"}}") == R"({"data":{"a":"YWJj"}})");
  CHECK(decoded("apps.v1.ControllerRevision", "ControllerRevision", R"({"data":{"any":[1,null]},"revision":1})") ==
        R"({"data":{"any":[1,null]},"revision":1})");
}

TEST_CASE("an object in its final form is not copied") {
  const auto document =
      parse_json(R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[{"name":"c"}]}})");
  auto done = decode(*document, target_of("core.v1.Pod", "Pod"), FieldValidation::kStrict);
  REQUIRE(done.ok());
  CHECK(done->draft.arena().bytes() == 0);
}

TEST_CASE("schemas in a CustomResourceDefinition keep booleans, schemas and any JSON") {
  static constexpr std::string_view kJson =
      R"({"spec":{"versions":[{"name":"v1","schema":{"openAPIV3Schema":{"type":"object","properties":{"a":{"type":"array","items":{"type":"string","foo":1}},)"
      R"("b":{"type":"object","additionalProperties":true},"c":{"default":null,"enum":[1,"x"]}}}}}]}})";
  CHECK(
      decoded("apiextensions.v1.CustomResourceDefinition", "CustomResourceDefinition", kJson) ==
      R"({"spec":{"versions":[{"name":"v1","schema":{"openAPIV3Schema":{"type":"object","properties":{"a":{"type":"array","items":{"type":"string"}},)"
      R"("b":{"type":"object","additionalProperties":true},"c":{"enum":[1,"x"]}}}}}]}})");
}

}  // namespace plinth::api
