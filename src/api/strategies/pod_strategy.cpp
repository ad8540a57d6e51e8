// Pods: what is set when they are made, and the few things of a spec that can change afterwards.
#include <algorithm>

#include <fmt/core.h>

#include "api/strategies/draft_tools.h"
#include "api/strategies/pod_defaults.h"
#include "api/strategies/pod_rules.h"
#include "api/strategies/pod_subresources.h"
#include "api/strategies/qos_class.h"
#include "api/strategies/strategy_tables.h"

namespace plinth::api {
namespace {

void default_pod(Draft& draft) {
  change_member(draft, draft.root(), "spec", [&](Value& spec) {
    default_pod_spec(draft, spec);
    default_only_pod_spec(draft, spec);
  });
  // status.podIP is the first of status.podIPs.
  change_member(draft, draft.root(), "status", [&](Value& status) {
    const Value ip = status["podIP"];
    const Value ips = status["podIPs"];
    if (ip.as_string().empty() && ips.size() > 0) {
      draft.set(status, "podIP", ips.items()[0]["ip"]);
    } else if (!ip.as_string().empty() && (ips.size() == 0 || !equal(ips.items()[0]["ip"], ip))) {
      Value first = draft.object();
      draft.set(first, "ip", ip);
      Value list = draft.array();
      draft.push(list, first);
      draft.set(status, "podIPs", list);
    }
  });
}

// The scheduler leaves the pod alone while it has gates; the condition says so.
void add_gated_condition(Draft& draft, Value& status) {
  Value condition = draft.object();
  draft.set(condition, "type", "PodScheduled");
  draft.set(condition, "status", "False");
  const Value now = draft.root()["metadata"]["creationTimestamp"];
  if (!now.is_null()) draft.set(condition, "lastTransitionTime", now);
  draft.set(condition, "reason", "SchedulingGated");
  draft.set(condition, "message", "Scheduling is blocked due to non-empty scheduling gates");
  Value conditions = draft.array();
  draft.push(conditions, condition);
  draft.set(status, "conditions", conditions);
}

// Adds the values that this pod's labels have to the selector of a constraint or affinity term, so that only pods of the same
// revision (or of others) are counted.
void add_label_keys(Draft& draft, Value& term, std::string_view keys, std::string_view op, const Value& labels) {
  if (!term["labelSelector"].is_object()) return;
  const Value list = term[keys];
  for (const Value& key : list.items()) {
    const Value* value = labels.find(key.as_string());
    if (value == nullptr) continue;
    Value values = draft.array();
    draft.push(values, *value);
    Value expression = draft.object();
    draft.set(expression, "key", key);
    draft.set(expression, "operator", Value::ref(op));
    draft.set(expression, "values", values);
    Value& expressions = draft.member(*draft.mutable_find(term, "labelSelector"), "matchExpressions");
    if (!expressions.is_array()) expressions = draft.array();
    draft.push(expressions, expression);
  }
}

void add_term_keys(Draft& draft, Value& term, const Value& labels) {
  add_label_keys(draft, term, "matchLabelKeys", "In", labels);
  add_label_keys(draft, term, "mismatchLabelKeys", "NotIn", labels);
}

void merge_label_keys(Draft& draft) {
  const Value labels = draft.root()["metadata"]["labels"];
  if (labels.size() == 0) return;
  change_member(draft, draft.root(), "spec", [&](Value& spec) {
    change_items(draft, spec, "topologySpreadConstraints",
                 [&](Value& constraint) { add_term_keys(draft, constraint, labels); });
    change_member(draft, spec, "affinity", [&](Value& affinity) {
      for (const std::string_view kind : {"podAffinity", "podAntiAffinity"}) {
        change_member(draft, affinity, kind, [&](Value& terms) {
          change_items(draft, terms, "requiredDuringSchedulingIgnoredDuringExecution",
                       [&](Value& term) { add_term_keys(draft, term, labels); });
          change_items(draft, terms, "preferredDuringSchedulingIgnoredDuringExecution", [&](Value& weighted) {
            change_member(draft, weighted, "podAffinityTerm", [&](Value& term) { add_term_keys(draft, term, labels); });
          });
        });
      }
    });
  });
}

void prepare_pod(Draft& draft) {
  merge_label_keys(draft);
  Value status = draft.object();
  draft.set(status, "phase", "Pending");
  draft.set(status, "qosClass", qos_class(draft.root()["spec"]));
  if (draft.root()["spec"]["schedulingGates"].size() > 0) add_gated_condition(draft, status);
  draft.set(draft.root(), "status", status);
}

void prepare_pod_update(Draft& draft, const Value& old) { restore_member(draft, draft.root(), old, "status"); }

// The spec, metadata and the deletion of a pod are not changed through /status.
void prepare_pod_status_update(Draft& draft, const Value& old) {
  restore_member(draft, draft.root(), old, "spec");
  const Value qos = old["status"]["qosClass"];
  Value& status = object_member(draft, draft.root(), "status");
  if (!qos.is_null()) set_default(draft, status, "qosClass", draft.clone(qos));
}

void validate_tokens(const FieldRef& spec) {
  if (!spec["serviceAccountName"].empty()) return;
  spec["volumes"].each_item([](const FieldRef& volume, std::size_t) {
    volume["projected"]["sources"].each_item([](const FieldRef& source, std::size_t) {
      const FieldRef token = source["serviceAccountToken"];
      if (token.present()) token.forbidden("must not be specified when serviceAccountName is not set");
    });
  });
}

void validate_deletion_cost(const FieldRef& annotations) {
  const FieldRef cost = annotations.key("controller.kubernetes.io/pod-deletion-cost");
  if (!cost.present()) return;
  std::string_view digits = cost.text();
  if (digits.starts_with('-')) digits.remove_prefix(1);
  const bool number = !digits.empty() && digits.size() <= 10 &&
                      std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; }) &&
                      (digits.size() == 1 || digits[0] != '0') && std::stoll(std::string(digits)) <= 2147483648LL;
  if (!number) cost.invalid("must be a 32bit integer");
}

