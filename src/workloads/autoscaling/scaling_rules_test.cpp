// Upstream's cases (podautoscaler/horizontal_test.go of 1.34): what goes in and what comes out.
#include "workloads/autoscaling/scaling_rules.h"

#include <doctest/doctest.h>

#include "base/json.h"
#include "base/text.h"

namespace plinth::workloads {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000, kNow = 1'700'000'000 * kSecond, kMinute = 60 * kSecond;

std::vector<std::int64_t> numbers(std::string_view text) {
  std::vector<std::int64_t> out;
  if (text.empty()) return out;
  for (const std::string_view word : split(text, ' ')) out.push_back(parse_integer<std::int64_t>(word).value());
  return out;
}

// Spread evenly over the last two minutes.
std::vector<ScaleEvent> events(std::string_view changes) {
  const auto list = numbers(changes);
  std::vector<ScaleEvent> out;
  constexpr std::int64_t kSpan = 120;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const double segment = static_cast<double>(kSpan) / static_cast<double>(list.size());
    const double ago = static_cast<double>(kSpan) - segment * static_cast<double>(i + 1) + segment / 2;
    out.push_back({list[i], kNow - static_cast<std::int64_t>(ago) * kSecond, false});
  }
  return out;
}

// "pods period percent period"; 0: no such policy; "": `otherwise`.
ScalingRules rules(std::string_view text, ScalingRules otherwise) {
  const auto list = numbers(text);
  otherwise.stabilization_s = 0;
  if (list.empty()) return otherwise;
  otherwise.policies.clear();
  if (list[0] != 0) otherwise.policies.push_back({false, list[0], list[1]});
  if (list[2] != 0) otherwise.policies.push_back({true, list[2], list[3]});
  return otherwise;
}

struct RateCase {
  const char* name;
  std::int64_t current, wanted, least, most;
  const char *ups, *downs;  // events
  const char *up_rules, *down_rules;
  std::int64_t expected;
  const char* reason;
};

