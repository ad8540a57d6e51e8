#include "compose/status/condition_set.h"

#include <doctest/doctest.h>

#include "base/yaml.h"

namespace plinth::compose {
namespace {

constexpr const char* kCreated = "2026-01-01T00:00:00Z";
constexpr const char* kNow = "2026-01-01T00:00:10Z";

Document object_with(const std::string& conditions) {
  auto parsed = parse_yaml(std::string("{metadata: {generation: 2, creationTimestamp: '") + kCreated +
                           "'}, status: {conditions: [" + conditions + "]}}");
  REQUIRE(parsed.ok());
  return *parsed;
}

std::string summary(ConditionSet& set) {
  std::string out;
  for (const Condition& c : set.conditions()) {
    out += c.type + "=" + std::string(status_text(c.status)) + "/" + c.reason +
           (c.since == kCreated ? "@created "
            : c.since == kNow   ? "@now "
                                : "@old ");
  }
  return out;
}

TEST_CASE("conditions begin as Unknown since creation") {
  ConditionSet set(object_with("").root(), {"A", "B"}, kNow);
  CHECK(summary(set) ==
        "A=Unknown/AwaitingReconciliation@created B=Unknown/AwaitingReconciliation@created "
        "Ready=Unknown/AwaitingReconciliation@created ");
  CHECK(set.find("A")->message == "condition \"A\" is awaiting reconciliation");
}

TEST_CASE("Ready follows the worst: False before Unknown, then the newest") {
  ConditionSet set(object_with("").root(), {"A", "B", "C"}, kNow);
  set.set("B", ConditionStatus::kTrue, "Fine", "");
  CHECK(summary(set) ==
        "A=Unknown/AwaitingReconciliation@created C=Unknown/AwaitingReconciliation@created B=True/Fine@now "
        "Ready=Unknown/AwaitingReconciliation@created ");
  set.set("C", ConditionStatus::kFalse, "Broken", "why");
  CHECK(set.conditions().back().message == "why");
  CHECK(set.conditions().back().status == ConditionStatus::kFalse);
  set.set("A", ConditionStatus::kTrue, "Fine", "");
  set.set("C", ConditionStatus::kTrue, "Fine", "");
  CHECK(set.conditions().back().reason == "Ready");
  CHECK(set.conditions().back().message.empty());
}

TEST_CASE("the time moves with the status only; others are kept, old types dropped") {
  const Document object = object_with(
      "{type: A, status: 'True', reason: R, lastTransitionTime: '2026-01-01T00:00:05Z', observedGeneration: 1}, {type: Mine, "
      "status: 'True'}, {type: Gone, status: 'True'}");
  ConditionSet set(object.root(), {"A"}, kNow, {"Gone"});
  set.set("A", ConditionStatus::kTrue, "Other", "m");
  CHECK(summary(set) == "Mine=True/@old A=True/Other@old Ready=True/Ready@now ");
  CHECK(set.find("A")->observed_generation == 2);
}

}  // namespace
}  // namespace plinth::compose
