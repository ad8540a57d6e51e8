#include "api/strategies/workload_rules.h"

#include <cstdlib>

#include <fmt/core.h>

#include "api/label_selector.h"
#include "api/strategies/pod_rules.h"
#include "api/strategies/text_checks.h"

namespace plinth::api {

void validate_selector_and_template(const FieldRef& spec, std::string_view kind, const PodSpecOptions& options) {
  const FieldRef selector = spec["selector"];
  const FieldRef pod_template = spec["template"];
  const FieldRef labels = pod_template["metadata.labels"];
  if (!selector.present()) {
    labels.invalid("`selector` does not match template `labels`");
  } else {
    selector.label_selector();
    if (selector["matchLabels"].empty() && selector["matchExpressions"].empty()) {
      selector.invalid(fmt::format("empty selector is invalid for {}", kind));
    }
    const auto parsed = LabelSelector::from_object(selector.value());
    if (!parsed.ok() && kind != "daemonset") selector.invalid(kind == "statefulset" ? "" : "invalid label selector");
    if (parsed.ok() && !parsed->matches(labels.value())) labels.invalid("`selector` does not match template `labels`");
  }
  validate_pod_template(pod_template, options);
}

void validate_lasting_pods(const FieldRef& pod_spec, std::string_view kind) {
  const FieldRef restart = pod_spec["restartPolicy"];
  const FieldRef deadline = pod_spec["activeDeadlineSeconds"];
  if (!restart.is("Always")) restart.not_supported({"Always"});
  if (deadline.present()) deadline.forbidden(fmt::format("activeDeadlineSeconds in {} is not Supported", kind));
}

void validate_count_or_percent(const FieldRef& value) {
  if (value.value().is_string()) {
    for (std::string& problem : check_percentage(value.text())) value.invalid(std::move(problem));
  } else {
    value.at_least_zero();
  }
}

std::int64_t count_or_percent(const Value& value) {
  if (value.is_string()) return std::strtoll(std::string(value.as_string()).c_str(), nullptr, 10);
  return value.as_int();
}

void validate_at_most_all(const FieldRef& value) {
  if (value.value().is_string() && count_or_percent(value.value()) > 100) value.invalid("must not be greater than 100%");
}

}  // namespace plinth::api
