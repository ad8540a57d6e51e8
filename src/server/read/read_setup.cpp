#include "server/read/read_setup.h"

namespace plinth::server {

Result<ReadSetup> set_up_read(ServerContext& context, ExchangePtr exchange, const ResolvedKind& kind, bool watch) {
  const Accepted accepted = TRY(negotiate_object(exchange->request.headers.get("accept"), true));
  RepresentationPtr representation = TRY(Representation::make(context, kind, accepted, exchange->info.query));
  ListOptions options = TRY(parse_list_options(exchange->info.query, watch));
  Filter filter = TRY(Filter::make(kind, exchange->info, options));
  return ReadSetup{context, std::move(exchange), kind, std::move(options), std::move(filter), std::move(representation)};
}

}  // namespace plinth::server
