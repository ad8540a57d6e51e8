// One object seen through several versions: who owns what of it, and what it can be selected by.
#include <doctest/doctest.h>

#include "server/write/test_pipeline.h"

using namespace plinth;
using namespace plinth::server;

namespace {

struct Bench : PipelineBench {
  Bench() : PipelineBench({}) {}
  Document ask(const std::string& method, const std::string& path, const std::string& body, int status) {
    LocalAnswer answer = call(method, path, body, method == "PATCH" ? "application/merge-patch+json" : "application/json");
    CHECK_MESSAGE(answer.status == status, answer.body);
    return std::move(parse_json(answer.body)).value();
  }
  // The fields that `manager` owns, with the version that they are of.
  static std::string owned(const Document& object, std::string_view manager) {
    for (const Value& entry : object["metadata"]["managedFields"].items()) {
      if (entry["manager"].as_string() == manager)
        return std::string(entry["apiVersion"].as_string()) + " " + to_json(entry["fieldsV1"]);
    }
    return "";
  }
  // Names of the listed objects.
  std::string names(const std::string& path) {
    const Document list = ask("GET", path, "", 200);
    std::string out;
    for (const Value& item : list["items"].items())
      out += (out.empty() ? "" : " ") + std::string(item["metadata"]["name"].as_string());
    return out;
  }
};

}  // namespace

TEST_CASE("an autoscaler's owners in v2 and in v1 know of each other") {
  Bench b;
  const std::string v1 = "/apis/autoscaling/v1/namespaces/ns/horizontalpodautoscalers",
                    v2 = "/apis/autoscaling/v2/namespaces/ns/horizontalpodautoscalers";
  b.ask(
      "POST", v2 + "?fieldManager=two",
      R"({"metadata":{"name":"h"},"spec":{"minReplicas":2,"maxReplicas":5,"scaleTargetRef":{"kind":"Deployment","name":"d"}}})",
      201);
  const Document now =
      b.ask("PATCH", v1 + "/h?fieldManager=one", R"({"spec":{"maxReplicas":7,"targetCPUUtilizationPercentage":50}})", 200);
  CHECK(Bench::owned(now, "two") ==
        R"(autoscaling/v2 {"f:spec":{"f:minReplicas":{},"f:scaleTargetRef":{"f:kind":{},"f:name":{}}}})");
  CHECK(Bench::owned(now, "one") == R"(autoscaling/v1 {"f:spec":{"f:maxReplicas":{},"f:targetCPUUtilizationPercentage":{}}})");
  // Back in v2 the writer of v1 loses what is written there.
  const Document then = b.ask("PATCH", v2 + "/h?fieldManager=two", R"({"spec":{"maxReplicas":9}})", 200);
  CHECK(Bench::owned(then, "one").find("f:maxReplicas") == std::string::npos);
  CHECK(Bench::owned(then, "one").find("f:targetCPUUtilizationPercentage") != std::string::npos);
  CHECK(Bench::owned(then, "two").find("f:maxReplicas") != std::string::npos);
}

TEST_CASE("an event's owners in both groups know of each other") {
  Bench b;
  const std::string core = "/api/v1/namespaces/ns/events", events = "/apis/events.k8s.io/v1/namespaces/ns/events";
  b.ask(
      "POST", events + "?fieldManager=recorder",
      R"({"metadata":{"name":"e","namespace":"ns"},"regarding":{"kind":"Pod","name":"p","namespace":"ns"},"note":"m","reason":"R","type":"Normal",)"
      R"("action":"A","reportingController":"c.io/x","reportingInstance":"i","eventTime":"2026-01-01T00:00:00.000000Z"})",
      201);
  const Document now = b.ask("PATCH", core + "/e?fieldManager=other", R"({"message":"n","count":2})", 200);
  CHECK(Bench::owned(now, "other") == R"(v1 {"f:count":{},"f:message":{}})");
  const std::string kept = Bench::owned(now, "recorder");
  CHECK_MESSAGE(kept.starts_with("events.k8s.io/v1 "), kept);
  CHECK(kept.find("f:note") == std::string::npos);
  CHECK(kept.find("f:regarding") != std::string::npos);
}

