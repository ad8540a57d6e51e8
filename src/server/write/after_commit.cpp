#include "server/write/after_commit.h"

namespace plinth::server {

void after_commit(ServerContext& context, const ResolvedKind& kind) {
  if (kind.row->builtin && kind.row->group == "apiextensions.k8s.io" && kind.row->kind == "CustomResourceDefinition") {
    context.registry->sync(*context.store->snapshot());
  }
}

}  // namespace plinth::server
