// Jobs and cron jobs.
#include <algorithm>
#include <set>

#include <fmt/core.h>

#include "api/label_selector.h"
#include "api/strategies/cron_check.h"
#include "api/strategies/draft_tools.h"
#include "api/strategies/pod_defaults.h"
#include "api/strategies/pod_rules.h"
#include "api/strategies/strategy_tables.h"
#include "api/strategies/time_zones.h"
#include "base/text.h"

namespace plinth::api {
namespace {

constexpr std::int64_t kBackoffLimit = 6;
constexpr std::int64_t kBackoffUnlimited = 2147483647;
constexpr std::int64_t kIndexedParallelismMax = 100000;
constexpr std::size_t kFailureRulesMax = 20;
constexpr std::size_t kConditionPatternsMax = 20;
constexpr std::size_t kExitCodesMax = 255;
constexpr std::size_t kSuccessRulesMax = 20;
constexpr std::size_t kManagedByMax = 63;
constexpr std::size_t kCronNameMax = 52;  // jobs append 11 characters

constexpr std::string_view kUidLabels[] = {"controller-uid", "batch.kubernetes.io/controller-uid"};
constexpr std::string_view kNameLabels[] = {"job-name", "batch.kubernetes.io/job-name"};

void default_job_spec(Draft& draft, Value& spec) {
  if (spec["completions"].is_null() && spec["parallelism"].is_null()) draft.set(spec, "completions", Value::of(1));
  set_default(draft, spec, "parallelism", Value::of(1));
  const bool per_index = !spec["backoffLimitPerIndex"].is_null();
  set_default(draft, spec, "backoffLimit", Value::of(per_index ? kBackoffUnlimited : kBackoffLimit));
  set_default(draft, spec, "completionMode", Value::ref("NonIndexed"));
  set_default(draft, spec, "suspend", Value::of(false));
  set_default(draft, spec, "manualSelector", Value::of(false));
  const bool has_policy = !spec["podFailurePolicy"].is_null();
  set_default(draft, spec, "podReplacementPolicy", Value::ref(has_policy ? "Failed" : "TerminatingOrFailed"));
  default_pod_template(draft, spec);
}

void default_job(Draft& draft) {
  change_member(draft, draft.root(), "spec", [&](Value& spec) { default_job_spec(draft, spec); });
  const Value labels = draft.root()["spec"]["template"]["metadata"]["labels"];
  if (labels.size() == 0) return;
  Value& metadata = object_member(draft, draft.root(), "metadata");
  if (metadata["labels"].size() == 0) draft.set(metadata, "labels", labels);
}

void default_cron_job(Draft& draft) {
  // The jobs of a cron job get their own defaults when they are made.
  change_member(draft, draft.root(), "spec", [&](Value& spec) {
    change_member(draft, spec, "jobTemplate", [&](Value& job) {
      change_member(draft, job, "spec", [&](Value& job_spec) { default_pod_template(draft, job_spec); });
    });
  });
}

// A selector of its own for each job, made of its uid.
void prepare_job(Draft& draft) {
  Value& spec = object_member(draft, draft.root(), "spec");
  if (spec["manualSelector"].as_bool()) return;
  const Value metadata = draft.root()["metadata"];
  Value& pod_metadata = object_member(draft, object_member(draft, spec, "template"), "metadata");
  Value& labels = object_member(draft, pod_metadata, "labels");
  for (const std::string_view label : kNameLabels) set_default(draft, labels, label, metadata["name"]);
  for (const std::string_view label : kUidLabels) set_default(draft, labels, label, metadata["uid"]);
  Value& selector = object_member(draft, spec, "selector");
  set_default(draft, object_member(draft, selector, "matchLabels"), kUidLabels[1], metadata["uid"]);
}

void validate_generated_selector(const FieldRef& root) {
  if (root["spec.manualSelector"].flag()) return;
  const FieldRef labels = root["spec.template.metadata.labels"];
  const FieldRef selector = root["spec.selector"];
  Labels expected;
  const auto expect = [&](std::span<const std::string_view> names, const Value& value) {
    for (const std::string_view name : names) {
      expected.emplace_back(name, value.as_string());
      if (!equal(labels.value()[name], value)) labels.key(name).invalid(fmt::format("must be '{}'", value.as_string()));
    }
  };
  expect(kUidLabels, root["metadata.uid"].value());
  expect(kNameLabels, root["metadata.name"].value());
  std::sort(expected.begin(), expected.end());
  const auto parsed = LabelSelector::from_object(selector.value());
  if (parsed.ok() && !parsed->matches(expected)) selector.invalid("`selector` not auto-generated");
}

void validate_exit_codes(const FieldRef& codes, const std::set<std::string_view>& containers) {
  const FieldRef name = codes["containerName"];
  const FieldRef values = codes["values"];
  if (!name.empty() && !containers.contains(name.text())) {
    name.invalid("must be one of the container or initContainer names in the pod template");
  }
  if (values.empty()) return values.invalid("at least one value is required");
  if (values.size() > kExitCodesMax) values.too_many(static_cast<std::int64_t>(kExitCodesMax));
  std::set<std::int64_t> seen;
  values.each_item([&](const FieldRef& value, std::size_t i) {
    if (codes["operator"].is("In") && value.number() == 0) value.invalid("must not be 0 for the In operator");
    if (!seen.insert(value.number()).second) return value.duplicate();
    if (i > 0 && values.item(i - 1).number() > value.number()) values.invalid("must be ordered");
  });
}

void validate_failure_policy(const FieldRef& spec) {
  const FieldRef rules = spec["podFailurePolicy.rules"];
  if (!spec["podFailurePolicy"].present()) return;
  if (rules.size() > kFailureRulesMax) rules.too_many(static_cast<std::int64_t>(kFailureRulesMax));
  std::set<std::string_view> containers;
  for (const std::string_view list : {"containers", "initContainers"}) {
    for (const Value& c : spec["template.spec"][list].value().items()) containers.insert(c["name"].as_string());
  }
  rules.each_item([&](const FieldRef& rule, std::size_t) {
    const FieldRef codes = rule["onExitCodes"];
    const FieldRef conditions = rule["onPodConditions"];
    if (rule["action"].is("FailIndex") && !spec["backoffLimitPerIndex"].present()) {
      rule["action"].invalid("requires the backoffLimitPerIndex to be set");
    }
    if (codes.present()) validate_exit_codes(codes, containers);
    if (conditions.size() > kConditionPatternsMax) conditions.too_many(static_cast<std::int64_t>(kConditionPatternsMax));
    conditions.each_item([](const FieldRef& pattern, std::size_t) { pattern["type"].check(check_label_key); });
    if (codes.present() && !conditions.empty()) {
      rule.invalid("", "specifying both OnExitCodes and OnPodConditions is not supported");
    }
    if (!codes.present() && conditions.empty()) {
      rule.invalid("", "specifying one of OnExitCodes and OnPodConditions is required");
    }
  });
}

void validate_indexed(const FieldRef& spec) {
  const FieldRef completions = spec["completions"];
  const FieldRef parallelism = spec["parallelism"];
  const FieldRef failed = spec["maxFailedIndexes"];
  if (spec["completionMode"].is("Indexed")) {
    if (!completions.present()) completions.required("when completion mode is Indexed");
    if (parallelism.number() > kIndexedParallelismMax) {
      parallelism.invalid(
          fmt::format("must be less than or equal to {} when completion mode is Indexed", kIndexedParallelismMax));
    }
    if (failed.present() && completions.present() && failed.number() > completions.number()) {
      failed.invalid("must be less than or equal to completions");
    }
    return;
  }
  for (const std::string_view member : {"backoffLimitPerIndex", "maxFailedIndexes", "successPolicy"}) {
    if (spec[member].present()) spec[member].invalid("requires indexed completion mode");
  }
}

void validate_success_policy(const FieldRef& policy) {
  if (!policy.present()) return;
  const FieldRef rules = policy["rules"];
  if (rules.empty()) return rules.required("at least one rules must be specified when the successPolicy is specified");
  if (rules.size() > kSuccessRulesMax) rules.too_many(static_cast<std::int64_t>(kSuccessRulesMax));
  rules.each_item([](const FieldRef& rule, std::size_t) {
    if (!rule["succeededCount"].present() && !rule["succeededIndexes"].present()) {
      rule.required("at least one of succeededCount or succeededIndexes must be specified");
    }
  });
}

// Everything but the selector, which cron jobs leave out.
void validate_job_spec(const FieldRef& spec) {
  for (const std::string_view count : {"parallelism", "completions", "activeDeadlineSeconds", "backoffLimit",
                                       "ttlSecondsAfterFinished", "backoffLimitPerIndex", "maxFailedIndexes"}) {
    spec[count].at_least_zero();
  }
  if (spec["maxFailedIndexes"].present() && !spec["backoffLimitPerIndex"].present()) {
    spec["backoffLimitPerIndex"].required("when maxFailedIndexes is specified");
  }
  const FieldRef manager = spec["managedBy"];
  if (manager.text().size() > kManagedByMax) manager.too_long(static_cast<std::int64_t>(kManagedByMax));
  manager.check(check_label_key);
  validate_indexed(spec);
  validate_failure_policy(spec);
  validate_success_policy(spec["successPolicy"]);
  if (spec["podFailurePolicy"].present() && spec["podReplacementPolicy"].is("TerminatingOrFailed")) {
    spec["podReplacementPolicy"].not_supported({"Failed"});
  }
  validate_pod_template(spec["template"]);
  const FieldRef restart = spec["template.spec.restartPolicy"];
  if (restart.empty() || restart.is("Always")) {
    restart.errors().push_back(field_required(restart.path(), "valid values: \"OnFailure\", \"Never\""));
  } else if (spec["podFailurePolicy"].present() && !restart.is("Never")) {
    restart.invalid("only \"Never\" is supported when podFailurePolicy is specified");
  }
}

void validate_job(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef spec = root["spec"];
  const FieldRef selector = spec["selector"];
  if (selector.require()) {
    selector.label_selector();
    const auto parsed = LabelSelector::from_object(selector.value());
    const FieldRef labels = spec["template.metadata.labels"];
    if (parsed.ok() && !parsed->matches(labels.value())) labels.invalid("`selector` does not match template `labels`");
  }
  validate_job_spec(spec);
}

void validate_new_job(const Value& object, FieldErrors& errors) { validate_generated_selector(FieldRef(object, errors)); }

// While a job is suspended and has not started, its pods may still be placed elsewhere.
bool may_move_pods(const Value& old) {
  return old["spec"]["suspend"].as_bool() && old["status"]["startTime"].is_null() && old["status"]["active"].as_int() == 0;
}

bool same_template(const Value& now, const Value& old, bool placement_free) {
  constexpr std::string_view kParts[] = {"metadata", "spec"};
  constexpr std::string_view kPlacement[] = {"nodeSelector", "affinity", "tolerations", "schedulingGates"};
  if (!placement_free) return changed_members(now, old).empty();
  return changed_members(now, old, kParts).empty() && changed_members(now["spec"], old["spec"], kPlacement).empty();
}

void validate_completions_change(const FieldRef& spec, const Value& before) {
  const FieldRef completions = spec["completions"];
  if (same(completions.value(), before["completions"])) return;
  if (!spec["completionMode"].is("Indexed")) return completions.invalid("field is immutable");
  const bool in_tandem = completions.present() && equal(completions.value(), spec["parallelism"].value()) &&
                         equal(before["completions"], before["parallelism"]);
  if (!in_tandem) completions.invalid("can only be modified in tandem with spec.parallelism");
}

void validate_job_update(const Value& object, const Value& old, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef spec = root["spec"];
  const Value before = old["spec"];
  validate_completions_change(spec, before);
  for (const std::string_view member :
       {"selector", "completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"}) {
    spec[member].immutable(before[member]);
  }
  const FieldRef pod_template = spec["template"];
  if (!same_template(pod_template.value(), before["template"], may_move_pods(old))) pod_template.invalid("field is immutable");
}

void validate_job_status(const Value& object, const Value& old, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef status = root["status"];
  for (const std::string_view count : {"active", "succeeded", "failed", "ready", "terminating"}) status[count].at_least_zero();
  const Value before = old["status"]["conditions"];
  for (const Value& condition : before.items()) {
    const std::string_view type = condition["type"].as_string();
    if (condition["status"].as_string() != "True" || (type != "Complete" && type != "Failed")) continue;
    const auto now = status["conditions"].value().items();
    const bool kept = std::any_of(now.begin(), now.end(), [&](const Value& c) {
      return c["type"].as_string() == type && c["status"].as_string() == "True";
    });
    if (!kept) status["conditions"].invalid("", fmt::format("cannot disable the terminal {}=True condition", type));
  }
}

void validate_schedule(const FieldRef& spec) {
  const FieldRef schedule = spec["schedule"];
  if (!schedule.require()) return;
  if (auto problem = cron_problem(schedule.text())) schedule.invalid(std::move(*problem));
  if (schedule.text().find("TZ") == std::string_view::npos) return;
  schedule.invalid("cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
}

void validate_time_zone(const FieldRef& zone) {
  if (!zone.present()) return;
  const std::string_view text = zone.text();
  if (text.empty()) return zone.invalid("timeZone must be nil or non-empty string");
  if (to_lower(text) == "local") {
    zone.invalid("timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones");
  }
  if (text != "Local" && !is_time_zone(text)) zone.invalid(fmt::format("unknown time zone {}", text));
}

void validate_cron_job(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef spec = root["spec"];
  const FieldRef job = spec["jobTemplate.spec"];
  validate_schedule(spec);
  for (const std::string_view count : {"startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"}) {
    spec[count].at_least_zero();
  }
  validate_job_spec(job);
  if (job["manualSelector"].flag()) job["manualSelector"].not_supported({"nil", "false"});
  if (job["selector"].present()) job["selector"].invalid("`selector` will be auto-generated");
}

void validate_new_cron_job(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef name = root["metadata.name"];
  if (name.text().size() > kCronNameMax) name.invalid(fmt::format("must be no more than {} characters", kCronNameMax));
  validate_time_zone(root["spec.timeZone"]);
}

void validate_cron_job_update(const Value& object, const Value& old, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef zone = root["spec.timeZone"];
  if (!same(zone.value(), old["spec"]["timeZone"])) validate_time_zone(zone);
}

constexpr Strategy kStrategies[] = {
    {.group = "batch",
     .kind = "Job",
     .default_ = default_job,
     .prepare_for_create = prepare_job,
     .validate = validate_job,
     .validate_create = validate_new_job,
     .validate_update = validate_job_update,
     .validate_status_update = validate_job_status,
     .orphans_by_default = true},
    {.group = "batch",
     .kind = "CronJob",
     .default_ = default_cron_job,
     .validate = validate_cron_job,
     .validate_create = validate_new_cron_job,
     .validate_update = validate_cron_job_update},
};

}  // namespace

std::span<const Strategy> job_strategies() { return kStrategies; }

}  // namespace plinth::api
