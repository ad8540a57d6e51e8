#include "server/read/wait_revision.h"

namespace plinth::server {
namespace {

struct Wait {
  Task then;
  TimerId timer = 0;
  bool over = false;
};

Error too_large(store::Revision revision, store::Revision current) {
  Error error(Reason::kTimeout,
              "Too large resource version: " + std::to_string(revision) + ", current: " + std::to_string(current));
  error.add_cause("ResourceVersionTooLarge", "Too large resource version", "");
  error.mutable_details().retry_after_seconds = 1;
  return error;
}

}  // namespace

void once_reached(ServerContext& context, const ExchangePtr& exchange, store::Revision revision, Task then) {
  if (revision <= context.store->snapshot()->revision()) return then();
  Loop& loop = exchange->loop();
  auto wait = std::make_shared<Wait>();
  wait->then = std::move(then);
  wait->timer = loop.after(context.limits.future_revision_wait, [wait, exchange, &context, revision] {
    if (wait->over) return;
    wait->over = true;
    wait->then = Task();
    exchange->fail(too_large(revision, context.store->snapshot()->revision()));
  });
  context.store->when_published(revision, loop, [wait, &loop] {
    if (wait->over) return;
    wait->over = true;
    loop.cancel(wait->timer);
    wait->then();
  });
}

}  // namespace plinth::server
