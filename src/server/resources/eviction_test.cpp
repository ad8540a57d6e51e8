#include "server/resources/eviction.h"

#include <doctest/doctest.h>

#include "server/write/test_pipeline.h"

using namespace plinth;
using namespace plinth::server;

namespace {

const std::string kPods = "/api/v1/namespaces/ns/pods";
const std::string kBudgets = "/apis/policy/v1/namespaces/ns/poddisruptionbudgets";

struct Bench {
  Document call(const std::string& method, const std::string& path, const std::string& body, int status) {
    LocalAnswer answer =
        pipeline.call(method, path, body, method == "PATCH" ? "application/merge-patch+json" : "application/json");
    CHECK_MESSAGE(answer.status == status, answer.body);
    return std::move(parse_json(answer.body)).value();
  }
  // A pod on a node, running, and ready or not.
  void pod(const std::string& name, bool ready) {
    call("POST", kPods,
         R"({"metadata":{"name":")" + name +
             R"(","labels":{"a":"b"}},"spec":{"nodeName":"n","containers":[{"name":"c","image":"i"}]}})",
         201);
    call("PATCH", kPods + "/" + name + "/status",
         std::string(R"({"status":{"phase":"Running","conditions":[{"type":"Ready","status":")") + (ready ? "True" : "False") +
             R"("}]}})",
         200);
  }
  void budget(const std::string& status) {
    call("POST", kBudgets, R"({"metadata":{"name":"b"},"spec":{"minAvailable":1,"selector":{"matchLabels":{"a":"b"}}}})", 201);
    call("PATCH", kBudgets + "/b/status", R"({"status":)" + status + "}", 200);
  }
  Document evict(const std::string& name, int status) {
    return call("POST", kPods + "/" + name + "/eviction",
                R"({"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":")" + name + "\"}}", status);
  }
  PipelineBench pipeline{std::vector<std::unique_ptr<AdmissionPlugin>>()};
};

std::string cause(const Document& refusal) {
  return std::string(refusal["details"]["causes"].items()[0]["message"].as_string());
}

}  // namespace

TEST_CASE("evictions use up what a budget allows") {
  Bench b;
  for (const char* name : {"one", "two", "three"}) b.pod(name, true);
  b.budget(R"({"observedGeneration":1,"disruptionsAllowed":2,"currentHealthy":3,"desiredHealthy":1,"expectedPods":3})");
  b.evict("one", 201);
  Document budget = b.call("GET", kBudgets + "/b", "", 200);
  CHECK(budget["status"]["disruptionsAllowed"].as_int() == 1);
  CHECK(budget["status"]["disruptedPods"].find("one") != nullptr);
  CHECK(budget["status"].find("conditions") == nullptr);
  const Document pod = b.call("GET", kPods + "/one", "", 200);
  const Value condition = pod["status"]["conditions"].items()[1];
  CHECK(condition["type"].as_string() == "DisruptionTarget");
  CHECK(condition["reason"].as_string() == "EvictionByEvictionAPI");
  CHECK(pod["metadata"].find("deletionTimestamp") != nullptr);

  b.evict("two", 201);
  budget = b.call("GET", kBudgets + "/b", "", 200);
  CHECK(budget["status"]["disruptionsAllowed"].as_int() == 0);
  CHECK(budget["status"]["conditions"].items()[0]["reason"].as_string() == "InsufficientPods");
  CHECK(budget["metadata"]["generation"].as_int() == 1);
  const Document refused = b.evict("three", 429);
  CHECK(cause(refused) == "The disruption budget b does not allow evicting pods currently");
  CHECK(b.call("GET", kPods + "/three", "", 200)["metadata"].find("deletionTimestamp") == nullptr);
}

TEST_CASE("what a budget refuses, and what it lets go without a charge") {
  struct Case {
    const char* what;
    bool ready;
    const char* status;
    int code;
    const char* cause;
  };
  const Case cases[] = {
      {"not seen by its controller", true, R"({"disruptionsAllowed":1})", 429,
       "The disruption budget b is still being processed by the server."},
      {"none allowed", true, R"({"observedGeneration":1,"currentHealthy":1,"desiredHealthy":1})", 429,
       "The disruption budget b needs 1 healthy pods and has 1 currently"},
      {"its controller failed", true,
       R"({"observedGeneration":1,"conditions":[{"type":"DisruptionAllowed","status":"False","reason":"SyncFailed","message":"why","lastTransitionTime":"2020-01-01T00:00:00Z"}]})",
       429, "The disruption budget b does not allow evicting pods currently because it failed sync: why"},
      {"unready, others suffice", false, R"({"observedGeneration":1,"currentHealthy":1,"desiredHealthy":1})", 201, ""},
      {"unready, nothing desired", false, R"({"observedGeneration":1})", 429,
       "The disruption budget b needs 0 healthy pods and has 0 currently"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    Bench b;
    b.pod("one", c.ready);
    b.budget(c.status);
    const Document answer = b.evict("one", c.code);
    if (c.code == 429)
      CHECK(cause(answer) == c.cause);
    else
      CHECK(b.call("GET", kBudgets + "/b", "", 200)["status"].find("disruptedPods") == nullptr);
  }
}
