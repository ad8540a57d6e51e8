#include "server/read/decoded_objects.h"

#include <doctest/doctest.h>

#include "base/json.h"
#include "server/object_codec.h"
#include "server/write/test_pipeline.h"

namespace plinth::server {
namespace {

constexpr const char* kDeployments = "/apis/apps/v1/namespaces/default/deployments";
constexpr const char* kWeb = "/apis/apps/v1/namespaces/default/deployments/web";

std::string deployment(const std::string& image, const std::string& more = "") {
  return R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","labels":{"app":"web"}},"spec":{"replicas":1,)"
         R"("selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"web",)"
         R"("image":")" +
         image + R"(","env":[{"name":"B","value":"2"},{"name":"A","value":"1"}])" + more + "}]}}}}";
}

struct Step {
  const char* method;
  std::string target, body, content_type;
};

TEST_CASE("what is remembered of a write is what its record says") {
  PipelineBench bench({});
  const std::vector<Step> steps = {
      {"POST", kDeployments, deployment("one:1"), "application/json"},
      {"PATCH", std::string(kWeb) + "?fieldManager=a&force=true", deployment("one:2"), "application/apply-patch+yaml"},
      {"PATCH", std::string(kWeb) + "?fieldManager=a&force=true", deployment("one:3"), "application/apply-patch+yaml"},
      {"PATCH", std::string(kWeb) + "?fieldManager=b", deployment("one:3", R"(,"tty":true)"), "application/apply-patch+yaml"},
      {"PATCH", kWeb, R"({"spec":{"replicas":3}})", "application/merge-patch+json"},
      {"PATCH", kWeb, R"({"spec":{"template":{"spec":{"containers":[{"name":"side","image":"two:1"}]}}}})",
       "application/strategic-merge-patch+json"},
      {"PATCH", kWeb,
       R"([{"op":"move","from":"/spec/template/spec/containers/0","path":"/spec/template/spec/initContainers"}])",
       "application/json-patch+json"},
      {"PATCH", kWeb, R"([{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"two:2"}])",
       "application/json-patch+json"},
      {"PUT", std::string(kWeb) + "/scale",
       R"({"apiVersion":"autoscaling/v1","kind":"Scale","metadata":{"name":"web"},"spec":{"replicas":5}})", "application/json"},
      {"PATCH", std::string(kWeb) + "/status", R"({"status":{"replicas":2}})", "application/merge-patch+json"},
      {"PUT", kWeb, deployment("one:4"), "application/json"},
      {"PATCH", std::string(kWeb) + "?fieldManager=b", deployment("one:4"), "application/apply-patch+yaml"},
  };
  const ResolvedKind kind = bench.context().registry->table()->find("apps", "v1", "deployments");
  int refused = 0;
  for (const Step& step : steps) {
    CAPTURE(step.body);
    refused += bench.call(step.method, step.target, step.body, step.content_type).status / 100 == 2 ? 0 : 1;
    const store::RecordPtr record = bench.context().store->snapshot()->get("/apps/deployments/default/web");
    REQUIRE(record != nullptr);
    const Document remembered = bench.context().decoded->object(kind, record).value();
    const Document stored = decode_record(*record, type_header("apps", "v1", "Deployment"), false).value();
    CHECK_MESSAGE(equal(remembered.root(), stored.root()), to_json(remembered.root()), " against ", to_json(stored.root()));
    CHECK(bench.context().decoded->owners(record).value()->to_json() == managed_fields_text(*record));
  }
  CHECK(refused == 1);  // the move that makes an object of a list
}

TEST_CASE("what is shared with the stored object is formed and checked like anything else") {
  PipelineBench bench({});
  REQUIRE(bench.call("POST", kDeployments, deployment("one:1")).status == 201);
  // Next to parts that stay as they are, new ones get their defaults and are validated.
  auto answer = bench.call("PATCH", kWeb, R"({"spec":{"template":{"spec":{"containers":[{"name":"side","image":"two:1"}]}}}})",
                           "application/strategic-merge-patch+json");
  CHECK(answer.status == 200);
  CHECK(answer.body.find(R"("imagePullPolicy":"IfNotPresent")") != std::string::npos);
  answer =
      bench.call("PATCH", kWeb, R"({"spec":{"template":{"spec":{"containers":[{"name":"side","imagePullPolicy":"Often"}]}}}})",
                 "application/strategic-merge-patch+json");
  CHECK(answer.status == 422);
  CHECK(answer.body.find("imagePullPolicy") != std::string::npos);
  answer = bench.call("PATCH", std::string(kWeb) + "?fieldManager=a&force=true", deployment("one:1", R"(,"restart":"no")"),
                      "application/apply-patch+yaml");
  CHECK(answer.status / 100 == 4);
}

TEST_CASE("one document for all who read a revision, until others need the room") {
  PipelineBench bench({});
  const ResolvedKind kind = bench.context().registry->table()->find("", "v1", "configmaps");
  std::vector<store::RecordPtr> records;
  for (const char* name : {"a", "b", "c"}) {
    const std::string body = R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")" + std::string(name) +
                             R"("},"data":{"k":")" + std::string(2000, 'x') + "\"}}";
    REQUIRE(bench.call("POST", "/api/v1/namespaces/default/configmaps", body).status == 201);
    records.push_back(bench.context().store->snapshot()->get("/core/configmaps/default/" + std::string(name)));
  }
  DecodedObjects cache(20'000);
  const auto first = cache.object(kind, records[0]).value().arena();
  CHECK(cache.object(kind, records[0]).value().arena() == first);
  CHECK(cache.owners(records[0]).value() == cache.owners(records[0]).value());
  CHECK(cache.object(kind, records[0]).value().arena() == first);  // the owners came to it
  cache.drop(records[0]);
  CHECK(cache.object(kind, records[0]).value().arena() != first);

  DecodedObjects small(20'000);
  const auto kept = small.object(kind, records[0]).value().arena();
  small.object(kind, records[1]).value();
  CHECK(small.object(kind, records[0]).value().arena() == kept);
  for (int i = 0; i < 2; ++i) {
    small.object(kind, records[1]).value();
    small.object(kind, records[2]).value();
  }
  CHECK(small.object(kind, records[0]).value().arena() != kept);

  DecodedObjects none(10);
  CHECK(none.object(kind, records[0]).value()["data"]["k"].as_string().size() == 2000);
}

}  // namespace
}  // namespace plinth::server
