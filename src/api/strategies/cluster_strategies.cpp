// Namespaces, nodes, quotas and limit ranges.
#include <algorithm>
#include <set>
#include <string>

#include <fmt/core.h>

#include "api/strategies/draft_tools.h"
#include "api/strategies/field_ref.h"
#include "api/strategies/resource_rules.h"
#include "api/strategies/strategy_tables.h"
#include "api/strategies/text_checks.h"

namespace plinth::api {
namespace {

constexpr std::string_view kNameLabel = "kubernetes.io/metadata.name";

// Every namespace can be selected by its name.
void default_namespace(Draft& draft) {
  const Value name = draft.root()["metadata"]["name"];
  if (name.as_string().empty()) return;
  const Value labels = draft.root()["metadata"]["labels"];
  if (equal(labels[kNameLabel], name)) return;
  Value& metadata = object_member(draft, draft.root(), "metadata");
  draft.set(object_member(draft, metadata, "labels"), kNameLabel, name);
}

bool has_finalizer(const Value& finalizers, std::string_view name) {
  return std::any_of(finalizers.items().begin(), finalizers.items().end(),
                     [&](const Value& f) { return f.as_string() == name; });
}

// Content goes before the namespace does; a controller removes this finalizer when it is gone.
void prepare_namespace(Draft& draft) {
  Value& spec = object_member(draft, draft.root(), "spec");
  if (!has_finalizer(spec["finalizers"], "kubernetes")) {
    Value& list = draft.member(spec, "finalizers");
    if (!list.is_array()) list = draft.array();
    draft.push(list, Value::ref("kubernetes"));
  }
  Value status = draft.object();
  draft.set(status, "phase", "Active");
  draft.set(draft.root(), "status", status);
}

// spec.finalizers change through /finalize only.
void prepare_namespace_update(Draft& draft, const Value& old) {
  restore_member(draft, object_member(draft, draft.root(), "spec"), old["spec"], "finalizers");
  restore_member(draft, draft.root(), old, "status");
}

void mark_namespace(Draft& draft, std::int64_t /*now_s*/) {
  draft.set(object_member(draft, draft.root(), "status"), "phase", "Terminating");
}

bool has_spec_finalizers(const Value& object) { return object["spec"]["finalizers"].size() > 0; }

void validate_namespace(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef finalizers = root["spec.finalizers"];
  finalizers.each_item([&](const FieldRef& finalizer, std::size_t) {
    for (std::string& problem : check_label_key(finalizer.text())) finalizers.invalid(finalizer.text(), std::move(problem));
    if (finalizer.text().find('/') == std::string_view::npos && !finalizer.is("kubernetes") && !finalizer.is("orphan") &&
        !finalizer.is("foregroundDeletion")) {
      finalizers.invalid(finalizer.text(), "name is neither a standard finalizer name nor is it fully qualified");
    }
  });
}

void validate_namespace_status(const Value& object, const Value& /*old*/, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const bool deleting = root["metadata.deletionTimestamp"].present();
  const FieldRef phase = root["status.phase"];
  const std::string_view wanted = deleting ? "Terminating" : "Active";
  if (phase.is(wanted)) return;
  errors.push_back(
      field_invalid("status.Phase", phase.text(),
                    fmt::format("may only be '{}' if `deletionTimestamp` is {}empty", wanted, deleting ? "not " : "")));
}

void validate_namespace_finalize(std::string_view /*subresource*/, const Value& object, const Value& /*old*/,
                                 FieldErrors& errors) {
  validate_namespace(object, errors);
}

void default_node(Draft& draft) {
  change_member(draft, draft.root(), "status", [&](Value& status) {
    if (status["allocatable"].is_null() && !status["capacity"].is_null()) draft.set(status, "allocatable", status["capacity"]);
  });
  // spec.podCIDR is the first of spec.podCIDRs.
  change_member(draft, draft.root(), "spec", [&](Value& spec) {
    const Value list = spec["podCIDRs"];
    if (is_unset(spec, "podCIDR") && list.size() > 0) draft.set(spec, "podCIDR", list.items()[0]);
    if (!is_unset(spec, "podCIDR") && list.size() == 0) {
      Value one = draft.array();
      draft.push(one, spec["podCIDR"]);
      draft.set(spec, "podCIDRs", one);
    }
  });
}

void validate_taints(const FieldRef& taints) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  taints.each_item([&](const FieldRef& taint, std::size_t) {
    taint["key"].check_required(check_label_key);
    taint["value"].check(check_label_value);
    if (seen.insert({taint["key"].text(), taint["effect"].text()}).second) return;
    FieldError error = field_duplicate(taint.path(), taint.value());
    error.detail = "taints must be unique by key and effect pair";
    taints.errors().push_back(std::move(error));
  });
}

void validate_node(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  // Upstream names taints as if they were metadata.
  validate_taints(FieldRef(root["spec.taints"].value(), "metadata.taints", errors));
  const FieldRef ranges = root["spec.podCIDRs"];
  ranges.each_item([](const FieldRef& range, std::size_t) { range.check_required(check_cidr_block); });
  if (ranges.size() > 2) ranges.invalid("may specify no more than one CIDR for each IP family");
  for (const std::string_view list : {"status.capacity", "status.allocatable"}) {
    root[list].each_entry([](const FieldRef& entry, std::string_view name) { validate_resource_amount(entry, name); });
  }
}

void validate_node_update(const Value& object, const Value& old, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef provider = root["spec.providerID"];
  const Value before = old["spec"];
  if (before["podCIDRs"].size() > 0 && !same(root["spec.podCIDRs"].value(), before["podCIDRs"])) {
    root["spec.podCIDRs"].forbidden("node updates may not change podCIDR except from \"\" to valid");
  }
  const std::string_view old_provider = before["providerID"].as_string();
  if (!old_provider.empty() && provider.text() != old_provider) {
    provider.invalid(provider.empty() ? "field cannot be cleared once set" : "field cannot be modified once set");
  }
}

constexpr std::string_view kPodOnly[] = {
    "cpu",        "memory",        "ephemeral-storage",        "requests.cpu", "requests.memory", "requests.ephemeral-storage",
    "limits.cpu", "limits.memory", "limits.ephemeral-storage", "pods"};

// Scopes are about pods; best-effort pods can only be counted.
bool scope_fits(std::string_view scope, std::string_view resource) {
  if (scope == "BestEffort") return resource == "pods";
  if (scope == "VolumeAttributesClass") {
    return resource == "persistentvolumeclaims" || resource == "requests.storage";
  }
  return std::find(std::begin(kPodOnly), std::end(kPodOnly), resource) != std::end(kPodOnly);
}

bool is_scope(std::string_view scope) {
  for (const std::string_view known : {"Terminating", "NotTerminating", "BestEffort", "NotBestEffort", "PriorityClass",
                                       "CrossNamespacePodAffinity", "VolumeAttributesClass"}) {
    if (scope == known) return true;
  }
  return false;
}

void validate_scope(const FieldRef& at, std::string_view scope, const Value& hard) {
  if (!is_scope(scope)) return at.invalid("unsupported scope");
  for (const Member& limit : hard.members()) {
    if (is_standard_quota_resource(limit.key()) && !scope_fits(scope, limit.key())) {
      return at.invalid("unsupported scope applied to resource");
    }
  }
}

void validate_conflicts(const FieldRef& at, const std::set<std::string_view>& scopes) {
  const bool effort = scopes.contains("BestEffort") && scopes.contains("NotBestEffort");
  const bool ending = scopes.contains("Terminating") && scopes.contains("NotTerminating");
  if (effort || ending) at.invalid("conflicting scopes");
}

void validate_scope_expression(const FieldRef& expression) {
  const FieldRef op = expression["operator"];
  const FieldRef values = expression["values"];
  const bool valued = op.is("In") || op.is("NotIn");
  if (!expression["scopeName"].is("PriorityClass") && !expression["scopeName"].is("VolumeAttributesClass") &&
      !op.is("Exists")) {
    op.invalid(
        "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, "
        "ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity");
  }
  if (valued && values.empty()) {
    values.required("must be at least one value when `operator` is 'In' or 'NotIn' for scope selector");
  }
  if (!valued && !values.empty()) {
    values.invalid("must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector");
  }
}

void validate_quota(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef spec = root["spec"];
  const FieldRef hard = spec["hard"];
  hard.each_entry([](const FieldRef& entry, std::string_view name) {
    validate_quota_resource_name(entry, name);
    validate_resource_amount(entry, name);
  });
  const FieldRef scopes = spec["scopes"];
  std::set<std::string_view> names;
  scopes.each_item([&](const FieldRef& scope, std::size_t) {
    validate_scope(scopes, scope.text(), hard.value());
    names.insert(scope.text());
  });
  validate_conflicts(scopes, names);
  names.clear();
  const FieldRef expressions = spec["scopeSelector.matchExpressions"];
  expressions.each_item([&](const FieldRef& expression, std::size_t) {
    validate_scope(expression["scopeName"], expression["scopeName"].text(), hard.value());
    validate_scope_expression(expression);
    names.insert(expression["scopeName"].text());
  });
  validate_conflicts(expressions, names);
}

void validate_quota_update(const Value& object, const Value& old, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef scopes = root["spec.scopes"];
  std::set<std::string_view> now, before;
  for (const Value& scope : scopes.value().items()) now.insert(scope.as_string());
  const Value old_scopes = old["spec"]["scopes"];
  for (const Value& scope : old_scopes.items()) before.insert(scope.as_string());
  if (now != before) scopes.invalid("field is immutable");
}

// A container's default limit is the maximum, its default request the default limit, else the minimum.
void default_limit(Draft& draft, Value& limit) {
  if (limit["type"].as_string() != "Container") return;
  const auto fill = [&](std::string_view target, std::string_view source) {
    const Value from = limit[source];
    for (const Member& m : from.members()) {
      Value& to = object_member(draft, limit, target);
      if (to.find(m.key()) == nullptr) draft.set(to, m.key(), m.value);
    }
  };
  fill("default", "max");
  fill("defaultRequest", "default");
  fill("defaultRequest", "min");
}

void default_limit_range(Draft& draft) {
  change_member(draft, draft.root(), "spec",
                [&](Value& spec) { change_items(draft, spec, "limits", [&](Value& limit) { default_limit(draft, limit); }); });
}

void validate_order(const FieldRef& at, const Value& low, const Value& high, std::string_view low_name,
                    std::string_view high_name) {
  if (low.is_null() || high.is_null() || compare_quantities(low, high) <= 0) return;
  at.invalid(fmt::format("{} value {} is greater than {} value {}", low_name, low.as_string(), high_name, high.as_string()));
}

void validate_limit_entry(const FieldRef& limit, std::string_view resource) {
  const FieldRef low = limit["min"], high = limit["max"], fallback = limit["default"], request = limit["defaultRequest"];
  const Value min = low.value()[resource], max = high.value()[resource];
  const Value def = fallback.value()[resource], req = request.value()[resource];
  validate_order(low.key(resource), min, max, "min", "max");
  validate_order(request.key(resource), min, req, "min", "default request");
  validate_order(request.key(resource), req, max, "default request", "max");
  validate_order(request.key(resource), req, def, "default request", "default limit");
  validate_order(fallback.key(resource), min, def, "min", "default");
  validate_order(fallback.key(resource), def, max, "default", "max");
  const FieldRef ratios = limit["maxLimitRequestRatio"];
  const FieldRef ratio = ratios.key(resource);
  if (ratio.present() && compare_quantities(ratio.value(), Value::of(1)) < 0) {
    ratio.invalid(fmt::format("ratio {} is less than 1", ratio.text()));
  }
}

constexpr std::string_view kLimitMaps[] = {"max", "min", "default", "defaultRequest", "maxLimitRequestRatio"};

void validate_limit(const FieldRef& limit) {
  std::set<std::string_view> resources;
  const bool of_pod = limit["type"].is("Pod");
  for (const std::string_view map : kLimitMaps) {
    const FieldRef amounts = limit[map];
    if (of_pod && map.starts_with("default") && !amounts.empty()) {
      amounts.forbidden("may not be specified when `type` is 'Pod'");
      continue;
    }
    amounts.each_entry([&](const FieldRef& entry, std::string_view name) {
      if (limit["type"].is("Pod") || limit["type"].is("Container")) {
        validate_container_resource_name(entry, name);
      } else {
        validate_resource_name(entry, name);
      }
      resources.insert(name);
    });
  }
  for (const std::string_view resource : resources) validate_limit_entry(limit, resource);
  if (limit["type"].is("PersistentVolumeClaim") && !limit["min"]["storage"].present() && !limit["max"]["storage"].present()) {
    limit["limits"].required("either minimum or maximum storage value is required, but neither was provided");
  }
}

void validate_limit_range(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  std::set<std::string_view> types;
  root["spec.limits"].each_item([&](const FieldRef& limit, std::size_t) {
    const FieldRef type = limit["type"];
    if (!type.is("Pod") && !type.is("Container") && !type.is("PersistentVolumeClaim")) type.check(check_label_key);
    if (!types.insert(type.text()).second) type.duplicate();
    validate_limit(limit);
  });
}

constexpr Strategy kStrategies[] = {
    {.group = "",
     .kind = "Namespace",
     .default_ = default_namespace,
     .prepare_for_create = prepare_namespace,
     .prepare_for_update = prepare_namespace_update,
     .validate = validate_namespace,
     .validate_status_update = validate_namespace_status,
     .validate_subresource = validate_namespace_finalize,
     .mark_deletion = mark_namespace,
     .is_kept = has_spec_finalizers},
    {.group = "",
     .kind = "Node",
     .keeps_status = true,
     .default_ = default_node,
     .validate = validate_node,
     .validate_update = validate_node_update,
     .validate_status_update = validate_node_update},
    {.group = "", .kind = "ResourceQuota", .validate = validate_quota, .validate_update = validate_quota_update},
    {.group = "", .kind = "LimitRange", .default_ = default_limit_range, .validate = validate_limit_range},
};

}  // namespace

std::span<const Strategy> cluster_strategies() { return kStrategies; }

}  // namespace plinth::api
