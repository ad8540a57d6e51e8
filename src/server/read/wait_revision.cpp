#include "server/read/wait_revision.h"

namespace plinth::server {
namespace {

struct Wait {
  Task then;  // empty when the wait is over: it holds the request, and with it a place among those in flight
  TimerId timer = 0;
  store::PublishedTicket ticket;
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
    wait->then = nullptr;
    context.store->forget(wait->ticket);
    exchange->fail(too_large(revision, context.store->snapshot()->revision()));
  });
  wait->ticket = context.store->when_published(revision, loop, [wait, &loop] {
    const Task then = std::move(wait->then);
    if (!then) return;
    loop.cancel(wait->timer);
    then();
  });
}

}  // namespace plinth::server
