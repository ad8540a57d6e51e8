#include "server/write/after_commit.h"

namespace plinth::server {

void after_commit(ServerContext& context, const ResolvedKind& kind) {
  if (kind.row->defines_kinds) context.registry->sync(*context.store->snapshot());
}

}  // namespace plinth::server
