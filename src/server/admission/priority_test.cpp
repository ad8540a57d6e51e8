#include <doctest/doctest.h>

#include "server/admission/plugins.h"
#include "server/admission/test_admission.h"

using namespace plinth;
using namespace plinth::server;

namespace {

const std::string kClasses = "/scheduling.k8s.io/priorityclasses//";

std::string pod(const std::string& spec) { return R"({"metadata":{"name":"p"},"spec":{)" + spec + "}}"; }

void put_class(AdmissionBench& b, const std::string& name, int value, const std::string& more = "") {
  b.snapshot->put(kClasses + name, "{\"value\":" + std::to_string(value) + more + ",\"metadata\":{\"name\":\"" + name + "\"}}");
}

}  // namespace

TEST_CASE("the class of a pod becomes its priority") {
  const std::string no = R"(403 pods "p" is forbidden: )";
  struct Row {
    std::string sent, refusal, left;
  };
  const Row rows[] = {
      {"", "", R"({"priority":0,"preemptionPolicy":"PreemptLowerPriority"})"},
      {R"("priorityClassName":"high")", "", R"({"priorityClassName":"high","priority":1000,"preemptionPolicy":"Never"})"},
      {R"("priorityClassName":"plain")", "", R"({"priorityClassName":"plain","priority":-5})"},
      {R"("priorityClassName":"high","priority":1000)", "",
       R"({"priorityClassName":"high","priority":1000,"preemptionPolicy":"Never"})"},
      {R"("priorityClassName":"none")", no + "no PriorityClass with name none was found", ""},
      {R"("priority":7)",
       no + "the integer value of priority (7) must not be provided in pod spec; priority admission controller computed 0 from "
            "the given "
            "PriorityClass name",
       ""},
      {R"("priorityClassName":"high","preemptionPolicy":"PreemptLowerPriority")",
       no + "the string value of PreemptionPolicy (PreemptLowerPriority) must not be provided in pod spec; priority admission "
            "controller "
            "computed Never from the given PriorityClass name",
       ""},
  };
  const auto plugin = make_priority();
  for (const Row& row : rows) {
    CAPTURE(row.sent);
    AdmissionBench b;
    put_class(b, "high", 1000, R"(,"preemptionPolicy":"Never")");
    put_class(b, "plain", -5);
    CHECK(b.run(*plugin, "", "pods", pod(row.sent)) == row.refusal);
    if (row.refusal.empty()) CHECK(equal(b.draft.root()["spec"], parse_json(row.left).value().root()));
  }
}

TEST_CASE("a pod without a class gets the default one") {
  AdmissionBench b;
  put_class(b, "a", 20, R"(,"globalDefault":true)");
  put_class(b, "b", 10, R"(,"globalDefault":true)");
  CHECK(b.run(*make_priority(), "", "pods", pod("")) == "");
  CHECK(b.left("spec") == R"({"priorityClassName":"b","priority":10})");
}

TEST_CASE("an update that leaves priority out keeps it, and subresources are left alone") {
  AdmissionBench b;
  const auto plugin = make_priority();
  const std::string old = pod(R"("priority":3,"preemptionPolicy":"Never")");
  CHECK(b.run(*plugin, "", "pods", pod(""), old) == "");
  CHECK(b.left("spec") == R"({"priority":3,"preemptionPolicy":"Never"})");
  CHECK(b.run(*plugin, "", "pods", pod(""), old, "status") == "");
  CHECK(b.left("spec") == "{}");
}

TEST_CASE("only one class is the default") {
  AdmissionBench b;
  const auto plugin = make_priority();
  const std::string mine = R"({"metadata":{"name":"mine"},"value":1,"globalDefault":true})";
  CHECK(b.run(*plugin, "scheduling.k8s.io", "priorityclasses", mine) == "");
  put_class(b, "other", 1, R"(,"globalDefault":true)");
  const std::string refusal =
      "403 priorityclasses.scheduling.k8s.io \"mine\" is forbidden: PriorityClass other is already marked as default. "
      "Only one default can exist";
  CHECK(b.run(*plugin, "scheduling.k8s.io", "priorityclasses", mine) == refusal);
  CHECK(b.run(*plugin, "scheduling.k8s.io", "priorityclasses", mine, mine) == refusal);
  b.snapshot->remove(kClasses + "other");
  put_class(b, "mine", 1, R"(,"globalDefault":true)");
  CHECK(b.run(*plugin, "scheduling.k8s.io", "priorityclasses", mine, mine) == "");
}
