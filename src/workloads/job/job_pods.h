// Pods of a Job: indexes, endings, and what they are made of.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/controller.h"

namespace plinth::workloads {

inline constexpr std::string_view kJobController = "job-controller";
// On pods whose end is not counted yet: they stay until it is.
inline constexpr std::string_view kJobTracking = "batch.kubernetes.io/job-tracking";

client::Resource jobs_resource();
bool is_indexed(const client::Object& job);
bool is_suspended(const client::Object& job);
// It has failed or is complete.
bool is_job_finished(const client::Object& job);
// A condition that is True; null when there is none.
Value true_condition(const client::Object& job, std::string_view type);

// Nothing for a pod without one, or with nonsense.
std::optional<std::int64_t> completion_index(const client::Object& pod);
// Failures of the index before this pod; and those that no limit counts.
std::int64_t index_failures(const client::Object& pod);
std::int64_t ignored_index_failures(const client::Object& pod);

// Failed, or on its way out without having succeeded, unless the Job waits for the failure.
bool is_pod_failed(const client::Object& job, const client::Object& pod);
bool is_pod_terminating(const client::Object& pod);
// When its containers ended, or the nearest to it that is known.
std::int64_t finished_ns(const client::Object& pod);

// How long to wait before the next try, after so many failures the last of which was then; nothing: no longer.
std::optional<std::int64_t> backoff_left(std::int64_t failures, std::int64_t last_failure_ns, std::int64_t now_ns);

// `replaces`: the last failed pod of the index.
client::Request create_job_pod(const client::Object& job, std::optional<std::int64_t> index, const client::Object* replaces,
                               const std::string& name, const std::string& prefix);
std::string pod_prefix(const client::Object& job, std::optional<std::int64_t> index);
client::Request stop_tracking(const client::Object& pod);

}  // namespace plinth::workloads
