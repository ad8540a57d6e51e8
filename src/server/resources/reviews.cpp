#include "server/resources/reviews.h"

#include "base/json.h"
#include "server/auth/auth.h"
#include "server/resources/pod_subresources.h"
#include "server/status.h"
#include "server/write/object_form.h"

namespace plinth::server {
namespace {

Result<Document> read_review(Exchange& exchange, const ResolvedKind& kind) {
  const WriteOptions options = TRY(parse_write_options(exchange.info.query, "CreateOptions"));
  std::vector<std::string> duplicates;
  Document body = TRY(read_body(exchange, kind, duplicates));
  Draft draft = TRY(form_object(exchange, kind, body, options.field_validation, duplicates));
  return std::move(draft).finish();
}

}  // namespace

void serve_review(ServerContext& context, ExchangePtr exchange, const ResolvedKind& kind) {
  if (exchange->info.verb != "create" || !exchange->info.name.empty()) {
    return exchange->fail(method_not_allowed(kind.row->group, kind.row->plural, exchange->info.verb));
  }
  auto accepted = negotiate_plain(exchange->request.headers.get("accept"));
  if (!accepted.ok()) return exchange->fail(accepted.error());
  auto request = read_review(*exchange, kind);
  if (!request.ok()) return exchange->fail(request.error());
  const store::SnapshotPtr snapshot = context.store->snapshot();
  auto answer =
      context.auth->reviews().evaluate(kind.row->group, kind.row->plural, *request,
                                       {exchange->user, exchange->info.name_space, *snapshot, context.clock->wall_ns()});
  if (!answer.ok()) return exchange->fail(answer.error());
  exchange->reply(201, {SharedBytes(to_json(answer->root()))}, *accepted);
}

void serve_unstored(ServerContext& context, ExchangePtr exchange, const ResolvedKind& kind) {
  if (kind.row->plural == "bindings" && exchange->info.verb == "create")
    return serve_bind_pod(context, std::move(exchange), kind);
  if (kind.row->plural == "componentstatuses" && exchange->info.verb == "list") {
    exchange->warn("v1 ComponentStatus is deprecated in v1.19+");
    return exchange->reply(
        200, {SharedBytes::literal(R"({"kind":"ComponentStatusList","apiVersion":"v1","metadata":{},"items":[]})")},
        negotiate_status(exchange->request.headers.get("accept")));
  }
  if (kind.row->plural == "componentstatuses" && exchange->info.verb == "get") {
    return exchange->fail(not_found("", "componentstatuses", exchange->info.name));
  }
  exchange->fail(method_not_allowed(kind.row->group, kind.row->plural, exchange->info.verb));
}

}  // namespace plinth::server
