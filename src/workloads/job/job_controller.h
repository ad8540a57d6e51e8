// Jobs: pods that run to their end; and what becomes of finished Jobs.
#pragma once

#include <memory>

#include "client/controller.h"

namespace plinth::workloads {

std::unique_ptr<client::Controller> make_job_controller();
// Deletes finished Jobs after spec.ttlSecondsAfterFinished.
std::unique_ptr<client::Controller> make_ttl_after_finished_controller();

}  // namespace plinth::workloads
