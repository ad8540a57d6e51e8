// CronJobs: a Job for each time of a schedule.
#pragma once

#include <memory>

#include "client/controller.h"

namespace plinth::workloads {

std::unique_ptr<client::Controller> make_cron_job_controller();

}  // namespace plinth::workloads
