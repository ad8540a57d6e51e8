#include "api/strategies/pod_subresources.h"

#include <algorithm>

#include <fmt/core.h>

#include "api/strategies/pod_rules.h"
#include "api/strategies/qos_class.h"

namespace plinth::api {
namespace {

void validate_additions(const FieldRef& containers, const Value& old) {
  for (const Value& before : old.items()) {
    const auto now = containers.value().items();
    const auto same_name =
        std::find_if(now.begin(), now.end(), [&](const Value& c) { return equal(c["name"], before["name"]); });
    const std::string_view name = before["name"].as_string();
    if (same_name == now.end()) {
      containers.forbidden(fmt::format("existing ephemeral containers \"{}\" may not be removed\n", name));
    } else if (!changed_members(*same_name, before).empty()) {
      containers.forbidden(fmt::format("existing ephemeral containers \"{}\" may not be changed\n", name));
    }
  }
}

constexpr std::string_view kAmounts[] = {"requests", "limits"};
constexpr std::string_view kCompute[] = {"cpu", "memory"};

bool only_compute_changed(const Value& now, const Value& old) {
  if (!changed_members(now, old, kAmounts).empty()) return false;
  return std::all_of(std::begin(kAmounts), std::end(kAmounts),
                     [&](std::string_view map) { return changed_members(now[map], old[map], kCompute).empty(); });
}

bool only_resources_changed(const Value& now, const Value& old) {
  constexpr std::string_view kResizable[] = {"resources", "resizePolicy"};
  return std::equal(now.items().begin(), now.items().end(), old.items().begin(), old.items().end(),
                    [&](const Value& a, const Value& b) {
                      return changed_members(a, b, kResizable).empty() && only_compute_changed(a["resources"], b["resources"]);
                    });
}

void validate_resize(const FieldRef& spec, const Value& old) {
  constexpr std::string_view kLists[] = {"containers", "initContainers"};
  const Value before = old["spec"];
  bool allowed = changed_members(spec.value(), before, kLists).empty();
  for (const std::string_view list : kLists) allowed = allowed && only_resources_changed(spec[list].value(), before[list]);
  if (!allowed) spec.forbidden("only cpu and memory resources are mutable");
  const std::string_view now = qos_class(spec.value());
  if (now != qos_class(before)) spec.invalid(now, "Pod QOS Class may not change as a result of resizing");
}

}  // namespace

void validate_pod_subresource(std::string_view subresource, const Value& pod, const Value& old, FieldErrors& errors) {
  const FieldRef root(pod, errors);
  const FieldRef spec = root["spec"];
  if (subresource != "ephemeralcontainers" && subresource != "resize") return;
  validate_pod_spec(spec, {.is_pod = true, .pod_name = root["metadata.name"].text()});
  if (subresource == "resize") return validate_resize(spec, old);
  validate_additions(spec["ephemeralContainers"], old["spec"]["ephemeralContainers"]);
}

}  // namespace plinth::api
