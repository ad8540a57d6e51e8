// What an instance says about itself, and the Events that go with a change of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "client/events.h"
#include "compose/status/condition_set.h"

namespace plinth::compose {

enum class InstanceState : std::uint8_t { kInProgress, kActive, kError, kDeleting };
std::string_view state_text(InstanceState state);

// Of instances whose definition has a rollout: the revision that their status is about.
inline constexpr std::string_view kRevisionField = "graphRevision";

// A child in status.resources.
struct ResourceReport {
  std::string id, api_version, kind, name_space, name, state, message;
  bool ready = false;
};

// The conditions of instances, all three of which Ready depends on.
ConditionSet instance_conditions(const Value& instance, std::string now);

struct StatusReport {
  InstanceState state = InstanceState::kInProgress;
  std::vector<ResourceReport> resources;
  Document fields;      // of the author's status; null: none
  bool legacy = false;  // the condition of the form of 2024 is written too
  // The author's conditions: they are shown in the place of kro's.
  std::optional<std::vector<Condition>> authored;
  std::string trouble;        // told as an Event when the status is written; "": none
  std::int64_t revision = 0;  // of the graph; 0: not told
};

// Requests that write the status and tell transitions as Events; none when nothing differs.
void plan_status(const client::View& view, const client::Object& instance, const StatusReport& report, ConditionSet& conditions,
                 std::int64_t wall_ns, client::Plan& plan);

// An Event about an object for each condition that differs between the lists.
void tell_transitions(client::EventRecorder& events, const client::Object& about, const std::vector<Condition>& before,
                      const std::vector<Condition>& after);

}  // namespace plinth::compose