const RateCase kRateCases[] = {
    {"prenormalized desired replicas within range", 5, 7, 3, 8, "", "", "", "", 7, "DesiredWithinRange"},
    {"prenormalized desired replicas < minReplicas", 3, 1, 2, 8, "", "", "", "", 2, "TooFewReplicas"},
    {"prenormalized desired replicas within range when minReplicas is 0", 1, 0, 0, 10, "", "", "", "", 0, "DesiredWithinRange"},
    {"maxReplicas is the limit because maxReplicas < scaleUpLimit", 20, 1000, 1, 10, "", "", "", "", 10, "TooManyReplicas"},
    {"desired replica count is more than the maximum replica count", 100, 1000, 100, 150, "", "", "", "", 150,
     "TooManyReplicas"},
    {"scaleUpLimit is the limit because scaleUpLimit < maxReplicas with user policies", 3, 1000, 1, 2000, "", "", "0 0 1 60",
     "", 4, "ScaleUpLimit"},
    {"scaleDownLimit is the limit because scaleDownLimit > minReplicas with user defined policies", 1000, 3, 3, 2000, "", "",
     "", "20 60 0 0", 980, "ScaleDownLimit"},
    {"scaleUp with default behavior", 10, 50, 1, 1000, "", "", "", "", 20, "ScaleUpLimit"},
    {"scaleUp with pods policy larger than percent policy", 10, 500, 1, 1000, "", "", "100 60 100 60", "", 110, "ScaleUpLimit"},
    {"scaleUp with percent policy larger than pods policy", 10, 500, 1, 1000, "", "", "2 60 100 60", "", 20, "ScaleUpLimit"},
    {"scaleUp with spec MaxReplicas limitation with large pod policy", 10, 50, 1, 1000, "", "", "100 60 0 0", "", 50,
     "DesiredWithinRange"},
    {"scaleUp with spec MaxReplicas limitation with large percent policy", 10, 50, 1, 1000, "", "", "10000 60 0 0", "", 50,
     "DesiredWithinRange"},
    {"scaleUp with pod policy limitation", 10, 50, 1, 1000, "", "", "30 60 0 0", "", 40, "ScaleUpLimit"},
    {"scaleUp with percent policy limitation", 10, 50, 1, 1000, "", "", "0 0 200 60", "", 30, "ScaleUpLimit"},
    {"scaleDown with percent policy larger than pod policy", 100, 2, 1, 1000, "", "", "", "20 60 1 60", 80, "ScaleDownLimit"},
    {"scaleDown with pod policy larger than percent policy", 100, 2, 1, 1000, "", "", "", "2 60 1 60", 98, "ScaleDownLimit"},
    {"scaleDown with spec MinReplicas=nil limitation with large pod policy", 10, 0, 1, 1000, "", "", "", "100 60 0 0", 1,
     "TooFewReplicas"},
    {"scaleDown with spec MinReplicas limitation with large pod policy", 10, 0, 1, 1000, "", "", "", "100 60 0 0", 1,
     "TooFewReplicas"},
    {"scaleDown with spec MinReplicas limitation with large percent policy", 10, 2, 5, 1000, "", "", "", "0 0 100 60", 5,
     "TooFewReplicas"},
    {"scaleDown with pod policy limitation", 10, 2, 1, 1000, "", "", "", "5 60 0 0", 5, "ScaleDownLimit"},
    {"scaleDown with percent policy limitation", 10, 5, 1, 1000, "", "", "", "0 0 50 60", 5, "DesiredWithinRange"},
    {"scaleUp with spec MaxReplicas limitation with large pod policy and events", 100, 500, 1, 200, "1 5 9", "", "300 60 0 0",
     "", 200, "TooManyReplicas"},
    {"scaleUp with spec MaxReplicas limitation with large percent policy and events", 100, 500, 1, 200, "1 5 9", "",
     "0 0 10000 60", "", 200, "TooManyReplicas"},
    {"scaleUp with currentReplicas limitation with rate.PeriodSeconds with a lot of recent scale up events", 100, 500, 1, 1000,
     "1 5 9", "", "5 120 0 0", "", 100, "ScaleUpLimit"},
    {"scaleUp with pod policy and previous scale up events", 100, 500, 1, 1000, "1 5 9", "", "150 120 0 0", "", 235,
     "ScaleUpLimit"},
    {"scaleUp with percent policy and previous scale up events", 100, 500, 1, 1000, "1 5 9", "", "0 0 200 120", "", 255,
     "ScaleUpLimit"},
    {"scaleUp with percent policy and previous scale up and down events", 6, 24, 1, 1000, "4", "2", "0 0 300 300", "", 16,
     "ScaleUpLimit"},
    {"scaleDown with default policy and previous events", 10, 5, 1, 1000, "", "1 5 9", "", "", 5, "DesiredWithinRange"},
    {"scaleDown with spec MinReplicas=nil limitation with large pod policy and previous events", 100, 0, 1, 1000, "", "1 5 9",
     "", "115 120 0 0", 1, "TooFewReplicas"},
    {"scaleDown with spec MinReplicas limitation with large pod policy and previous events", 100, 0, 5, 1000, "", "1 5 9", "",
     "130 120 0 0", 5, "TooFewReplicas"},
    {"scaleDown with spec MinReplicas limitation with large percent policy and previous events", 100, 2, 5, 1000, "", "1 5 9",
     "", "0 0 100 120", 5, "TooFewReplicas"},
    {"scaleDown with pod policy limitation and previous events", 100, 2, 1, 1000, "", "1 5 9", "", "5 120 0 0", 100,
     "ScaleDownLimit"},
    {"scaleDown with percent policy limitation and previous events", 100, 0, 1, 1000, "", "2 4 6", "", "0 0 50 120", 56,
     "ScaleDownLimit"},
    {"scaleDown with percent policy and previous scale up and down events", 10, 1, 1, 1000, "2", "4", "", "0 0 50 180", 6,
     "ScaleDownLimit"},
    {"scaleDown with previous events preventing further scale down", 100, 0, 1, 1000, "", "10 10 10", "", "0 0 10 120", 100,
     "ScaleDownLimit"},
    {"scaleDown with with previous events still allowing more scale down", 10, 5, 1, 1000, "", "10 10 10", "", "0 0 1000 120",
     5, "DesiredWithinRange"},
    {"check outdated flag for events for one behavior for up", 100, 200, 1, 1000, "8 12 9 11", "", "1000 60 0 0", "", 200,
     "DesiredWithinRange"},
    {"check that events were not marked outdated for two different policies in the behavior for up", 100, 200, 1, 1000,
     "8 12 9 11", "", "1000 120 100 60", "", 200, "DesiredWithinRange"},
    {"check that events were marked outdated for two different policies in the behavior for up", 100, 200, 1, 1000, "8 12 9 11",
     "", "1000 30 100 60", "", 200, "DesiredWithinRange"},
    {"check outdated flag for events for one behavior for down", 100, 5, 1, 1000, "", "8 12 9 11", "", "1000 60 0 0", 5,
     "DesiredWithinRange"},
    {"check that events were not marked outdated for two different policies in the behavior for down", 100, 5, 1, 1000, "",
     "8 12 9 11", "", "1000 120 100 60", 5, "DesiredWithinRange"},
    {"check that events were marked outdated for two different policies in the behavior for down", 100, 5, 1, 1000, "",
     "8 12 9 11", "", "1000 30 100 60", 5, "DesiredWithinRange"},
};

