#include <doctest/doctest.h>

#include "server/admission/plugins.h"
#include "server/admission/test_admission.h"

using namespace plinth;
using namespace plinth::server;

namespace {

std::string container(const std::string& name, const std::string& requests, const std::string& limits,
                      const std::string& more = "") {
  return "{\"name\":\"" + name + "\"" + more + ",\"resources\":{\"requests\":{" + requests + "},\"limits\":{" + limits + "}}}";
}

std::string pod(const std::string& containers, const std::string& init = "", const std::string& more = "") {
  return R"({"metadata":{"name":"p"},"spec":{"containers":[)" + containers + R"(],"initContainers":[)" + init + "]" + more +
         "}}";
}

void put_range(AdmissionBench& b, const std::string& limits, const std::string& name = "r") {
  b.snapshot->put("/core/limitranges/ns/" + name,
                  "{\"spec\":{\"limits\":[" + limits + "]},\"metadata\":{\"name\":\"" + name + "\"}}");
}

}  // namespace

TEST_CASE("containers that say nothing get the defaults of the namespace") {
  AdmissionBench b;
  put_range(
      b,
      R"({"type":"Container","default":{"memory":"512Mi","cpu":"1"},"defaultRequest":{"cpu":"100m"}},{"type":"Pod","default":{"cpu":"9"}})");
  const std::string sent =
      R"({"metadata":{"name":"p"},"spec":{"containers":[{"name":"a"},{"name":"b","resources":{"requests":{"cpu":"5m"},"limits":{"cpu":"2","memory":"1Gi"}}}],"initContainers":[{"name":"i","resources":{"limits":{"cpu":"3"}}}]}})";
  const auto plugin = make_limit_ranger();
  CHECK(b.run(*plugin, "", "pods", sent) == "");
  CHECK(
      b.left("metadata") ==
      R"({"name":"p","annotations":{"kubernetes.io/limit-ranger":"LimitRanger plugin set: cpu request for container a; cpu, memory limit for container a; cpu request for init container i; memory limit for init container i"}})");
  CHECK(
      b.left("spec") ==
      R"({"containers":[{"name":"a","resources":{"limits":{"cpu":"1","memory":"512Mi"},"requests":{"cpu":"100m"}}},{"name":"b","resources":{"requests":{"cpu":"5m"},"limits":{"cpu":"2","memory":"1Gi"}}}],"initContainers":[{"name":"i","resources":{"limits":{"cpu":"3","memory":"512Mi"},"requests":{"cpu":"100m"}}}]})");
  // Only creations: an update of a pod is not looked at.
  CHECK(b.run(*plugin, "", "pods", sent, sent) == "");
  CHECK(b.left("metadata") == R"({"name":"p"})");
}

