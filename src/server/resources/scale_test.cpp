#include "server/resources/scale.h"

#include <doctest/doctest.h>

#include "server/write/test_pipeline.h"

using namespace plinth;
using namespace plinth::server;

namespace {

const std::string kDeployments = "/apis/apps/v1/namespaces/ns/deployments";
const std::string kScale = kDeployments + "/d/scale";
constexpr std::string_view kApply = "application/apply-patch+yaml";

std::string scale_to(int replicas) {
  return R"({"apiVersion":"autoscaling/v1","kind":"Scale","spec":{"replicas":)" + std::to_string(replicas) + "}}";
}

// Bodies of answers with the status that is expected of them.
struct Bench {
  Document call(const std::string& method, const std::string& path, const std::string& body, std::string_view type,
                int status) {
    LocalAnswer answer = pipeline.call(method, path, body, std::string(type));
    CHECK_MESSAGE(answer.status == status, answer.body);
    return std::move(parse_json(answer.body)).value();
  }
  void create() {
    call(
        "POST", kDeployments + "?fieldManager=maker",
        R"({"metadata":{"name":"d"},"spec":{"replicas":1,"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},)"
        R"("spec":{"containers":[{"name":"c","image":"i"}]}}}})",
        "application/json", 201);
  }
  PipelineBench pipeline{std::vector<std::unique_ptr<AdmissionPlugin>>()};
};

// Managers of the parent that own its replicas.
std::string owners(const Value& object) {
  std::string out;
  for (const Value& entry : object["metadata"]["managedFields"].items()) {
    if (entry["fieldsV1"]["f:spec"].find("f:replicas") == nullptr) continue;
    out += std::string(entry["manager"].as_string()) + "/" + std::string(entry["operation"].as_string()) + "/" +
           std::string(entry["apiVersion"].as_string()) + "/" + std::string(entry["subresource"].as_string()) + " ";
  }
  return out;
}

}  // namespace

TEST_CASE("a scale takes every patch type of its parent") {
  Bench b;
  b.create();
  const std::pair<std::string_view, std::string> patches[] = {
      {"application/json-patch+json", R"([{"op":"replace","path":"/spec/replicas","value":2}])"},
      {"application/merge-patch+json", R"({"spec":{"replicas":3}})"},
      {"application/strategic-merge-patch+json; charset=utf-8", R"({"spec":{"replicas":4}})"},
  };
  int replicas = 2;
  for (const auto& [type, patch] : patches)
    CHECK(b.call("PATCH", kScale, patch, type, 200)["spec"]["replicas"].as_int() == replicas++);
  b.call("PATCH", kScale, "{}", "application/cbor", 415);
  b.call("PATCH", kScale + "?force=true", "{}", "application/merge-patch+json", 422);
}

TEST_CASE("applying a scale owns the replicas of the parent, against those who have them") {
  Bench b;
  b.create();
  b.call("PATCH", kScale, scale_to(4), kApply, 422);
  const Document refused = b.call("PATCH", kScale + "?fieldManager=scaler", scale_to(4), kApply, 409);
  CHECK(refused["details"]["causes"].items()[0]["field"].as_string() == ".spec.replicas");
  const Document applied = b.call("PATCH", kScale + "?fieldManager=scaler&force=true", scale_to(4), kApply, 200);
  CHECK(applied["kind"].as_string() == "Scale");
  CHECK(applied["spec"]["replicas"].as_int() == 4);
  Document parent = b.call("GET", kDeployments + "/d", "", "", 200);
  CHECK(parent["spec"]["replicas"].as_int() == 4);
  CHECK(owners(parent.root()) == "scaler/Apply/apps/v1/scale ");
  // Again, the same: nothing is written.
  b.call("PATCH", kScale + "?fieldManager=scaler", scale_to(4), kApply, 200);
  CHECK(b.call("GET", kDeployments + "/d", "", "", 200)["metadata"]["resourceVersion"].as_string() ==
        parent["metadata"]["resourceVersion"].as_string());
  b.call("PATCH", kScale + "?fieldManager=scaler", "[]", kApply, 400);
}
