#include "server/resources/node_proxy.h"

#include <fmt/format.h>

#include "base/quoted.h"
#include "server/object_codec.h"
#include "server/resources/proxy.h"
#include "server/status.h"

namespace plinth::server {

bool asks_for_node_proxy(const RequestInfo& info) {
  return info.is_resource && info.group.empty() && info.version == "v1" && info.resource == "nodes" &&
         info.subresource == "proxy";
}

void serve_node_proxy(ServerContext& context, NodeSlots* node, ExchangePtr exchange) {
  const RequestInfo& info = exchange->info;
  // "NAME:PORT", "SCHEME:NAME:PORT": a node of this process has no ports.
  const auto target = parse_proxy_target(info.name);
  if (!target.ok()) return exchange->fail(target.error());
  const ResolvedKind kind = context.registry->table()->find("", "v1", "nodes");
  if (context.store->snapshot()->get(object_key(*kind.row, "", target->name)) == nullptr)
    return exchange->fail(not_found("", "nodes", target->name));
  if (node == nullptr || node->node_name() != target->name) {
    return exchange->fail(
        Error(Reason::kServiceUnavailable,
              fmt::format("node {} is not of this process: nothing is known of how to reach it", quoted(target->name))));
  }
  const std::string& method = exchange->request.method;
  if (method != "GET" && method != "HEAD") return exchange->fail(method_not_allowed("", "nodes/proxy", info.verb));
  std::string path = proxied_target(exchange->request.target, kNodeProxySegments);
  path.erase(std::min(path.find('?'), path.size()));
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  node->serve_path(std::move(path), std::move(exchange));
}

}  // namespace plinth::server
