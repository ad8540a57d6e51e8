#include "server/read/wait_revision.h"

namespace plinth::server {
namespace {

struct Wait {
  UniqueFunction<void(Result<void>)> done;
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

void wait_for_revision(ServerContext& context, store::Revision revision, Loop& loop, UniqueFunction<void(Result<void>)> done) {
  auto wait = std::make_shared<Wait>();
  wait->done = std::move(done);
  wait->timer = loop.after(context.limits.future_revision_wait, [wait, &context, revision] {
    if (wait->over) return;
    wait->over = true;
    wait->done(too_large(revision, context.store->snapshot()->revision()));
  });
  context.store->when_published(revision, loop, [wait, &loop] {
    if (wait->over) return;
    wait->over = true;
    loop.cancel(wait->timer);
    wait->done(Result<void>());
  });
}

}  // namespace plinth::server