TEST_CASE("pods stay within the bounds of the namespace") {
  const std::string c = R"({"type":"Container",)", p = R"({"type":"Pod",)";
  struct Row {
    std::string range, object, refusal;
  };
  const Row rows[] = {
      {c + R"("min":{"cpu":"100m"}})", pod(container("a", R"("cpu":"100m")", "")), ""},
      {c + R"("min":{"cpu":"100m"}})", pod(container("a", "", "")),
       "minimum cpu usage per Container is 100m.  No request is specified"},
      {c + R"("min":{"cpu":"100m"}})", pod(container("a", R"("cpu":"99m")", "")),
       "minimum cpu usage per Container is 100m, but request is 99m"},
      {c + R"("min":{"memory":"1Gi"}})", pod(container("a", R"("memory":"1Gi")", R"("memory":"512Mi")")),
       "minimum memory usage per Container is 1Gi, but limit is 512Mi"},
      {c + R"("max":{"cpu":"1"}})", pod(container("a", R"("cpu":"1")", "")),
       "maximum cpu usage per Container is 1.  No limit is specified"},
      {c + R"("max":{"cpu":"1"}})", pod(container("a", "", R"("cpu":"1001m")")),
       "maximum cpu usage per Container is 1, but limit is 1001m"},
      {c + R"("max":{"cpu":"1"}})", pod(container("a", R"("cpu":"2")", R"("cpu":"1")")),
       "maximum cpu usage per Container is 1, but request is 2"},
      {c + R"("maxLimitRequestRatio":{"cpu":"2"}})", pod(container("a", R"("cpu":"1")", R"("cpu":"2")")), ""},
      {c + R"("maxLimitRequestRatio":{"cpu":"1500m"}})", pod(container("a", R"("cpu":"1")", R"("cpu":"2")")),
       "cpu max limit to request ratio per Container is 1500m, but provided ratio is 2.000000"},
      {c + R"("maxLimitRequestRatio":{"cpu":"2"}})", pod(container("a", "", R"("cpu":"2")")),
       "cpu max limit to request ratio per Container is 2, but no request is specified or request is 0"},
      {c + R"("maxLimitRequestRatio":{"cpu":"2"}})", pod(container("a", R"("cpu":"1")", "")),
       "cpu max limit to request ratio per Container is 2, but no limit is specified or limit is 0"},
      {c + R"("max":{"cpu":"1","memory":"1Gi"}})",
       pod(container("a", "", R"("cpu":"2","memory":"2Gi")"), container("i", "", R"("cpu":"2","memory":"1Gi")")),
       "[maximum cpu usage per Container is 1, but limit is 2, maximum memory usage per Container is 1Gi, but limit is 2Gi]"},
      // Together: 1 + 1, an init container of 3 before them, and a restartable one of 2 beside all that follows.
      {p + R"("max":{"cpu":"2"}})", pod(container("a", "", R"("cpu":"1")") + "," + container("b", "", R"("cpu":"1")")), ""},
      {p + R"("max":{"cpu":"2"}})", pod(container("a", "", R"("cpu":"1")"), container("i", "", R"("cpu":"3")")),
       "maximum cpu usage per Pod is 2, but limit is 3"},
      {p + R"("max":{"cpu":"2"}})",
       pod(container("a", "", R"("cpu":"1")"),
           container("s", "", R"("cpu":"2")", R"(,"restartPolicy":"Always")") + "," + container("i", "", R"("cpu":"3")")),
       "maximum cpu usage per Pod is 2, but limit is 5"},
      {p + R"("max":{"cpu":"2"}})", pod(container("a", "", R"("cpu":"1")"), "", R"(,"resources":{"limits":{"cpu":"4"}})"),
       "maximum cpu usage per Pod is 2, but limit is 4"},
  };
  const auto plugin = make_limit_ranger();
  for (const Row& row : rows) {
    CAPTURE(row.range);
    CAPTURE(row.object);
    AdmissionBench b;
    put_range(b, row.range);
    CHECK(b.run(*plugin, "", "pods", row.object) == (row.refusal.empty() ? "" : "403 pods \"p\" is forbidden: " + row.refusal));
    // A resize is checked like a creation; anything else that is left of a pod being deleted is not.
    CHECK(b.run(*plugin, "", "pods", row.object, row.object, "resize").empty() == row.refusal.empty());
    CHECK(b.run(*plugin, "", "pods", row.object, R"({"metadata":{"deletionTimestamp":"2026-01-01T00:00:00Z"}})", "resize") ==
          "");
  }
}

TEST_CASE("claims stay within the bounds of the namespace") {
  const std::pair<std::string, std::string> rows[] = {
      {R"("storage":"1Gi")", ""},
      {R"("storage":"512Mi")", "minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 512Mi"},
      {R"("storage":"3Gi")", "maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi"},
      {"",
       "[minimum storage usage per PersistentVolumeClaim is 1Gi.  No request is specified, maximum storage usage per "
       "PersistentVolumeClaim is 2Gi.  No request is specified]"},
  };
  const auto plugin = make_limit_ranger();
  for (const auto& [requests, refusal] : rows) {
    const auto& shown = requests;
    CAPTURE(shown);
    AdmissionBench b;
    put_range(
        b,
        R"({"type":"PersistentVolumeClaim","min":{"storage":"1Gi"},"max":{"storage":"2Gi"}},{"type":"Container","min":{"storage":"9Gi"}})");
    const std::string claim = R"({"metadata":{"name":"c"},"spec":{"resources":{"requests":{)" + requests + "}}}}";
    const std::string expected = refusal.empty() ? "" : "403 persistentvolumeclaims \"c\" is forbidden: " + refusal;
    CHECK(b.run(*plugin, "", "persistentvolumeclaims", claim) == expected);
    CHECK(b.run(*plugin, "", "persistentvolumeclaims", claim, claim) == expected);
  }
}
