// What a write through /status changes and comes to own besides the status: upstream's strategies differ from kind to kind.
#include <map>

#include <doctest/doctest.h>

#include "api/strategies/strategy.h"
#include "server/write/test_pipeline.h"

using namespace plinth;
using namespace plinth::server;
using api::StatusResets;

namespace {

struct Bench : PipelineBench {
  Bench() : PipelineBench({}) {}
  Document ask(const std::string& method, const std::string& path, const std::string& body, int status) {
    const std::string type = method == "PATCH" ? "application/merge-patch+json" : "application/json";
    LocalAnswer answer = call(method, path, body, type);
    CHECK_MESSAGE(answer.status == status, answer.body);
    return std::move(parse_json(answer.body)).value();
  }
  static std::string owned_through_status(const Document& object) {
    for (const Value& entry : object["metadata"]["managedFields"].items()) {
      if (entry["subresource"].as_string() == "status") return to_json(entry["fieldsV1"]);
    }
    return "";
  }
};

constexpr std::string_view kChange = R"({"metadata":{"labels":{"a":"b"},"annotations":{"c":"d"},
    "ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"o","uid":"u"}]},"status":{"observedGeneration":3}})";

std::string changed_by_status(const std::string& path, const std::string& object) {
  Bench b;
  b.ask("POST", path, object, 201);
  const Document now = b.ask("PATCH", path + "/x/status", std::string(kChange), 200);
  const Value metadata = now["metadata"];
  return std::string(metadata["labels"].is_null() ? "" : "labels ") +
         (metadata["annotations"].is_null() ? "" : "annotations ") + (metadata["ownerReferences"].is_null() ? "" : "owners ") +
         Bench::owned_through_status(now);
}

const std::string kTemplate =
    R"("template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}})";
const std::string kOwner = R"("f:ownerReferences":{".":{},"k:{\"uid\":\"u\"}":{}})";

}  // namespace

TEST_CASE("what a write of status keeps is what upstream's strategies reset") {
  // GetResetFields of the status strategies of Kubernetes 1.37; those that name nothing but the spec are left out.
  const std::map<std::pair<std::string_view, std::string_view>, StatusResets> upstream = {
      {{"apps", "Deployment"}, StatusResets::kLabels},
      {{"", "Pod"}, StatusResets::kOwners},
      {{"certificates.k8s.io", "CertificateSigningRequest"}, StatusResets::kConditions},
      {{"networking.k8s.io", "ServiceCIDR"}, StatusResets::kMetadata},
      {{"resource.k8s.io", "ResourceClaim"}, StatusResets::kMetadata},
      {{"resource.k8s.io", "DeviceTaintRule"}, StatusResets::kMetadata},
      {{"storage.k8s.io", "VolumeAttachment"}, StatusResets::kMetadata},
      {{"flowcontrol.apiserver.k8s.io", "FlowSchema"}, StatusResets::kMetadata},
      {{"flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"}, StatusResets::kMetadata},
      {{"admissionregistration.k8s.io", "ValidatingAdmissionPolicy"}, StatusResets::kMetadata},
      {{"apiextensions.k8s.io", "CustomResourceDefinition"}, StatusResets::kMetadata},
      {{"apiregistration.k8s.io", "APIService"}, StatusResets::kMetadata},
  };
  std::size_t met = 0;
  for (const api::KindRow& row : api::builtin_kinds()) {
    const auto found = upstream.find({row.group, row.kind});
    met += found != upstream.end();
    CAPTURE(std::string(row.group) + " " + std::string(row.kind));
    CHECK(api::status_resets(row) == (found == upstream.end() ? StatusResets::kSpec : found->second));
  }
  CHECK(met == upstream.size());
}

TEST_CASE("metadata that comes with a status is written, and owned, where upstream lets it through") {
  const std::string annotations = R"("f:annotations":{".":{},"f:c":{}})", labels = R"("f:labels":{".":{},"f:a":{}})";
  CHECK(changed_by_status("/apis/apps/v1/namespaces/ns/deployments",
                          R"({"metadata":{"name":"x"},"spec":{"selector":{"matchLabels":{"a":"b"}},)" + kTemplate + "}}") ==
        "annotations owners {\"f:metadata\":{" + annotations + "," + kOwner + R"(},"f:status":{"f:observedGeneration":{}}})");
  CHECK(changed_by_status("/apis/apps/v1/namespaces/ns/daemonsets",
                          R"({"metadata":{"name":"x"},"spec":{"selector":{"matchLabels":{"a":"b"}},)" + kTemplate + "}}") ==
        "labels annotations owners {\"f:metadata\":{\"f:annotations\":{\"f:c\":{}}," + labels + "," + kOwner +
            R"(},"f:status":{"f:observedGeneration":{}}})");
  CHECK(changed_by_status("/api/v1/namespaces/ns/pods",
                          R"({"metadata":{"name":"x"},"spec":{"containers":[{"name":"c","image":"i"}]}})") ==
        "labels annotations {\"f:metadata\":{" + annotations + "," + labels + R"(},"f:status":{"f:observedGeneration":{}}})");
  CHECK(changed_by_status("/apis/networking.k8s.io/v1/servicecidrs",
                          R"({"metadata":{"name":"x"},"spec":{"cidrs":["10.9.0.0/16"]}})") == "");
}

TEST_CASE("an apply of the same after a client in Go has written the status changes nothing") {
  Bench b;
  const std::string path = "/apis/apps/v1/namespaces/ns/deployments/x";
  const std::string config = R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"x","labels":{"k":"v"}},
      "spec":{"replicas":1,"selector":{"matchLabels":{"a":"b"}},)" +
                             kTemplate + "}}";
  const std::string apply = path + "?fieldManager=m&force=true";
  LocalAnswer made = b.call("PATCH", apply, config, "application/apply-patch+yaml");
  REQUIRE_MESSAGE(made.status == 201, made.body);
  // Times that are not set are null in what such a client sends.
  Draft sent(std::move(parse_json(made.body)).value());
  Document status = std::move(parse_json(R"({"conditions":[{"type":"Available","status":"True","reason":"r","message":"m",
      "lastUpdateTime":null,"lastTransitionTime":null}]})"))
                        .value();
  sent.set(sent.root(), "status", sent.adopt(status));
  const Document written = b.ask("PUT", path + "/status?fieldManager=go", to_json(sent.root()), 200);
  LocalAnswer again = b.call("PATCH", apply, config, "application/apply-patch+yaml");
  CHECK(again.status == 200);
  CHECK(equal(std::move(parse_json(again.body)).value().root(), written.root()));
}
