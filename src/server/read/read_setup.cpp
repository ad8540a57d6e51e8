#include "server/read/read_setup.h"

#include "net/websocket.h"
#include "server/status.h"

namespace plinth::server {

Result<ReadSetup> set_up_read(ServerContext& context, ExchangePtr exchange, const ResolvedKind& kind, bool watch) {
  const Accepted accepted = TRY(negotiate_object(exchange->request.headers.get("accept"), kind.row->builtin));
  if (accepted.protobuf && watch && net::wants_websocket(exchange->request)) return not_acceptable("application/json");
  RepresentationPtr representation = TRY(Representation::make(context, kind, accepted, exchange->info.query));
  ListOptions options = TRY(parse_list_options(exchange->info.query, watch));
  Filter filter = TRY(Filter::make(kind, exchange->info, options));
  return ReadSetup{context, std::move(exchange), kind, std::move(options), std::move(filter), std::move(representation)};
}

}  // namespace plinth::server
