// Where a pod may run: affinity, tolerations, spread.
#include <set>
#include <string>

#include <fmt/core.h>

#include "api/strategies/pod_rules.h"

namespace plinth::api {
namespace {

void validate_node_requirement(const FieldRef& requirement) {
  const FieldRef op = requirement["operator"];
  const FieldRef values = requirement["values"];
  if (op.is("In") || op.is("NotIn")) {
    if (values.empty()) values.required("must be specified when `operator` is 'In' or 'NotIn'");
  } else if (op.is("Exists") || op.is("DoesNotExist")) {
    if (!values.empty()) values.forbidden("may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
  } else if (op.is("Gt") || op.is("Lt")) {
    if (values.size() != 1) values.required("must be specified single value when `operator` is 'Lt' or 'Gt'");
  } else {
    op.invalid("not a valid selector operator");
  }
  const FieldRef key = requirement["key"];
  for (std::string& problem : check_label_key(key.text())) key.invalid(std::move(problem));
}

void validate_node_field(const FieldRef& requirement) {
  const FieldRef op = requirement["operator"];
  const FieldRef key = requirement["key"];
  const FieldRef values = requirement["values"];
  if (!op.is("In") && !op.is("NotIn")) {
    op.invalid("not a valid selector operator");
  } else if (values.size() != 1) {
    values.required("must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
  }
  if (!key.is("metadata.name")) return key.invalid("not a valid field selector key");
  values.each_item([](const FieldRef& value, std::size_t) { value.check(check_dns1123_subdomain); });
}

void validate_node_term(const FieldRef& term) {
  term["matchExpressions"].each_item([](const FieldRef& at, std::size_t) { validate_node_requirement(at); });
  term["matchFields"].each_item([](const FieldRef& at, std::size_t) { validate_node_field(at); });
}

void validate_weight(const FieldRef& weight) {
  if (weight.number() <= 0 || weight.number() > 100) {
    weight.errors().push_back(field_invalid(weight.path(), Value::of(weight.number()), "must be in the range 1-100"));
  }
}

void validate_pod_term(const FieldRef& term) {
  term["labelSelector"].label_selector();
  term["namespaceSelector"].label_selector();
  const FieldRef key = term["topologyKey"];
  key.check_required(check_label_key, "can not be empty");
  term["namespaces"].each_item([&](const FieldRef& name, std::size_t) {
    for (std::string& problem : check_dns1123_label(name.text())) term["namespace"].invalid(name.text(), std::move(problem));
  });
  for (const std::string_view list : {"matchLabelKeys", "mismatchLabelKeys"}) {
    const FieldRef keys = term[list];
    if (keys.size() != 0 && !term["labelSelector"].present())
      keys.forbidden("must not be specified when labelSelector is not set");
  }
}

void validate_pod_affinity(const FieldRef& affinity) {
  affinity["requiredDuringSchedulingIgnoredDuringExecution"].each_item(
      [](const FieldRef& term, std::size_t) { validate_pod_term(term); });
  affinity["preferredDuringSchedulingIgnoredDuringExecution"].each_item([](const FieldRef& term, std::size_t) {
    validate_weight(term["weight"]);
    validate_pod_term(term["podAffinityTerm"]);
  });
}

void validate_toleration(const FieldRef& toleration) {
  const FieldRef key = toleration["key"];
  const FieldRef op = toleration["operator"];
  const FieldRef value = toleration["value"];
  const FieldRef effect = toleration["effect"];
  key.check(check_label_key);
  if (key.empty() && !op.is("Exists")) {
    op.invalid("operator must be Exists when `key` is empty, which means \"match all values and all keys\"");
  }
  if (toleration["tolerationSeconds"].present() && !effect.is("NoExecute")) {
    effect.invalid("effect must be 'NoExecute' when `tolerationSeconds` is set");
  }
  if (op.empty() || op.is("Equal")) {
    for (std::string& problem : check_label_value(value.text())) op.invalid(value.text(), std::move(problem));
  } else if (op.is("Exists")) {
    if (!value.empty()) op.invalid(value.text(), "value must be empty when `operator` is 'Exists'");
  } else {
    op.not_supported({"Equal", "Exists"});
  }
  effect.one_of({"NoSchedule", "PreferNoSchedule", "NoExecute"});
}

void validate_spread_keys(const FieldRef& constraint) {
  const FieldRef keys = constraint["matchLabelKeys"];
  if (keys.empty()) return;
  if (!constraint["labelSelector"].present()) keys.forbidden("must not be specified when labelSelector is not set");
  keys.each_item([](const FieldRef& key, std::size_t) { key.check(check_label_key); });
}

}  // namespace

void validate_node_selector(const FieldRef& selector) {
  if (!selector.present()) return;
  const FieldRef terms = selector["nodeSelectorTerms"];
  if (!terms.require("must have at least one node selector term")) return;
  terms.each_item([](const FieldRef& term, std::size_t) { validate_node_term(term); });
}

void validate_affinity(const FieldRef& affinity) {
  if (!affinity.present()) return;
  const FieldRef node = affinity["nodeAffinity"];
  validate_node_selector(node["requiredDuringSchedulingIgnoredDuringExecution"]);
  node["preferredDuringSchedulingIgnoredDuringExecution"].each_item([](const FieldRef& term, std::size_t) {
    validate_weight(term["weight"]);
    validate_node_term(term["preference"]);
  });
  validate_pod_affinity(affinity["podAffinity"]);
  validate_pod_affinity(affinity["podAntiAffinity"]);
}

void validate_tolerations(const FieldRef& tolerations) {
  tolerations.each_item([](const FieldRef& toleration, std::size_t) { validate_toleration(toleration); });
}

void validate_spread_constraints(const FieldRef& constraints) {
  constraints.each_item([&](const FieldRef& constraint, std::size_t position) {
    const FieldRef when = constraint["whenUnsatisfiable"];
    const FieldRef domains = constraint["minDomains"];
    constraint["topologyKey"].require("can not be empty");
    for (std::size_t later = position + 1; later < constraints.size(); ++later) {
      const Value& other = constraints.value().items()[later];
      if (!equal(other["topologyKey"], constraint["topologyKey"].value()) || !equal(other["whenUnsatisfiable"], when.value()))
        continue;
      const std::string pair = fmt::format("{{{}, {}}}", constraint["topologyKey"].text(), when.text());
      constraints.errors().push_back(
          field_duplicate(child(constraint.path(), "{topologyKey, whenUnsatisfiable}"), Value::ref(pair)));
      break;
    }
    if (domains.present() && !when.is("DoNotSchedule")) {
      domains.invalid(fmt::format("can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {}", when.text()));
    }
    constraint["labelSelector"].label_selector();
    validate_spread_keys(constraint);
  });
}

}  // namespace plinth::api
