// What controllers of pods need to know about a pod.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "client/controller.h"

namespace plinth::workloads {

client::Resource pods_resource();

std::string_view pod_phase(const client::Object& pod);
// Neither ended nor being deleted.
bool is_pod_active(const client::Object& pod);
bool has_pod_ended(const client::Object& pod);  // Succeeded or Failed
bool is_pod_ready(const client::Object& pod);
// A condition of a pod; null when there is none.
Value pod_condition(const client::Object& pod, std::string_view type);
// Since when it is ready, nanoseconds since the epoch; nothing when it is not ready.
std::optional<std::int64_t> pod_ready_since(const client::Object& pod);
// Ready for so long.
bool is_pod_available(const client::Object& pod, std::int64_t min_ready_seconds, std::int64_t now_ns);
// How long until a ready pod is available; nothing when it is, or is not ready.
std::optional<std::int64_t> pod_available_in(const client::Object& pod, std::int64_t min_ready_seconds, std::int64_t now_ns);
std::int64_t creation_ns(const client::Object& object);

// A pod made from a PodTemplateSpec, controlled by `owner`. With a `prefix`, generateName says what the name was made of.
Draft pod_from_template(const Value& pod_template, const client::Object& owner, std::string_view name, std::string_view prefix);
client::Request create_pod_request(const client::Object& owner, const Draft& pod, std::string_view manager);

// An error of the last plan that made or deleted pods, in the words of an Event.
struct PodFailure {
  std::string_view reason;  // FailedCreate, FailedDelete
  std::string message, error;
};
std::optional<PodFailure> pod_failure(const client::StepContext& context);

// The earlier one; nothing is never.
void earlier(std::optional<std::int64_t>& at, std::optional<std::int64_t> other);

}  // namespace plinth::workloads
