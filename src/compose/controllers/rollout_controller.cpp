#include "compose/controllers/rollout_controller.h"

#include "base/quoted.h"
#include "base/text.h"
#include "base/time_text.h"
#include "client/events.h"
#include "compose/marks.h"
#include "compose/rollout/rollout.h"
#include "compose/status/condition_set.h"

namespace plinth::compose {
namespace {

using client::Object;
using client::Plan;
using client::View;

constexpr std::string_view kName = "rollout-controller";

// One look at one DefinitionSettings.
class RolloutStep {
 public:
  RolloutStep(const View& view, const Definitions& definitions, const Object& settings, const client::StepContext& context)
      : view_(view),
        definitions_(definitions),
        settings_(settings),
        context_(context),
        key_(definition_of_settings(settings)),
        definition_(get_definition(view, key_)),
        conditions_(settings.document.root(), {"Accepted", "RolledOut"}, format_rfc3339(context.wall_ns)) {}

  Plan run();

 private:
  void refuse(std::string_view reason, const std::string& message);
  void roll_out(const RolloutSpec& spec);
  std::vector<Object> instances() const;
  void plan_moves(const RolloutDecision& decision);
  void plan_events_of(const RolloutDecision& decision);
  void set_rolled_out(const RolloutState& state);
  void plan_status();

  const View& view_;
  const Definitions& definitions_;
  const Object& settings_;
  const client::StepContext& context_;
  const DefinitionKey key_;
  const std::optional<Object> definition_;
  ConditionSet conditions_;
  std::optional<RolloutState> state_;
  Plan plan_;
};

Plan RolloutStep::run() {
  const Object* effective = definitions_.settings_of(key_);
  const auto spec = read_rollout_spec(settings_);
  if (!spec.ok())
    refuse("Invalid", spec.error().message());
  else if (!definition_)
    refuse("DefinitionNotFound", "spec.definition: " + key_.shown() + " does not exist");
  else if (effective != nullptr && effective->name != settings_.name)
    refuse("Superseded", "DefinitionSettings " + quoted(effective->name) + " is older and counts for " + key_.shown());
  else
    roll_out(*spec);
  plan_status();
  return std::move(plan_);
}

void RolloutStep::refuse(std::string_view reason, const std::string& message) {
  conditions_.set("Accepted", ConditionStatus::kFalse, reason, message);
  conditions_.set("RolledOut", ConditionStatus::kUnknown, reason, "the settings are not followed");
}

void RolloutStep::roll_out(const RolloutSpec& spec) {
  if (spec.strategy == RolloutStrategy::kAllAtOnce) {
    conditions_.set("Accepted", ConditionStatus::kTrue, "Valid", "");
    conditions_.set("RolledOut", ConditionStatus::kTrue, "AllAtOnce", "every revision reaches all instances at once");
    return;
  }
  const std::int64_t latest = (*definition_)["status"]["lastIssuedRevision"].as_int();
  if (spec.strategy == RolloutStrategy::kPinned && !get_revision(view_, key_, spec.pinned_revision)) {
    return refuse("RevisionNotFound", "spec.rollout.pinnedRevision: " + key_.shown() + " has no graph revision " +
                                          std::to_string(spec.pinned_revision));
  }
  conditions_.set("Accepted", ConditionStatus::kTrue, "Valid", "");
  if (latest == 0) return conditions_.set("RolledOut", ConditionStatus::kUnknown, "NoRevision", "no revision was issued yet");
  const std::vector<Object> all = instances();
  const RolloutDecision decision = decide_rollout(spec, read_rollout_state(settings_), latest, all, context_.wall_ns);
  state_ = decision.state;
  set_rolled_out(decision.state);
  plan_moves(decision);
  plan_events_of(decision);
  plan_.revisit_ns = decision.revisit_ns;
}

std::vector<Object> RolloutStep::instances() const {
  std::vector<Object> out;
  for (const std::string& crd : definitions_.kinds_of(key_)) {
    const auto [plural, group] = cut(crd, ".");
    const auto resource = view_.find_resource(group.value_or(""), plural);
    if (!resource) continue;
    view_.list(*resource, "", [&](const Object& instance) {
      out.push_back(instance);
      return true;
    });
  }
  return out;
}

void RolloutStep::set_rolled_out(const RolloutState& state) {
  const std::string_view phase = phase_text(state.phase);
  const bool bad = state.phase == RolloutPhase::kStopped || state.phase == RolloutPhase::kRollingBack ||
                   state.phase == RolloutPhase::kRolledBack;
  const ConditionStatus status = state.phase == RolloutPhase::kComplete ? ConditionStatus::kTrue
                                 : bad                                  ? ConditionStatus::kFalse
                                                                        : ConditionStatus::kUnknown;
  conditions_.set("RolledOut", status, phase, state.message);
}

void RolloutStep::plan_moves(const RolloutDecision& decision) {
  for (const Object* instance : decision.moves) {
    Draft patch;
    patch.root() = patch.object();
    patch.set(patch.member_path(patch.root(), {"metadata", "annotations"}), kGraphRevisionAnnotation,
              std::to_string(decision.state.target));
    plan_.requests.push_back(client::merge_patch_request(*instance, "", std::move(patch), /*same_revision=*/true, kName));
  }
}

void RolloutStep::plan_events_of(const RolloutDecision& decision) {
  client::EventRecorder recorder(view_, kName, context_.wall_ns, plan_);
  for (const RolloutEvent& event : decision.events) {
    for (const Object* about : {&settings_, &*definition_}) {
      if (event.warning)
        recorder.warning(*about, event.reason, event.message);
      else
        recorder.normal(*about, event.reason, event.message);
    }
  }
}

void RolloutStep::plan_status() {
  Draft next(settings_.document);
  Value status = next.object();
  next.set(status, "observedGeneration", Value::of(settings_.metadata()["generation"].as_int()));
  if (state_) next.member(status, "rollout") = rollout_state_value(next, *state_);
  next.member(status, "conditions") = conditions_.to_value(next);
  if (equal(status, settings_["status"])) return;
  next.member(next.root(), "status") = status;
  // Where it stands is written before anything follows from it: a target that is not known does not count.
  plan_.requests.insert(plan_.requests.begin(), client::update_request(settings_, "status", next.root(), kName));
}

// Keys are names of DefinitionSettings.
class RolloutController final : public client::Controller {
 public:
  explicit RolloutController(std::shared_ptr<Definitions> definitions) : definitions_(std::move(definitions)) {}
  std::string_view name() const override { return kName; }

