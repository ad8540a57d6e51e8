#include "api/quota/quota.h"

#include <algorithm>

#include "api/quota/evaluator.h"

namespace plinth::api {
namespace {

const QuotaEvaluator* evaluator_of(const CountedKind& kind) {
  for (const QuotaEvaluator* evaluator : {&kPodQuota, &kServiceQuota, &kClaimQuota}) {
    if (evaluator->kind.plural == kind.plural && evaluator->kind.group == kind.group) return evaluator;
  }
  return nullptr;
}

std::string count_name(const CountedKind& kind) {
  std::string name = "count/" + std::string(kind.plural);
  if (!kind.group.empty()) name += "." + std::string(kind.group);
  return name;
}

// Names from before there was count/.
bool has_plain_name(const CountedKind& kind) {
  if (!kind.group.empty()) return false;
  return kind.plural == "configmaps" || kind.plural == "resourcequotas" || kind.plural == "replicationcontrollers" ||
         kind.plural == "secrets";
}

bool uses(const CountedKind& kind, const QuotaEvaluator* evaluator, std::string_view count, std::string_view resource) {
  if (resource == count) return true;
  return evaluator != nullptr ? evaluator->uses(resource) : has_plain_name(kind) && resource == kind.plural;
}

template <typename F>
bool all_demands(const Value& spec, F holds) {
  for (const Value& scope : spec["scopes"].items()) {
    if (!holds(ScopeDemand{scope.as_string(), "Exists", Value()})) return false;
  }
  for (const Value& e : spec["scopeSelector"]["matchExpressions"].items()) {
    if (!holds(ScopeDemand{e["scopeName"].as_string(), e["operator"].as_string(), e["values"]})) return false;
  }
  return true;
}

bool has_scopes(const Value& spec) { return spec["scopes"].size() + spec["scopeSelector"]["matchExpressions"].size() > 0; }

bool is_cpu(std::string_view resource) { return resource == "cpu" || resource == "requests.cpu" || resource == "limits.cpu"; }

}  // namespace

bool selects(const ScopeDemand& demand, const std::vector<std::string_view>& names) {
  const auto listed = [&](std::string_view name) {
    return std::any_of(demand.values.items().begin(), demand.values.items().end(),
                       [&](const Value& v) { return v.as_string() == name; });
  };
  if (demand.operation == "Exists") return !names.empty();
  if (demand.operation == "DoesNotExist") return names.empty();
  const bool wanted = demand.operation == "In";
  if (names.empty()) return !wanted;
  return std::any_of(names.begin(), names.end(), [&](std::string_view name) { return listed(name) == wanted; });
}

bool is_counted(const CountedKind& kind) {
  return kind.plural != "events" || !(kind.group.empty() || kind.group == "events.k8s.io");
}

bool usage_changes(const CountedKind& kind) { return evaluator_of(kind) != nullptr; }

std::vector<std::string_view> resources_for(const CountedKind& kind, const Value& hard) {
  std::vector<std::string_view> out;
  const QuotaEvaluator* evaluator = evaluator_of(kind);
  const std::string count = count_name(kind);
  for (const Member& member : hard.members()) {
    if (uses(kind, evaluator, count, member.key())) out.push_back(member.key());
  }
  std::sort(out.begin(), out.end());
  return out;
}

Result<ResourceAmounts> usage_of(const CountedKind& kind, const Value& object, std::int64_t now_s) {
  const QuotaEvaluator* evaluator = evaluator_of(kind);
  ResourceAmounts out;
  if (evaluator != nullptr)
    out = TRY(evaluator->usage(object, now_s));
  else if (has_plain_name(kind))
    out.emplace(kind.plural, one());
  out.emplace(count_name(kind), one());
  return out;
}

bool is_in_scope(const Value& quota_spec, const CountedKind& kind, const Value& object) {
  const QuotaEvaluator* evaluator = evaluator_of(kind);
  return all_demands(quota_spec, [&](const ScopeDemand& demand) {
    return evaluator != nullptr && evaluator->in_scope != nullptr && evaluator->in_scope(demand, object);
  });
}

std::string unspecified(const CountedKind& kind, const std::vector<std::string_view>& resources, const Value& object) {
  const QuotaEvaluator* evaluator = evaluator_of(kind);
  return evaluator != nullptr && evaluator->unspecified != nullptr ? evaluator->unspecified(resources, object) : "";
}

bool is_limited(const CountedKind& kind, std::string_view subresource, const Value& old, const Value& object) {
  if (old.is_null()) return subresource.empty();
  const QuotaEvaluator* evaluator = evaluator_of(kind);
  return evaluator != nullptr && evaluator->limits_update(subresource, old, object);
}

Result<Recount> recount(const Value& quota_spec, const NamespaceContents& contents, std::int64_t now_s) {
  Recount out;
  for (const CountedKind& kind : contents.kinds()) {
    const auto names = is_counted(kind) ? resources_for(kind, quota_spec["hard"]) : std::vector<std::string_view>();
    if (names.empty()) continue;
    for (const std::string_view name : names) out.used.try_emplace(std::string(name), Quantity());
    const QuotaEvaluator* evaluator = evaluator_of(kind);
    if (evaluator == nullptr) {
      const std::int64_t count = has_scopes(quota_spec) ? 0 : static_cast<std::int64_t>(contents.count(kind));
      for (const std::string_view name : names) out.used.find(name)->second = Quantity(count, Quantity::Format::kDecimalSi);
      continue;
    }
    TRY(contents.visit(kind, [&](const Value& object) -> Result<void> {
      if (!is_in_scope(quota_spec, kind, object)) return {};
      for (const auto& [name, amount] : TRY(usage_of(kind, object, now_s))) {
        const auto at = out.used.find(name);
        if (at != out.used.end()) at->second = at->second + amount;
      }
      if (evaluator->changes_at == nullptr) return {};
      const auto at = evaluator->changes_at(object);
      if (at && *at > now_s && (!out.changes_at_s || *at < *out.changes_at_s)) out.changes_at_s = at;
      return {};
    }));
  }
  return out;
}

std::int64_t ledger_units(std::string_view resource, const Quantity& amount) {
  return is_cpu(resource) ? amount.milli_value() : amount.value();
}

Quantity from_ledger_units(std::string_view resource, std::int64_t units, Quantity::Format format) {
  if (!is_cpu(resource)) return Quantity(units, format);
  auto milli = Quantity::parse(std::to_string(units) + "m");
  return milli.ok() ? *milli : Quantity();
}

}  // namespace plinth::api