void validate_pod(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef spec = root["spec"];
  validate_pod_spec(spec, {.is_pod = true, .pod_name = root["metadata.name"].text()});
  validate_tokens(spec);
  validate_deletion_cost(root["metadata.annotations"]);
  spec["terminationGracePeriodSeconds"].at_least_zero();
}

void validate_new_pod(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef spec = root["spec"];
  if (!spec["ephemeralContainers"].empty()) spec["ephemeralContainers"].forbidden("cannot be set on create");
  if (!spec["nodeName"].empty() && !spec["schedulingGates"].empty()) {
    spec["nodeName"].forbidden("cannot be set until all schedulingGates have been cleared");
  }
}

bool same_count(const FieldRef& containers, const Value& old) {
  if (containers.size() == old.size()) return true;
  containers.forbidden("pod updates may not add or remove containers");
  return false;
}

bool only_images_changed(const Value& now, const Value& old) {
  constexpr std::string_view kImage[] = {"image"};
  return std::equal(now.items().begin(), now.items().end(), old.items().begin(), old.items().end(),
                    [&](const Value& a, const Value& b) { return changed_members(a, b, kImage).empty(); });
}

void validate_deadline_change(const FieldRef& deadline, const Value& old) {
  if (!deadline.present()) {
    if (!old.is_null())
      deadline.errors().push_back(
          field_invalid(deadline.path(), Value(), "must not update from a positive integer to nil value"));
    return;
  }
  if (!old.is_null() && old.as_int() < deadline.number()) deadline.invalid("must be less than or equal to previous value");
}

void validate_added_tolerations(const FieldRef& tolerations, const Value& old) {
  constexpr std::string_view kSeconds[] = {"tolerationSeconds"};
  for (const Value& before : old.items()) {
    const auto now = tolerations.value().items();
    const bool kept =
        std::any_of(now.begin(), now.end(), [&](const Value& t) { return changed_members(t, before, kSeconds).empty(); });
    if (!kept) return tolerations.forbidden("existing toleration can not be modified except its tolerationSeconds");
  }
}

void validate_removed_gates(const FieldRef& gates, const Value& old) {
  gates.each_item([&](const FieldRef& gate, std::size_t) {
    const std::string_view name = gate["name"].text();
    for (const Value& before : old.items()) {
      if (before["name"].as_string() == name) return;
    }
    gate["name"].forbidden(fmt::format("only deletion is allowed, but found new scheduling gate '{}'", name));
  });
}

// While a pod is gated its node selector and node affinity may get narrower.
void validate_narrowed(const FieldRef& spec, const Value& old) {
  const FieldRef selector = spec["nodeSelector"];
  const Value old_selector = old["nodeSelector"];
  for (const Member& label : old_selector.members()) {
    if (!equal(selector.value()[label.key()], label.value)) {
      return selector.invalid("only additions to spec.nodeSelector are allowed (no mutations or deletions)");
    }
  }
}

constexpr std::string_view kChangeable[] = {"containers",  "initContainers",  "ephemeralContainers", "activeDeadlineSeconds",
                                            "tolerations", "schedulingGates", "nodeSelector",        "affinity"};
constexpr std::string_view kRefusal =
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

void validate_nothing_else_changed(const FieldRef& spec, const Value& old) {
  const Value& now = spec.value();
  const bool gated = old["schedulingGates"].size() > 0;
  std::vector<std::string_view> changed = changed_members(now, old, kChangeable);
  for (const std::string_view list : {"containers", "initContainers"}) {
    if (!only_images_changed(now[list], old[list])) changed.push_back(list);
  }
  for (const std::string_view member : {"nodeSelector", "affinity"}) {
    if (!gated && !same(now[member], old[member])) changed.push_back(member);
  }
  if (!same(now["ephemeralContainers"], old["ephemeralContainers"])) changed.push_back("ephemeralContainers");
  if (changed.empty()) return;
  std::string message(kRefusal);
  message += "\nchanged:";
  for (const std::string_view member : changed) message.append(" spec.").append(member);
  spec.forbidden(std::move(message));
}