TEST_CASE("CronJobs of both versions share their owners") {
  Bench b;
  const std::string v1 = "/apis/batch/v1/namespaces/ns/cronjobs", beta = "/apis/batch/v1beta1/namespaces/ns/cronjobs";
  b.ask(
      "POST", v1 + "?fieldManager=new",
      R"({"metadata":{"name":"c"},"spec":{"schedule":"* * * * *","jobTemplate":{"spec":{"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}}}}})",
      201);
  const Document now = b.ask("PATCH", beta + "/c?fieldManager=old", R"({"spec":{"schedule":"1 * * * *"}})", 200);
  CHECK(Bench::owned(now, "old") == R"(batch/v1beta1 {"f:spec":{"f:schedule":{}}})");
  CHECK(Bench::owned(now, "new").find("\"f:schedule\"") == std::string::npos);
  CHECK(Bench::owned(now, "new").find("f:jobTemplate") != std::string::npos);
}

TEST_CASE("events are selected by the same fields in both groups") {
  Bench b;
  const std::string core = "/api/v1/namespaces/ns/events", events = "/apis/events.k8s.io/v1/namespaces/ns/events";
  b.ask(
      "POST", core,
      R"({"metadata":{"name":"old","namespace":"ns"},"involvedObject":{"kind":"Pod","name":"p","namespace":"ns"},"source":{"component":"kubelet"},"reportingComponent":"x","type":"Normal"})",
      201);
  b.ask(
      "POST", events,
      R"({"metadata":{"name":"new","namespace":"ns"},"regarding":{"kind":"Job","name":"n","namespace":"ns"},"reportingController":"c.io/x","reportingInstance":"i","action":"A","reason":"R","type":"Normal","eventTime":"2026-01-01T00:00:00.000000Z"})",
      201);
  const std::pair<std::string, std::string> rows[] = {
      {core + "?fieldSelector=source=kubelet", "old"},
      {core + "?fieldSelector=source=c.io/x", "new"},
      {core + "?fieldSelector=reportingComponent=x", "old"},
      {core + "?fieldSelector=involvedObject.kind=Job", "new"},
      {events + "?fieldSelector=regarding.kind=Pod", "old"},
      {events + "?fieldSelector=regarding.kind!=Pod", "new"},
      {events + "?fieldSelector=reportingController=c.io/x", "new"},
      {events + "?fieldSelector=type=Normal", "new old"},
  };
  for (const auto& [path, found] : rows) {
    const auto& shown = path;
    CAPTURE(shown);
    CHECK(b.names(path) == found);
  }
  for (const std::string& path : {core + "?fieldSelector=regarding.kind=Pod", events + "?fieldSelector=source=kubelet"}) {
    const std::string message(b.ask("GET", path, "", 400)["message"].as_string());
    CHECK_MESSAGE(message.find("field label not supported") != std::string::npos, message);
  }
}

TEST_CASE("what is left out is selected by its zero") {
  Bench b;
  b.ask("POST", "/api/v1/nodes", R"({"metadata":{"name":"open"}})", 201);
  b.ask("POST", "/api/v1/nodes", R"({"metadata":{"name":"shut"},"spec":{"unschedulable":true}})", 201);
  CHECK(b.names("/api/v1/nodes?fieldSelector=spec.unschedulable=false") == "open");
  CHECK(b.names("/api/v1/nodes?fieldSelector=spec.unschedulable=true") == "shut");
  const std::string pods = "/api/v1/namespaces/ns/pods", containers = R"("containers":[{"name":"c","image":"i"}])";
  b.ask("POST", pods, R"({"metadata":{"name":"inner"},"spec":{)" + containers + "}}", 201);
  b.ask("POST", pods, R"({"metadata":{"name":"outer"},"spec":{"hostNetwork":true,)" + containers + "}}", 201);
  CHECK(b.names(pods + "?fieldSelector=spec.hostNetwork=false") == "inner");
  CHECK(b.names(pods + "?fieldSelector=status.podIP=") == "inner outer");
  const std::string jobs = "/apis/batch/v1/namespaces/ns/jobs";
  b.ask("POST", jobs, R"({"metadata":{"name":"j"},"spec":{"template":{"spec":{"restartPolicy":"Never",)" + containers + "}}}}",
        201);
  CHECK(b.names(jobs + "?fieldSelector=status.successful=0") == "j");
  b.ask("PATCH", jobs + "/j/status", R"({"status":{"succeeded":1}})", 200);
  CHECK(b.names(jobs + "?fieldSelector=status.successful=1") == "j");
}