ScalingBehavior defaults() { return *read_behavior(parse_json("{}")->root()); }

}  // namespace

TEST_CASE("behavior and its defaults") {
  CHECK_FALSE(read_behavior(Value()).has_value());
  const ScalingBehavior empty = defaults();
  CHECK(empty.up.policies.size() == 2);
  CHECK(empty.up.stabilization_s == 0);
  CHECK(empty.down.policies.size() == 1);
  CHECK(empty.down.policies[0].percent);
  CHECK(empty.down.stabilization_s == 300);
  const Document given =
      parse_json(
          R"({"scaleUp":{"selectPolicy":"Min","stabilizationWindowSeconds":7,"policies":[{"type":"Pods","value":3,"periodSeconds":9}]},)"
          R"("scaleDown":{"selectPolicy":"Disabled"}})")
          .value();
  const ScalingBehavior read = *read_behavior(given.root());
  CHECK(read.up.choice == PolicyChoice::kMin);
  CHECK(read.up.stabilization_s == 7);
  REQUIRE(read.up.policies.size() == 1);
  CHECK(read.up.policies[0].value == 3);
  CHECK(read.up.policies[0].period_s == 9);
  CHECK(read.down.choice == PolicyChoice::kDisabled);
  CHECK(scale_down_limit(8, {}, read.down, kNow) == 8);
  CHECK(scale_up_limit(8, {}, read.up, kNow) == 11);
}

TEST_CASE("rates and limits of behavior") {
  for (const RateCase& c : kRateCases) {
    CAPTURE(c.name);
    ScalingBehavior behavior = defaults();
    behavior.up = rules(c.up_rules, behavior.up);
    behavior.down = rules(c.down_rules, behavior.down);
    ScaleHistory history;
    history.ups = events(c.ups);
    history.downs = events(c.downs);
    const Normalized out = normalize({c.least, c.most, c.current, c.wanted}, behavior, history, kNow);
    CHECK(out.replicas == c.expected);
    CHECK(out.limited_reason == c.reason);
    CHECK(out.limited == (c.expected != c.wanted));
  }
}

TEST_CASE("the smallest change of several policies") {
  ScalingRules both{PolicyChoice::kMin, {{false, 2, 60}, {true, 50, 60}}, 300};
  CHECK(scale_up_limit(1, {}, both, kNow) == 2);
  CHECK(scale_down_limit(5, {}, both, kNow) == 3);
}

TEST_CASE("limits without behavior") {
  struct Case {
    std::int64_t current, wanted, least, most, expected;
    const char* reason;
  };
  const Case cases[] = {
      {5, 7, 3, 8, 7, "DesiredWithinRange"},    {3, 1, 2, 8, 2, "TooFewReplicas"},     {1, 0, 0, 10, 0, "DesiredWithinRange"},
      {20, 1000, 1, 10, 10, "TooManyReplicas"}, {3, 1000, 1, 2000, 6, "ScaleUpLimit"}, {1, 1000, 1, 2000, 4, "ScaleUpLimit"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.wanted);
    ScaleHistory history;
    const Normalized out = normalize({c.least, c.most, c.current, c.wanted}, std::nullopt, history, kNow);
    CHECK(out.replicas == c.expected);
    CHECK(out.limited_reason == c.reason);
  }
}

TEST_CASE("stabilization without behavior: the highest size of five minutes") {
  struct Case {
    const char* name;
    std::vector<Recommendation> before;
    std::int64_t wanted, expected;
    std::size_t remembered;
  };
  const Case cases[] = {
      {"empty", {}, 5, 5, 1},
      {"higher ones", {{4, kNow - 2 * kMinute}, {5, kNow - kMinute}}, 3, 5, 3},
      {"lower ones", {{1, kNow - 2 * kMinute}, {2, kNow - kMinute}}, 3, 3, 3},
      {"old ones", {{10, kNow - 10 * kMinute}, {9, kNow - 9 * kMinute}}, 3, 3, 2},
      {"old and higher ones",
       {{10, kNow - 10 * kMinute}, {4, kNow - kMinute}, {5, kNow - 2 * kMinute}, {9, kNow - 9 * kMinute}},
       3,
       5,
       4},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    ScaleHistory history;
    history.recommendations = c.before;
    const Normalized out = normalize({0, 1000, 10, c.wanted}, std::nullopt, history, kNow);
    CHECK(out.replicas == c.expected);
    CHECK(out.able_reason == (c.expected == c.wanted ? "ReadyForNewScale" : "ScaleDownStabilized"));
    CHECK(history.recommendations.size() == c.remembered);
  }
}

