// What a list and a watch are made of: everything of the request that can be refused before either begins.
#pragma once

#include <memory>

#include "server/context.h"
#include "server/exchange.h"
#include "server/kind_registry.h"
#include "server/list_options.h"
#include "server/read/filter.h"
#include "server/read/representation.h"

namespace plinth::server {

struct ReadSetup {
  ServerContext& context;
  ExchangePtr exchange;
  ResolvedKind kind;
  ListOptions options;
  Filter filter;
  RepresentationPtr representation;
};

Result<ReadSetup> set_up_read(ServerContext& context, ExchangePtr exchange, const ResolvedKind& kind, bool watch);

// Answers with what is wrong, or starts the operation.
template <typename Operation>
void start_read(ServerContext& context, ExchangePtr exchange, const ResolvedKind& kind, bool watch) {
  auto setup = set_up_read(context, exchange, kind, watch);
  if (!setup.ok()) return exchange->fail(setup.error());
  std::make_shared<Operation>(std::move(*setup))->start();
}

}  // namespace plinth::server