void validate_pod_update(const Value& object, const Value& old, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef spec = root["spec"];
  const Value before = old["spec"];
  if (!same_count(spec["containers"], before["containers"])) return;
  if (!same_count(spec["initContainers"], before["initContainers"])) return;
  validate_deadline_change(spec["activeDeadlineSeconds"], before["activeDeadlineSeconds"]);
  validate_added_tolerations(spec["tolerations"], before["tolerations"]);
  validate_removed_gates(spec["schedulingGates"], before["schedulingGates"]);
  if (before["schedulingGates"].size() > 0) validate_narrowed(spec, before);
  validate_nothing_else_changed(spec, before);
}

// Containers that have ended stay so when the restart policy says it.
void validate_states(const FieldRef& statuses, const Value& old, std::string_view restart_policy) {
  if (restart_policy == "Always") return;
  for (const Value& before : old.items()) {
    if (!before["state"]["terminated"].is_object()) continue;
    if (before["state"]["terminated"]["exitCode"].as_int() != 0 && restart_policy == "OnFailure") continue;
    statuses.each_item([&](const FieldRef& now, std::size_t) {
      if (!equal(now["name"].value(), before["name"]) || now["state.terminated"].present()) return;
      now["state"].forbidden("may not be transitioned to non-terminated state");
    });
  }
}

void validate_pod_status_update(const Value& object, const Value& old, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef status = root["status"];
  const Value before = old["status"];
  const FieldRef nominated = status["nominatedNodeName"];
  nominated.check(check_dns1123_subdomain);
  if (!before["qosClass"].is_null()) status["qosClass"].immutable(before["qosClass"]);
  validate_states(status["containerStatuses"], before["containerStatuses"], old["spec"]["restartPolicy"].as_string());
  std::set<std::string_view> ips;
  status["podIPs"].each_item([&](const FieldRef& ip, std::size_t) {
    if (!ips.insert(ip["ip"].text()).second) ip.errors().push_back(field_duplicate(ip.path(), ip["ip"].value()));
  });
}

void pod_warnings(const Value& object, const Value& /*old*/, Warnings& warnings) {
  const Value spec = object["spec"];
  const Value grace = spec["terminationGracePeriodSeconds"];
  if (grace.is_int() && grace.as_int() < 0) {
    warnings.push_back(
        "spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1");
  }
  for (const std::string_view list : {"initContainers", "containers"}) {
    const Value containers = spec[list];
    for (std::size_t i = 0; i < containers.size(); ++i) {
      std::set<std::string_view> seen;
      const Value env = containers.items()[i]["env"];
      for (std::size_t e = 0; e < env.size(); ++e) {
        const std::string_view name = env.items()[e]["name"].as_string();
        if (!seen.insert(name).second) {
          warnings.push_back(
              fmt::format("spec.{}[{}].env[{}]: hides previous definition of \"{}\", which may be dropped when using apply",
                          list, i, e, name));
        }
      }
    }
  }
}

void default_template(Draft& draft) { default_pod_template(draft, draft.root()); }

void validate_template(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  validate_pod_template(root["template"]);
}

// A Binding posted to pods/binding or bindings.
void validate_binding(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef kind = root["target.kind"];
  const FieldRef name = root["target.name"];
  if (!kind.empty() && !kind.is("Node")) kind.not_supported({"Node", "<empty>"});
  if (name.require() && (kind.empty() || kind.is("Node"))) name.check(check_dns1123_subdomain);
}

// What no node runs (any more) needs no time to end.
std::int64_t pod_grace(const Value& object, std::optional<std::int64_t> asked) {
  const std::string_view phase = object["status"]["phase"].as_string();
  if (object["spec"]["nodeName"].as_string().empty() || phase == "Failed" || phase == "Succeeded") return 0;
  const std::int64_t grace = asked.value_or(object["spec"]["terminationGracePeriodSeconds"].as_int());
  return grace < 0 ? 1 : grace;
}

constexpr Strategy kStrategies[] = {
    {.group = "", .kind = "Binding", .validate = validate_binding},
    {.group = "",
     .kind = "Pod",
     .status_resets = StatusResets::kOwners,
     .default_ = default_pod,
     .prepare_for_create = prepare_pod,
     .prepare_for_update = prepare_pod_update,
     .prepare_for_status_update = prepare_pod_status_update,
     .validate = validate_pod,
     .validate_create = validate_new_pod,
     .validate_update = validate_pod_update,
     .validate_status_update = validate_pod_status_update,
     .validate_subresource = validate_pod_subresource,
     .warnings = pod_warnings,
     .deletion_grace = pod_grace},
    {.group = "", .kind = "PodTemplate", .default_ = default_template, .validate = validate_template},
};

}  // namespace

std::span<const Strategy> pod_strategies() { return kStrategies; }

}  // namespace plinth::api
