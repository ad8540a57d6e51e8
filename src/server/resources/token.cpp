#include "server/resources/token.h"

#include "base/json.h"
#include "server/admission/node_restriction.h"
#include "server/auth/auth.h"
#include "server/auth/token_request.h"
#include "server/write/request_body.h"

namespace plinth::server {

void serve_create_token(ServerContext& context, ExchangePtr exchange, const ResolvedKind&) {
  auto accepted = negotiate_plain(exchange->request.headers.get("accept"));
  if (!accepted.ok()) return exchange->fail(accepted.error());
  std::vector<std::string> duplicates, warnings;
  auto request = read_document(*exchange, "authentication.v1.TokenRequest", duplicates);
  if (!request.ok()) return exchange->fail(request.error());
  const store::SnapshotPtr snapshot = context.store->snapshot();
  auto permitted =
      check_token_of_node(context, exchange->user, *snapshot, exchange->info.name_space, exchange->info.name, request->root());
  if (!permitted.ok()) return exchange->fail(permitted.error());
  auto answer = auth::create_token(
      context.auth->account_tokens(), *request,
      {exchange->info.name_space, exchange->info.name, *snapshot, context.clock->wall_ns(), *context.entropy, &warnings});
  if (!answer.ok()) return exchange->fail(answer.error());
  for (std::string& warning : warnings) exchange->warn(std::move(warning));
  exchange->reply(201, {SharedBytes(to_json(answer->root()))}, *accepted);
}

}  // namespace plinth::server