  void keys_of(const client::Change& change, const View& view, std::vector<std::string>& keys) const override {
    const Object& object = change.object;
    if (object.resource.is(kSettingsGroup, kDefinitionSettings)) {
      // Of several settings for one definition another one may count now.
      definitions_->each_settings(definition_of_settings(object), [&](const Object& s) { keys.push_back(s.name); });
      if (!change.deleted) keys.push_back(object.name);
      return;
    }
    auto key = definition_of(object);
    if (!key) key = definitions_->owner_of_kind(object.resource.plural + "." + object.resource.group);
    if (!key) return;
    const Object* settings = definitions_->settings_of(*key);
    if (settings != nullptr) keys.push_back(settings->name);
    (void)view;
  }

  void initial_keys(const View& view, std::vector<std::string>& keys) const override {
    definitions_->load(view);
    const auto resource = view.find_resource(kSettingsGroup, kDefinitionSettings);
    if (!resource) return;
    view.list(*resource, "", [&](const Object& settings) {
      keys.push_back(settings.name);
      return true;
    });
  }

  Plan step(const View& view, const std::string& key, const client::StepContext& context) const override {
    const auto resource = view.find_resource(kSettingsGroup, kDefinitionSettings);
    const auto settings = resource ? view.get(*resource, "", key) : std::nullopt;
    if (!settings || settings->deleting()) return {};
    return RolloutStep(view, *definitions_, *settings, context).run();
  }

 private:
  std::shared_ptr<Definitions> definitions_;
};

}  // namespace

std::unique_ptr<client::Controller> make_rollout_controller(std::shared_ptr<Definitions> definitions) {
  return std::make_unique<RolloutController>(std::move(definitions));
}

}  // namespace plinth::compose
