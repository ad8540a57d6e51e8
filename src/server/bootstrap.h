// What every cluster has from its first start on: namespaces, default roles, priority classes.
#pragma once

#include "base/function.h"
#include "base/result.h"
#include "base/world.h"

namespace plinth::server {

class ApiServer;

// Through the pipeline, as a member of system:masters; only what is missing or incomplete is written, so that a later start writes
// nothing. Runs `done` on `loop`.
void seed_cluster(ApiServer& server, Loop& loop, UniqueFunction<void(Result<void>)> done);

}  // namespace plinth::server
