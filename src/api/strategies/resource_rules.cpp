#include "api/strategies/resource_rules.h"

#include <algorithm>
#include <set>

#include <fmt/core.h>

#include "api/quantity.h"
#include "api/strategies/pod_rules.h"

namespace plinth::api {
namespace {

constexpr std::string_view kHugePages = "hugepages-";
constexpr std::string_view kQuotaHugePages = "requests.hugepages-";
constexpr std::string_view kRequests = "requests.";

// Names without a domain that quotas know; the ones before kCountedFrom are amounts, the others are counts.
constexpr std::string_view kStandard[] = {
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "limits.cpu",
    "limits.memory",
    "requests.ephemeral-storage",
    "limits.ephemeral-storage",
    "requests.storage",
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
};
constexpr std::size_t kCountedFrom = 10;

bool contains(std::span<const std::string_view> list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

bool has_domain(std::string_view name) { return name.find('/') != std::string_view::npos; }

Quantity quantity_of(const Value& value) {
  if (value.is_int()) return Quantity(value.as_int(), Quantity::Format::kDecimalSi);
  auto parsed = Quantity::parse(value.as_string());
  return parsed.ok() ? *parsed : Quantity();
}

bool is_overcommitted(std::string_view name) { return is_native_resource(name) && !is_huge_pages(name); }

// Shown as text, whatever form it has in the document.
std::string shown(const Value& quantity) { return quantity_of(quantity).text(); }

void validate_request(const FieldRef& resources, const FieldRef& request, std::string_view name) {
  const FieldRef requests = resources["requests"];
  const FieldRef limits = resources["limits"];
  const FieldRef limit = limits.key(name);
  if (!limit.present()) {
    if (!is_overcommitted(name)) limits.required("Limit must be set for non overcommitable resources");
    return;
  }
  const int order = compare_quantities(request.value(), limit.value());
  if (order != 0 && !is_overcommitted(name)) {
    requests.invalid(shown(request.value()), fmt::format("must be equal to {} limit of {}", name, shown(limit.value())));
  } else if (order > 0) {
    requests.invalid(shown(request.value()),
                     fmt::format("must be less than or equal to {} limit of {}", name, shown(limit.value())));
  }
}

void validate_claims(const FieldRef& claims, const FieldRef& pod_claims) {
  std::set<std::string> names;
  std::set<std::string_view> known;
  for (const Value& claim : pod_claims.value().items()) known.insert(claim["name"].as_string());
  claims.each_item([&](const FieldRef& claim, std::size_t) {
    const std::string_view name = claim["name"].text();
    if (name.empty()) return claim.required();
    if (!names.insert(fmt::format("{}/{}", name, claim["request"].text())).second) {
      claims.errors().push_back(field_duplicate(claim.path(), Value::ref(name)));
    }
    claim["request"].check(check_dns1123_label);
    if (known.contains(name)) return;
    FieldError error = field_not_found(claim.path(), Value::ref(name));
    error.detail = "must be one of the names in pod.spec.resourceClaims";
    if (known.empty()) error.detail += " which is empty";
    claims.errors().push_back(std::move(error));
  });
}

}  // namespace

bool is_huge_pages(std::string_view name) { return name.starts_with(kHugePages); }

bool is_standard_quota_resource(std::string_view name) {
  return contains(kStandard, name) || name.starts_with(kQuotaHugePages);
}

bool is_standard_resource(std::string_view name) {
  return name == "storage" || is_huge_pages(name) || is_standard_quota_resource(name);
}

bool is_native_resource(std::string_view name) {
  return !has_domain(name) || name.find("kubernetes.io/") != std::string_view::npos;
}

bool is_extended_resource(std::string_view name) {
  if (is_native_resource(name) || name.starts_with(kRequests)) return false;
  return check_label_key(std::string(kRequests).append(name)).empty();
}

bool is_integer_resource(std::string_view name) {
  return contains(std::span(kStandard).subspan(kCountedFrom), name) || is_extended_resource(name);
}

void validate_resource_name(const FieldRef& entry, std::string_view name) {
  Complaints problems = check_label_key(name);
  for (std::string& problem : problems) entry.invalid(name, std::move(problem));
  if (problems.empty() && !has_domain(name) && !is_standard_resource(name)) {
    entry.invalid(name, "must be a standard resource type or fully qualified");
  }
}

void validate_container_resource_name(const FieldRef& entry, std::string_view name) {
  validate_resource_name(entry, name);
  if (!has_domain(name)) {
    const bool fits = name == "cpu" || name == "memory" || name == "ephemeral-storage" || is_huge_pages(name);
    if (!fits) entry.invalid(name, "must be a standard resource for containers");
  } else if (!is_native_resource(name) && !is_extended_resource(name)) {
    entry.invalid(name, "doesn't follow extended resource name standard");
  }
}

void validate_quota_resource_name(const FieldRef& entry, std::string_view name) {
  validate_resource_name(entry, name);
  if (!has_domain(name) && !is_standard_quota_resource(name)) entry.invalid(name, "must be a standard resource for quota");
}

int compare_quantities(const Value& a, const Value& b) { return quantity_of(a).compare(quantity_of(b)); }

int quantity_sign(const Value& quantity) { return quantity_of(quantity).sign(); }

void validate_resource_amount(const FieldRef& entry, std::string_view name) {
  const Quantity amount = quantity_of(entry.value());
  if (amount.sign() < 0) entry.invalid("must be greater than or equal to 0");
  if (is_integer_resource(name) && amount.milli_value() % 1000 != 0) entry.invalid("must be an integer");
}

void validate_resources(const FieldRef& resources, const FieldRef& resource_claims) {
  bool computes = false, pages = false;
  const auto look = [&](const FieldRef& entry, std::string_view name) {
    validate_container_resource_name(entry, name);
    validate_resource_amount(entry, name);
    computes = computes || name == "cpu" || name == "memory";
    pages = pages || is_huge_pages(name);
  };
  resources["limits"].each_entry(look);
  resources["requests"].each_entry([&](const FieldRef& entry, std::string_view name) {
    look(entry, name);
    validate_request(resources, entry, name);
  });
  if (pages && !computes) resources.forbidden("HugePages require cpu or memory");
  validate_claims(resources["claims"], resource_claims);
}

}  // namespace plinth::api
