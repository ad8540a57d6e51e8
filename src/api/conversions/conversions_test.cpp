#include "api/conversions/conversions.h"

#include <doctest/doctest.h>

#include "base/json.h"

namespace plinth::api {
namespace {

Document parsed(std::string_view text) {
  auto document = parse_json(text);
  REQUIRE_MESSAGE(document.ok(), text);
  return *document;
}

std::string converted(void (*convert)(Draft&), std::string_view text) {
  Draft draft(parsed(text));
  convert(draft);
  return to_json(draft.root());
}

bool same_json(std::string_view a, std::string_view b) { return equal(parsed(a).root(), parsed(b).root()); }

void check_both_ways(const Conversion& conversion, std::string_view served, std::string_view stored) {
  const std::string to = converted(conversion.to_storage, served);
  CHECK_MESSAGE(same_json(to, stored), to);
  const std::string from = converted(conversion.from_storage, stored);
  CHECK_MESSAGE(same_json(from, served), from);
}

}  // namespace

TEST_CASE("events of both groups are the same objects") {
  const Conversion* event = find_conversion("event");
  REQUIRE(event != nullptr);
  check_both_ways(
      *event,
      R"({"apiVersion":"events.k8s.io/v1","kind":"Event","metadata":{"name":"e"},"note":"n","regarding":{"kind":"Pod"},"reportingController":"c",
                      "reportingInstance":"i","action":"a","reason":"r","type":"Normal","eventTime":"t","series":{"count":2},"deprecatedSource":{"component":"k"},
                      "deprecatedFirstTimestamp":"f","deprecatedLastTimestamp":"l","deprecatedCount":3,"related":{"kind":"Node"}})",
      R"({"apiVersion":"v1","kind":"Event","metadata":{"name":"e"},"message":"n","involvedObject":{"kind":"Pod"},"reportingComponent":"c",
                      "reportingInstance":"i","action":"a","reason":"r","type":"Normal","eventTime":"t","series":{"count":2},"source":{"component":"k"},
                      "firstTimestamp":"f","lastTimestamp":"l","count":3,"related":{"kind":"Node"}})");
}

TEST_CASE("an autoscaler that v1 can say") {
  const Conversion* hpa = find_conversion("horizontalPodAutoscalerV1");
  REQUIRE(hpa != nullptr);
  check_both_ways(
      *hpa,
      R"({"apiVersion":"autoscaling/v1","metadata":{"name":"h","annotations":{"x":"y"}},"spec":{"maxReplicas":3,"targetCPUUtilizationPercentage":70}})",
      R"({"apiVersion":"autoscaling/v2","metadata":{"name":"h","annotations":{"x":"y"}},"spec":{"maxReplicas":3,"metrics":[
                      {"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":70}}}]}})");
}

TEST_CASE("what v1 cannot say travels in annotations and comes back") {
  const Conversion* hpa = find_conversion("horizontalPodAutoscalerV1");
  const std::string_view stored =
      R"({"apiVersion":"autoscaling/v2","metadata":{"name":"h"},"spec":{"maxReplicas":3,"metrics":[
          {"type":"Pods","pods":{"metric":{"name":"rps","selector":{"matchLabels":{"a":"b"}}},"target":{"type":"AverageValue","averageValue":"1k"}}},
          {"type":"Object","object":{"describedObject":{"kind":"Ingress","name":"i"},"metric":{"name":"q"},"target":{"type":"Value","value":"10"}}},
          {"type":"External","external":{"metric":{"name":"z"},"target":{"type":"AverageValue","averageValue":"5"}}},
          {"type":"ContainerResource","containerResource":{"name":"memory","container":"c","target":{"type":"Utilization","averageUtilization":60}}},
          {"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":70}}}],
          "behavior":{"scaleDown":{"selectPolicy":"Max"}}},
          "status":{"currentReplicas":2,"conditions":[{"type":"AbleToScale","status":"True"}],
          "currentMetrics":[{"type":"Resource","resource":{"name":"cpu","current":{"averageUtilization":12,"averageValue":"20m"}}}]}})";
  const std::string served = converted(hpa->from_storage, stored);
  const Document v1 = parsed(served);
  CHECK(v1["spec"]["targetCPUUtilizationPercentage"].as_int() == 70);
  CHECK(v1["status"]["currentCPUUtilizationPercentage"].as_int() == 12);
  CHECK(v1["spec"].find("metrics") == nullptr);
  CHECK(v1["status"].find("conditions") == nullptr);
  const Value annotations = v1["metadata"]["annotations"];
  CHECK(annotations.size() == 4);
  const Document metrics = parsed(annotations["autoscaling.alpha.kubernetes.io/metrics"].as_string());
  CHECK(metrics.root().size() == 4);
  CHECK(metrics.root().items()[0]["pods"]["metricName"].as_string() == "rps");
  CHECK(metrics.root().items()[0]["pods"]["targetAverageValue"].as_string() == "1k");
  CHECK(metrics.root().items()[1]["object"]["target"]["name"].as_string() == "i");
  const std::string back = converted(hpa->to_storage, served);
  CHECK_MESSAGE(same_json(back, stored), back);
}

TEST_CASE("an annotation that is no JSON is dropped") {
  const Conversion* hpa = find_conversion("horizontalPodAutoscalerV1");
  const std::string to =
      converted(hpa->to_storage,
                R"({"metadata":{"annotations":{"autoscaling.alpha.kubernetes.io/metrics":"{"}},"spec":{"maxReplicas":1}})");
  CHECK(same_json(to, R"({"apiVersion":"autoscaling/v2","metadata":{},"spec":{"maxReplicas":1}})"));
}

TEST_CASE("unknown conversions") { CHECK(find_conversion("x") == nullptr); }

}  // namespace plinth::api
