// What the scheduler writes about a pod: its binding, and why it waits.
#pragma once

#include <string>

#include "client/controller.h"
#include "workloads/scheduler/pod_facts.h"

namespace plinth::workloads {

inline constexpr std::string_view kSchedulerName = "default-scheduler";  // of pods and in Events
inline constexpr std::string_view kSchedulerAccount = "kube-scheduler";

client::Request bind_request(const client::Object& pod, const std::string& node);
// The condition PodScheduled=False, and the node that it waits for ("" takes that away).
client::Request waiting_request(const client::Object& pod, std::string_view reason, std::string_view message,
                                const std::string& nominated_node, std::int64_t wall_ns);
// Whether the pod says so already.
bool says(const client::Object& pod, std::string_view reason, std::string_view message, const std::string& nominated_node);
// The condition DisruptionTarget of a pod that makes room for another.
client::Request disruption_request(const client::Object& victim, std::int64_t wall_ns);

}  // namespace plinth::workloads
