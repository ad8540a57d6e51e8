// spec.podFailurePolicy and spec.successPolicy of a Job.
#pragma once

#include <optional>
#include <string>

#include "client/controller.h"
#include "workloads/job/index_set.h"

namespace plinth::workloads {

// What a failed pod means.
struct FailureVerdict {
  bool counts = true;  // against the back-off limits
  bool fails_index = false;
  std::optional<std::string> fails_job;  // why
};
FailureVerdict judge_failure(const client::Object& job, const client::Object& pod);

// Which rule of the success policy the indexes satisfy, in the words of a condition; nothing for none.
std::optional<std::string> success_message(const client::Object& job, const IndexSet& succeeded, std::int64_t completions);

}  // namespace plinth::workloads
