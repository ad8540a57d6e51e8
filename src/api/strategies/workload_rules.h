// Rules that workloads with a selector and a pod template share.
#pragma once

#include <string_view>

#include "api/strategies/field_ref.h"

namespace plinth::api {

struct PodSpecOptions;

// The selector is a valid one, not empty, and matches the template's labels. `kind` is for the message ("deployment").
void validate_selector_and_template(const FieldRef& spec, std::string_view kind, const PodSpecOptions& options);
// Pods of a workload are always restarted and have no deadline.
void validate_lasting_pods(const FieldRef& pod_spec, std::string_view kind);

// A count or a percentage ("25%").
void validate_count_or_percent(const FieldRef& value);
void validate_at_most_all(const FieldRef& value);  // no more than 100%
std::int64_t count_or_percent(const Value& value);

}  // namespace plinth::api
