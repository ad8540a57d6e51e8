#include "compose/rollout/rollout.h"

#include <doctest/doctest.h>

#include "base/json.h"
#include "base/time_text.h"
#include "base/yaml.h"

namespace plinth::compose {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kNow = 1'800'000'000 * kSecond;

client::Object object(const std::string& name, const std::string& yaml) {
  auto document = parse_yaml(yaml);
  REQUIRE_MESSAGE(document.ok(), document.error().message());
  return {{"kro.run", "v1alpha1", "demos", "Demo", true}, "ns", name, "uid-" + name, 1, std::move(*document)};
}

// An instance that shows a revision and a state, moved to another one when `moved` is not 0.
client::Object instance(const std::string& name, int told, const std::string& state, int moved = 0,
                        const std::string& more = "") {
  std::string yaml = "metadata: {name: " + name + ", namespace: ns, labels: {" + (name[0] == 'c' ? "track: canary" : "") + "}";
  if (moved > 0) yaml += ", annotations: {plinth.dev/graph-revision: '" + std::to_string(moved) + "'" + more + "}";
  if (moved == 0 && !more.empty()) yaml += ", annotations: {" + more.substr(1) + "}";
  return object(name, yaml + "}\nstatus: {state: " + state + ", graphRevision: " + std::to_string(told) + "}");
}

RolloutSpec spec_of(const std::string& rollout) {
  auto spec = read_rollout_spec(object("s", "spec: {rollout: {" + rollout + "}}"));
  REQUIRE_MESSAGE(spec.ok(), spec.error().message());
  return std::move(*spec);
}

RolloutState progressing(std::int64_t stable, std::int64_t target, std::int64_t moved_ns = kNow) {
  RolloutState state;
  state.strategy = RolloutStrategy::kOneByOne;
  state.phase = RolloutPhase::kProgressing;
  state.stable = stable;
  state.target = target;
  state.moved_ns = moved_ns;
  return state;
}

std::string moves_of(const RolloutDecision& decision) {
  std::string out;
  for (const client::Object* o : decision.moves) out += o->name + " ";
  return out;
}

std::string events_of(const RolloutDecision& decision) {
  std::string out;
  for (const RolloutEvent& e : decision.events) out += e.reason + " ";
  return out;
}

constexpr const char* kOneByOne = "strategy: OneByOne";
constexpr const char* kCanary = "strategy: Canary, canary: {selector: {matchLabels: {track: canary}}}";

struct Case {
  const char* what;
  std::string rollout;
  std::optional<RolloutState> before;
  std::int64_t latest;
  std::vector<client::Object> instances;
  std::string phase, moves, events;
  std::int64_t stable, target;
};

TEST_CASE("what comes next in a rollout") {
  const std::vector<Case> cases = {
      {"settings that are new find everything as it is",
       kOneByOne,
       {},
       4,
       {instance("a", 0, "ACTIVE")},
       "Complete",
       "",
       "",
       4,
       4},
      {"a new revision begins with the first instance",
       kOneByOne,
       progressing(4, 4),
       5,
       {instance("b", 4, "ACTIVE"), instance("a", 4, "ACTIVE")},
       "Progressing",
       "a ",
       "RolloutStarted ",
       4,
       5},
      {"the next one waits",
       kOneByOne,
       progressing(4, 5),
       5,
       {instance("a", 4, "ACTIVE", 5), instance("b", 4, "ACTIVE")},
       "Progressing",
       "",
       "",
       4,
       5},
      {"and goes when the one before is ready",
       kOneByOne,
       progressing(4, 5),
       5,
       {instance("a", 5, "ACTIVE", 5), instance("b", 4, "ACTIVE")},
       "Progressing",
       "b ",
       "",
       4,
       5},
      {"an error stops it",
       kOneByOne,
       progressing(4, 5),
       5,
       {instance("a", 5, "ERROR", 5), instance("b", 4, "ACTIVE")},
       "Stopped",
       "",
       "RolloutStopped ",
       4,
       5},
      {"an error of an instance that was not moved does not",
       kOneByOne,
       progressing(4, 5),
       5,
       {instance("a", 5, "ACTIVE", 5), instance("b", 4, "ERROR")},
       "Progressing",
       "b ",
       "",
       4,
       5},
      {"so does one that is never ready",
       kOneByOne,
       progressing(4, 5, kNow - 700 * kSecond),
       5,
       {instance("a", 5, "IN_PROGRESS", 5), instance("b", 4, "ACTIVE")},
       "Stopped",
       "",
       "RolloutStopped ",
       4,
       5},
      {"which can be told to take less time",
       std::string(kOneByOne) + ", progressDeadlineSeconds: 5",
       progressing(4, 5, kNow - 6 * kSecond),
       5,
       {instance("a", 4, "ACTIVE", 5), instance("b", 4, "ACTIVE")},
       "Stopped",
       "",
       "RolloutStopped ",
       4,
       5},
      {"or it goes back",
       std::string(kOneByOne) + ", onUnhealthy: RollBack",
       progressing(4, 5),
       5,
       {instance("a", 5, "ERROR", 5), instance("b", 4, "ACTIVE")},
       "RollingBack",
       "",
       "RollingBack ",
       4,
       4},
      {"all reached",
       kOneByOne,
       progressing(4, 5),
       5,
       {instance("a", 5, "ACTIVE", 5), instance("b", 5, "ACTIVE", 5)},
       "Complete",
       "",
       "RolloutComplete ",
       5,
       5},
      {"nothing there is complete",
       kOneByOne,
       progressing(4, 4),
       5,
       {},
       "Complete",
       "",
       "RolloutStarted RolloutComplete ",
       5,
       5},
      {"a newer revision takes over; who was moved stays until then",
       kOneByOne,
       progressing(4, 5),
       6,
       {instance("a", 5, "ACTIVE", 5), instance("b", 4, "ACTIVE")},
       "Progressing",
       "a ",
       "RolloutStarted ",
       4,
       6},
      {"suspended instances are left out",
       kOneByOne,
       progressing(4, 4),
       5,
       {instance("a", 4, "IN_PROGRESS", 0, ", kro.run/reconcile: suspended"), instance("b", 4, "ACTIVE")},
       "Progressing",
       "b ",
       "RolloutStarted ",
       4,
       5},
      {"a definition that was made anew",
       kOneByOne,
       progressing(4, 5),
       1,
       {instance("a", 5, "ACTIVE", 5)},
       "Complete",
       "",
       "",
       1,
       1},
      {"canaries go first, all of them",
       kCanary,
       progressing(4, 4),
       5,
       {instance("c1", 4, "ACTIVE"), instance("c2", 4, "ACTIVE"), instance("x", 4, "ACTIVE")},
       "Progressing",
       "c1 c2 ",
       "RolloutStarted ",
       4,
       5},
      {"the others wait for them",
       kCanary,
       progressing(4, 5),
       5,
       {instance("c1", 5, "ACTIVE", 5), instance("c2", 4, "ACTIVE", 5), instance("x", 4, "ACTIVE")},
       "Progressing",
       "",
       "",
       4,
       5},
      {"and follow",
       kCanary,
       progressing(4, 5),
       5,
       {instance("c1", 5, "ACTIVE", 5), instance("x", 4, "ACTIVE"), instance("y", 4, "ACTIVE")},
       "Progressing",
       "x y ",
       "",
       4,
       5},
      {"unless somebody has to say so",
       "strategy: Canary, canary: {promotion: Manual, selector: {matchLabels: {track: canary}}}",
       progressing(4, 5),
       5,
       {instance("c1", 5, "ACTIVE", 5), instance("x", 4, "ACTIVE")},
       "AwaitingPromotion",
       "",
       "RolloutAwaitsPromotion ",
       4,
       5},
      {"which they did",
       "strategy: Canary, canary: {promotion: Manual, promotedRevision: 5, selector: {matchLabels: {track: canary}}}",
       progressing(4, 5),
       5,
       {instance("c1", 5, "ACTIVE", 5), instance("x", 4, "ACTIVE")},
       "Progressing",
       "x ",
       "",
       4,
       5},
      {"no canary at all is no reason to go on",
       kCanary,
       progressing(4, 4),
       5,
       {instance("x", 4, "ACTIVE")},
       "AwaitingPromotion",
       "",
       "RolloutStarted RolloutAwaitsPromotion ",
       4,
       5},
      {"pinned", "strategy: Pinned, pinnedRevision: 3", {}, 5, {instance("a", 5, "ACTIVE")}, "Progressing", "", "", 3, 3},
      {"pinned and there",
       "strategy: Pinned, pinnedRevision: 3",
       {},
       5,
       {instance("a", 3, "ACTIVE")},
       "Complete",
       "",
       "",
       3,
       3},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    const RolloutDecision decision = decide_rollout(spec_of(c.rollout), c.before, c.latest, c.instances, kNow);
    CAPTURE(decision.state.message);
    CHECK(phase_text(decision.state.phase) == c.phase);
    CHECK(moves_of(decision) == c.moves);
    CHECK(events_of(decision) == c.events);
    CHECK(decision.state.stable == c.stable);
    CHECK(decision.state.target == c.target);
  }
}

TEST_CASE("a revision that was rolled back is not tried again; the next one is") {
  RolloutState failed = progressing(4, 4);
  failed.failed = 5;
  failed.phase = RolloutPhase::kRollingBack;
  const RolloutSpec spec = spec_of(std::string(kOneByOne) + ", onUnhealthy: RollBack");
  const std::vector<client::Object> back = {instance("a", 4, "ACTIVE", 5)};
  const RolloutDecision again = decide_rollout(spec, failed, 5, back, kNow);
  CHECK(again.state.phase == RolloutPhase::kRolledBack);
  CHECK(events_of(again) == "RolledBack ");
  CHECK(moves_of(again) == "a ");
  // A newer one waits until nothing is left of the failed one.
  CHECK(decide_rollout(spec, again.state, 6, back, kNow).state.target == 4);
  const std::vector<client::Object> clean = {instance("a", 4, "ACTIVE", 4)};
  CHECK(decide_rollout(spec, again.state, 5, clean, kNow).moves.empty());
  const RolloutDecision next = decide_rollout(spec, again.state, 6, clean, kNow);
  CHECK(next.state.target == 6);
  CHECK(moves_of(next) == "a ");
}

struct Assigned {
  const char* settings;
  int moved;
  std::int64_t revision;
};

TEST_CASE("which revision an instance is made of") {
  const Assigned cases[] = {
      {"spec: {rollout: {strategy: AllAtOnce}}", 3, 9},
      {"spec: {rollout: {strategy: Pinned, pinnedRevision: 2}}", 3, 2},
      {"spec: {rollout: {strategy: Pinned}}", 3, 9},
      {"spec: {rollout: {strategy: OneByOne}}", 3, 9},
      {"{spec: {rollout: {strategy: OneByOne}}, status: {rollout: {strategy: OneByOne, phase: Progressing, stableRevision: 5, "
       "targetRevision: 9}}}",
       0, 5},
      {"{spec: {rollout: {strategy: OneByOne}}, status: {rollout: {strategy: OneByOne, phase: Progressing, stableRevision: 5, "
       "targetRevision: 9}}}",
       9, 9},
      {"{spec: {rollout: {strategy: OneByOne}}, status: {rollout: {strategy: OneByOne, phase: Progressing, stableRevision: 5, "
       "targetRevision: 9}}}",
       7, 7},
      {"{spec: {rollout: {strategy: OneByOne}}, status: {rollout: {strategy: OneByOne, phase: Progressing, stableRevision: 5, "
       "targetRevision: 9}}}",
       4, 5},
      {"{spec: {rollout: {strategy: OneByOne}}, status: {rollout: {strategy: OneByOne, phase: RolledBack, stableRevision: 5, "
       "targetRevision: 5}}}",
       9, 5},
  };
  for (const Assigned& c : cases) {
    const client::Object settings = object("s", c.settings);
    CAPTURE(std::string(c.settings));
    CHECK(assigned_revision(instance("a", 1, "ACTIVE", c.moved), &settings, 9).revision == c.revision);
  }
  CHECK(assigned_revision(instance("a", 1, "ACTIVE", 3), nullptr, 9).revision == 9);
  CHECK(!assigned_revision(instance("a", 1, "ACTIVE", 3), nullptr, 9).tell);
}

TEST_CASE("settings that make no sense name the field") {
  CHECK(read_rollout_spec(object("s", "spec: {rollout: {strategy: Pinned}}")).error().message() ==
        "spec.rollout.pinnedRevision: Required value with the strategy Pinned");
  CHECK(read_rollout_spec(object("s", "spec: {rollout: {strategy: Canary}}")).error().message() ==
        "spec.rollout.canary.selector: Required value with the strategy Canary");
  CHECK(read_rollout_spec(
            object("s",
                   "spec: {rollout: {strategy: Canary, canary: {selector: {matchExpressions: [{key: a, operator: Near}]}}}}"))
            .error()
            .message()
            .starts_with("spec.rollout.canary.selector: "));
}

TEST_CASE("where a rollout stands is read back as it was written") {
  RolloutState state = progressing(4, 5);
  state.failed = 3;
  state.unhealthy = {"ns/a"};
  state.message = "why";
  Draft draft;
  draft.root() = draft.object();
  Value status = draft.object();
  draft.member(status, "rollout") = rollout_state_value(draft, state);
  draft.member(draft.root(), "status") = status;
  const client::Object settings{{}, "", "s", "u", 1, std::move(draft).finish()};
  const auto read = read_rollout_state(settings);
  REQUIRE(read.has_value());
  CHECK(read->strategy == state.strategy);
  CHECK(read->phase == state.phase);
  CHECK((read->stable == 4 && read->target == 5 && read->failed == 3 && read->moved_ns == kNow));
  CHECK(!read_rollout_state(object("s", "status: {}")).has_value());
}

}  // namespace
}  // namespace plinth::compose
