#include <doctest/doctest.h>

#include "api/default.h"
#include "api/kind.h"
#include "api/validate.h"
#include "base/json.h"

namespace plinth::api {
namespace {

std::string errors_of(std::string_view type, std::string_view json) {
  Draft draft(parse_json(json).value());
  const Schema& schema = *builtin_type(type);
  apply_defaults(draft, draft.root(), schema);
  std::string out;
  for (const FieldError& error : validate(schema, draft.root())) out += error.text() + "\n";
  return out;
}

}  // namespace

TEST_CASE("built-in kinds are refused with the words of core validation") {
  static constexpr std::string_view kGood =
      R"({"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}})";
  CHECK(errors_of("apps.v1.Deployment", kGood) == "");
  CHECK(errors_of("apps.v1.Deployment",
                  R"({"spec":{"replicas":-1,"selector":{},"template":{"spec":{"containers":[{"name":"c","image":"i"}]}}}})") ==
        "spec.replicas: Invalid value: -1: must be greater than or equal to 0\n");
  const std::string empty = errors_of("apps.v1.Deployment", R"({"spec":{}})");
  CHECK(empty.find("spec.selector: Required value\n") != std::string::npos);
  CHECK(empty.find("spec.template.spec.containers: Required value\n") != std::string::npos);
  CHECK(errors_of("core.v1.Pod", R"({"spec":{"restartPolicy":"Often","containers":[{"name":"c","image":"i"}]}})") ==
        "spec.restartPolicy: Unsupported value: \"Often\": supported values: \"Always\", \"OnFailure\", \"Never\"\n");
  CHECK(
      errors_of("core.v1.Pod", R"({"spec":{"containers":[{"name":"c","image":"i","ports":[{"containerPort":70000},{}]}]}})") ==
      "spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive\n"
      "spec.containers[0].ports[1].containerPort: Required value\n");
  const std::string name = errors_of("core.v1.Pod", R"({"spec":{"containers":[{"name":"C_","image":"i"}]}})");
  CHECK(name.find("spec.containers[0].name: Invalid value: \"C_\": a lowercase RFC 1123 label must consist of") == 0);
}

TEST_CASE("errors that upstream words in its own way") {
  const auto pod = [](std::string_view container) {
    return errors_of("core.v1.Pod", R"({"spec":{"containers":[{"name":"c","image":"i",)" + std::string(container) + "}]}}");
  };
  CHECK(pod(R"("livenessProbe":{"terminationGracePeriodSeconds":0})") ==
        "spec.containers[0].livenessProbe.terminationGracePeriodSeconds: Invalid value: 0: must be greater than 0\n");
  CHECK(pod(R"("livenessProbe":{"tcpSocket":{}})") ==
        "spec.containers[0].livenessProbe.tcpSocket.port: Invalid value: 0: must be between 1 and 65535, inclusive\n");
  CHECK(errors_of("autoscaling.v2.HPAScalingPolicy", R"({"value":-1,"periodSeconds":1801})") ==
        "value: Invalid value: -1: must be greater than zero\n"
        "periodSeconds: Invalid value: 1801: must be less than or equal to 1800\n"
        "type: Unsupported value: \"\": supported values: \"Percent\", \"Pods\"\n");
  CHECK(errors_of("meta.v1.LabelSelectorRequirement", R"({"key":"a","operator":"Foo"})") ==
        "operator: Invalid value: \"Foo\": not a valid selector operator\n");
  CHECK(errors_of("rbac.v1.PolicyRule", "{}") == "verbs: Required value: verbs must contain at least one value\n");
}

TEST_CASE("all published kinds that need no input pass when empty values are unset") {
  CHECK(errors_of("core.v1.ConfigMap", R"({"data":{"a":"b"}})") == "");
  CHECK(errors_of("core.v1.Namespace", R"({"metadata":{"name":"x"}})") == "");
  CHECK(errors_of("core.v1.ServiceAccount", R"({"metadata":{"name":"x"}})") == "");
  CHECK(errors_of("rbac.v1.ClusterRole", R"({"rules":[{"verbs":["get"],"apiGroups":[""],"resources":["pods"]}]})") == "");
}

}  // namespace plinth::api