TEST_CASE("stabilization windows of behavior") {
  struct Case {
    const char* name;
    std::vector<Recommendation> before;
    std::int64_t current, wanted, up_s, down_s, expected;
    std::vector<std::int64_t> remembered;  // empty: not looked at
  };
  const std::vector<Recommendation> four_five = {{4, kNow - 2 * kMinute}, {5, kNow - kMinute}};
  const std::vector<Recommendation> one_two = {{1, kNow - 2 * kMinute}, {2, kNow - kMinute}};
  const std::vector<Recommendation> old = {{10, kNow - 10 * kMinute}, {9, kNow - 9 * kMinute}};
  const Case cases[] = {
      {"nothing before", {}, 100, 5, 0, 0, 5, {5}},
      {"down", four_five, 100, 3, 0, 180, 5, {4, 5, 3}},
      {"up", four_five, 1, 7, 300, 0, 4, {4, 5, 7}},
      {"no down", one_two, 100, 3, 300, 0, 3, {1, 2, 3}},
      {"no up", four_five, 1, 3, 0, 300, 3, {4, 5, 3}},
      {"down, a place is used again", old, 100, 3, 0, 0, 3, {10, 3}},
      {"up, a place is used again", old, 1, 100, 0, 0, 100, {10, 100}},
      {"down, one of several",
       {{10, kNow - 10 * kMinute}, {4, kNow - kMinute}, {5, kNow - 2 * kMinute}, {9, kNow - 9 * kMinute}},
       100,
       3,
       0,
       180,
       5,
       {10, 4, 5, 3}},
      {"up, one of several",
       {{10, kNow - 100 * kMinute}, {6, kNow - kMinute}, {5, kNow - 2 * kMinute}, {9, kNow - 3 * kMinute}},
       1,
       100,
       300,
       0,
       5,
       {100, 6, 5, 9}},
      {"both, down", {{2, kNow - 100 * kMinute}, {3, kNow - 3 * kMinute}}, 2, 1, 300, 300, 2, {}},
      {"both, up", {{2, kNow - 100 * kMinute}, {1, kNow - 3 * kMinute}}, 2, 3, 300, 300, 2, {}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    ScalingBehavior behavior = defaults();
    // Rates that never limit.
    behavior.up.policies = {{false, 100'000, 15}};
    behavior.up.stabilization_s = c.up_s;
    behavior.down.stabilization_s = c.down_s;
    ScaleHistory history;
    history.recommendations = c.before;
    const Normalized out = normalize({0, 1000, c.current, c.wanted}, behavior, history, kNow);
    CHECK(out.replicas == c.expected);
    const char* stabilized = c.wanted >= c.current ? "ScaleUpStabilized" : "ScaleDownStabilized";
    CHECK(out.able_reason == (c.expected == c.wanted ? "ReadyForNewScale" : stabilized));
    if (c.remembered.empty()) continue;
    std::vector<std::int64_t> remembered;
    for (const Recommendation& recommendation : history.recommendations) remembered.push_back(recommendation.replicas);
    CHECK(remembered == c.remembered);
  }
}

TEST_CASE("changes of size that rates count") {
  const std::optional<ScalingBehavior> behavior = defaults();
  ScaleHistory history;
  remember_scaling(std::nullopt, history, 1, 5, kNow);
  CHECK(history.ups.empty());
  remember_scaling(behavior, history, 1, 5, kNow);
  remember_scaling(behavior, history, 5, 3, kNow);
  REQUIRE(history.ups.size() == 1);
  CHECK(history.ups[0].change == 4);
  REQUIRE(history.downs.size() == 1);
  CHECK(history.downs[0].change == 2);
  remember_scaling(behavior, history, 3, 4, kNow + 10 * kSecond);
  CHECK(history.ups.size() == 2);
  // The longest period is over: a place is used again, once.
  remember_scaling(behavior, history, 4, 9, kNow + 16 * kSecond);
  REQUIRE(history.ups.size() == 2);
  CHECK(history.ups[0].change == 5);
  remember_scaling(behavior, history, 9, 10, kNow + 16 * kSecond);
  CHECK(history.ups.size() == 3);
}

}  // namespace plinth::workloads
