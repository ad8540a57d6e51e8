// Deployments, replica sets, stateful sets, daemon sets, replication controllers, controller revisions.
#include <algorithm>

#include <fmt/core.h>

#include "api/strategies/claim_rules.h"
#include "api/strategies/draft_tools.h"
#include "api/strategies/object_meta.h"
#include "api/strategies/pod_defaults.h"
#include "api/strategies/pod_rules.h"
#include "api/strategies/strategy_tables.h"
#include "api/strategies/workload_rules.h"
#include "base/quoted.h"

namespace plinth::api {
namespace {

constexpr std::string_view kTemplateGeneration = "deprecated.daemonset.template.generation";

void default_template_of(Draft& draft) {
  change_member(draft, draft.root(), "spec", [&](Value& spec) { default_pod_template(draft, spec); });
}

// Gives a rolling strategy its numbers; other types have none.
template <typename F>
void default_rolling(Draft& draft, std::string_view member, F fill) {
  change_member(draft, draft.root(), "spec", [&](Value& spec) {
    Value& strategy = object_member(draft, spec, member);
    set_default(draft, strategy, "type", Value::ref("RollingUpdate"));
    if (strategy["type"].as_string() == "RollingUpdate") fill(object_member(draft, strategy, "rollingUpdate"));
  });
}

void default_deployment(Draft& draft) {
  default_template_of(draft);
  default_rolling(draft, "strategy", [&](Value& rolling) {
    set_default(draft, rolling, "maxUnavailable", Value::ref("25%"));
    set_default(draft, rolling, "maxSurge", Value::ref("25%"));
  });
}

void default_stateful_set(Draft& draft) {
  default_template_of(draft);
  change_member(draft, draft.root(), "spec", [&](Value& spec) {
    Value& strategy = object_member(draft, spec, "updateStrategy");
    if (is_unset(strategy, "type")) object_member(draft, strategy, "rollingUpdate");
    set_default(draft, strategy, "type", Value::ref("RollingUpdate"));
    change_member(draft, strategy, "rollingUpdate",
                  [&](Value& rolling) { set_default(draft, rolling, "partition", Value::of(0)); });
    change_items(draft, spec, "volumeClaimTemplates", [&](Value& claim) {
      set_default(draft, claim, "apiVersion", Value::ref("v1"));
      set_default(draft, claim, "kind", Value::ref("PersistentVolumeClaim"));
    });
  });
}

void default_daemon_set(Draft& draft) {
  default_template_of(draft);
  default_rolling(draft, "updateStrategy", [&](Value& rolling) {
    set_default(draft, rolling, "maxUnavailable", Value::of(1));
    set_default(draft, rolling, "maxSurge", Value::of(0));
  });
}

// Selector and labels follow the template's labels.
void default_replication_controller(Draft& draft) {
  default_template_of(draft);
  const Value labels = draft.root()["spec"]["template"]["metadata"]["labels"];
  if (labels.size() == 0) return;
  Value& spec = object_member(draft, draft.root(), "spec");
  if (spec["selector"].size() == 0) draft.set(spec, "selector", labels);
  Value& metadata = object_member(draft, draft.root(), "metadata");
  if (metadata["labels"].size() == 0) draft.set(metadata, "labels", labels);
}

void set_template_generation(Draft& draft, std::int64_t generation) {
  Value& metadata = object_member(draft, draft.root(), "metadata");
  draft.set(object_member(draft, metadata, "annotations"), kTemplateGeneration, std::to_string(generation));
}

void prepare_daemon_set(Draft& draft) { set_template_generation(draft, 1); }

// Counts changes of the template, whatever the client says.
void prepare_daemon_set_update(Draft& draft, const Value& old) {
  const std::string_view text = old["metadata"]["annotations"][kTemplateGeneration].as_string();
  std::int64_t generation = count_or_percent(Value::ref(text));
  if (!same(draft.root()["spec"]["template"], old["spec"]["template"])) ++generation;
  set_template_generation(draft, generation);
}

// Upstream refuses the whole strategy for its type, and prints it as Go does.
void refuse_strategy(const FieldRef& strategy) {
  static constexpr std::string_view kTypes[] = {"Recreate", "RollingUpdate"};
  FieldError error = field_not_supported(strategy.path(), strategy.value(), kTypes);
  error.value = "apps.DeploymentStrategy{Type:" + quoted(strategy["type"].text()) +
                ", RollingUpdate:(*apps.RollingUpdateDeployment)(nil)}";
  strategy.errors().push_back(std::move(error));
}

void validate_rollout(const FieldRef& strategy) {
  const FieldRef rolling = strategy["rollingUpdate"];
  if (!strategy["type"].is("Recreate") && !strategy["type"].is("RollingUpdate")) return refuse_strategy(strategy);
  if (strategy["type"].is("Recreate") && rolling.present()) {
    rolling.forbidden("may not be specified when strategy `type` is 'Recreate'");
  }
  if (!strategy["type"].is("RollingUpdate")) return;
  if (!rolling.present()) return rolling.required("this should be defaulted and never be nil");
  const FieldRef unavailable = rolling["maxUnavailable"];
  const FieldRef surge = rolling["maxSurge"];
  validate_count_or_percent(unavailable);
  validate_count_or_percent(surge);
  if (count_or_percent(unavailable.value()) == 0 && count_or_percent(surge.value()) == 0) {
    unavailable.invalid("may not be 0 when `maxSurge` is 0");
  }
  validate_at_most_all(unavailable);
}

void validate_deployment(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef spec = root["spec"];
  const FieldRef deadline = spec["progressDeadlineSeconds"];
  validate_selector_and_template(spec, "deployment", {});
  validate_lasting_pods(spec["template.spec"], "ReplicaSet");
  validate_rollout(spec["strategy"]);
  for (const std::string_view count : {"replicas", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"}) {
    spec[count].at_least_zero();
  }
  if (deadline.present() && deadline.number() <= spec["minReadySeconds"].number()) {
    deadline.invalid("must be greater than minReadySeconds");
  }
}

void validate_selector_kept(const Value& object, const Value& old, FieldErrors& errors) {
  const FieldRef root(object, errors);
  root["spec.selector"].immutable(old["spec"]["selector"]);
}

void validate_replica_set(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef spec = root["spec"];
  validate_selector_and_template(spec, "deployment", {});
  validate_lasting_pods(spec["template.spec"], "ReplicaSet");
  for (const std::string_view count : {"replicas", "minReadySeconds"}) spec[count].at_least_zero();
}

void validate_claim_templates(const FieldRef& templates) {
  templates.each_item([](const FieldRef& claim, std::size_t) {
    const FieldRef metadata = claim["metadata"];
    const FieldRef name = metadata["name"];
    name.check_required(check_dns1123_subdomain);
    metadata["labels"].labels();
    validate_claim_spec(claim["spec"]);
  });
}

void validate_stateful_set(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef spec = root["spec"];
  const FieldRef strategy = spec["updateStrategy"];
  PodSpecOptions options;
  options.claim_templates = spec["volumeClaimTemplates"].value();
  validate_selector_and_template(spec, "statefulset", options);
  validate_lasting_pods(spec["template.spec"], "StatefulSet");
  validate_claim_templates(spec["volumeClaimTemplates"]);
  spec["serviceName"].check(check_dns1123_label);
  if (strategy["type"].is("OnDelete") && strategy["rollingUpdate"].present()) {
    strategy["rollingUpdate"].invalid("only allowed for updateStrategy 'RollingUpdate'");
  }
  const FieldRef unavailable = strategy["rollingUpdate.maxUnavailable"];
  if (unavailable.present()) {
    validate_count_or_percent(unavailable);
    if (count_or_percent(unavailable.value()) == 0) unavailable.invalid("cannot be 0");
    validate_at_most_all(unavailable);
  }
  strategy["rollingUpdate.partition"].at_least_zero();
  for (const std::string_view count : {"replicas", "minReadySeconds", "ordinals.start"}) spec[count].at_least_zero();
}

void validate_stateful_set_update(const Value& object, const Value& old, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef spec = root["spec"];
  const Value before = old["spec"];
  for (const std::string_view member : {"selector", "volumeClaimTemplates", "serviceName", "podManagementPolicy"}) {
    spec[member].immutable(before[member]);
  }
}

void validate_daemon_rollout(const FieldRef& strategy) {
  if (!strategy["type"].is("RollingUpdate")) return;
  const FieldRef rolling = strategy["rollingUpdate"];
  if (!rolling.require()) return;
  const FieldRef unavailable = rolling["maxUnavailable"];
  const FieldRef surge = rolling["maxSurge"];
  for (const FieldRef* value : {&unavailable, &surge}) {
    validate_count_or_percent(*value);
    validate_at_most_all(*value);
  }
  const bool can_miss = count_or_percent(unavailable.value()) != 0;
  const bool can_double = count_or_percent(surge.value()) != 0;
  if (can_miss && can_double) surge.invalid("may not be set when maxUnavailable is non-zero");
  if (!can_miss && !can_double) unavailable.required("cannot be 0 when maxSurge is 0");
}

void validate_daemon_set(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef spec = root["spec"];
  validate_selector_and_template(spec, "daemonset", {});
  validate_lasting_pods(spec["template.spec"], "DaemonSet");
  validate_daemon_rollout(spec["updateStrategy"]);
  for (const std::string_view count : {"minReadySeconds", "revisionHistoryLimit"}) spec[count].at_least_zero();
}

void validate_replication_controller(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef spec = root["spec"];
  const FieldRef selector = spec["selector"];
  const FieldRef labels = spec["template.metadata.labels"];
  selector.require();
  selector.labels();
  const bool matched = std::all_of(selector.value().members().begin(), selector.value().members().end(),
                                   [&](const Member& m) { return equal(labels.value()[m.key()], m.value); });
  if (!matched) labels.invalid("`selector` does not match template `labels`");
  validate_pod_template(spec["template"]);
  validate_lasting_pods(spec["template.spec"], "ReplicationController");
  for (const std::string_view count : {"replicas", "minReadySeconds"}) spec[count].at_least_zero();
}

// Counts of a status are never negative and never more than the replicas that exist.
void validate_counts(const Value& object, const Value& /*old*/, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef status = root["status"];
  const std::int64_t replicas = status["replicas"].number();
  for (const std::string_view count :
       {"replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "fullyLabeledReplicas", "currentReplicas"}) {
    const FieldRef at = status[count];
    at.at_least_zero();
    if (at.number() > replicas) at.invalid("cannot be greater than status.replicas");
  }
  if (status["availableReplicas"].number() > status["readyReplicas"].number()) {
    status["availableReplicas"].invalid("cannot be greater than readyReplicas");
  }
}

void validate_revision(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef data = root["data"];
  if (data.require("data is mandatory") && !data.value().is_object()) data.required("data must be a valid JSON object");
  root["revision"].at_least_zero();
}

void validate_revision_update(const Value& object, const Value& old, FieldErrors& errors) {
  const FieldRef root(object, errors);
  root["data"].immutable(old["data"]);
}

constexpr Strategy kStrategies[] = {
    {.group = "apps",
     .kind = "Deployment",
     .status_resets = StatusResets::kLabels,
     .default_ = default_deployment,
     .validate = validate_deployment,
     .validate_update = validate_selector_kept,
     .validate_status_update = validate_counts},
    {.group = "apps",
     .kind = "ReplicaSet",
     .default_ = default_template_of,
     .validate = validate_replica_set,
     .validate_update = validate_selector_kept,
     .validate_status_update = validate_counts},
    {.group = "apps",
     .kind = "StatefulSet",
     .default_ = default_stateful_set,
     .validate = validate_stateful_set,
     .validate_update = validate_stateful_set_update,
     .validate_status_update = validate_counts},
    {.group = "apps",
     .kind = "DaemonSet",
     .default_ = default_daemon_set,
     .prepare_for_create = prepare_daemon_set,
     .prepare_for_update = prepare_daemon_set_update,
     .validate = validate_daemon_set,
     .validate_update = validate_selector_kept},
    {.group = "",
     .kind = "ReplicationController",
     .default_ = default_replication_controller,
     .validate = validate_replication_controller,
     .validate_status_update = validate_counts,
     .orphans_by_default = true},
    {.group = "apps", .kind = "ControllerRevision", .validate = validate_revision, .validate_update = validate_revision_update},
};

}  // namespace

std::span<const Strategy> workload_strategies() { return kStrategies; }

}  // namespace plinth::api
