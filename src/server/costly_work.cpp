#include "server/costly_work.h"

#include <memory>

#include "server/status.h"

namespace plinth::server {
namespace {

struct Costly {
  std::function<void(api::CostAllowance&)> work;
  UniqueFunction<void(Result<void>)> done;
  Loop& loop;
};

}  // namespace

void run_costly(ServerContext& context, Loop& loop, std::function<void(api::CostAllowance&)> work,
                UniqueFunction<void(Result<void>)> done) {
  api::CostAllowance here;
  if (context.pool != nullptr) here.left = kCostOnLoopMax;
  work(here);
  if (!here.spent) return done({});
  auto costly = std::make_shared<Costly>(Costly{std::move(work), std::move(done), loop});
  // What the work holds belongs to the loop: it goes back there, whoever is done first.
  auto queued = context.pool->run([costly]() mutable {
    api::CostAllowance all;
    costly->work(all);
    Loop& owner = costly->loop;
    owner.post([costly = std::move(costly)] { costly->done({}); });
  });
  if (!queued.ok())
    costly->done(too_many_requests("too many costly expressions wait to be evaluated, please try again later", 1));
}

}  // namespace plinth::server
