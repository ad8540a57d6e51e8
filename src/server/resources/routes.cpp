#include "server/resources/routes.h"

#include "server/auth/reviews.h"
#include "server/read/list.h"
#include "server/read/watch.h"
#include "server/resources/eviction.h"
#include "server/resources/pod_subresources.h"
#include "server/resources/reviews.h"
#include "server/resources/scale.h"
#include "server/resources/token.h"
#include "server/status.h"
#include "server/write/write_operation.h"

namespace plinth::server {
namespace {

using Handler = void (*)(ServerContext&, ExchangePtr, const ResolvedKind&);

struct SubresourceRoute {
  std::string_view group, resource, name, verb;  // "*" any
  Handler handler;
};

// Subresources that are not simply another way to write the parent (those that are, are in kParentViews).
constexpr SubresourceRoute kRoutes[] = {
    {"*", "*", "scale", "get", serve_get_scale},       {"*", "*", "scale", "update", serve_write_scale},
    {"*", "*", "scale", "patch", serve_write_scale},   {"", "serviceaccounts", "token", "create", serve_create_token},
    {"", "pods", "binding", "create", serve_bind_pod}, {"", "pods", "eviction", "create", serve_evict_pod},
};

// Subresources that read and write a part of the parent; which part, prepare_for_update knows.
constexpr std::string_view kParentViews[] = {"status", "finalize", "approval", "ephemeralcontainers", "resize"};

bool is_parent_view(std::string_view name) {
  for (std::string_view view : kParentViews) {
    if (view == name) return true;
  }
  return false;
}

const api::Subresource* announced(const ResolvedKind& kind, std::string_view name) {
  for (const api::Subresource& sub : kind.version->subresources) {
    if (sub.name == name) return &sub;
  }
  return nullptr;
}

std::uint16_t verb_bit(std::string_view verb) {
  static constexpr std::pair<std::string_view, std::uint16_t> kBits[] = {
      {"create", api::kVerbCreate}, {"delete", api::kVerbDelete}, {"deletecollection", api::kVerbDeleteCollection},
      {"get", api::kVerbGet},       {"list", api::kVerbList},     {"patch", api::kVerbPatch},
      {"update", api::kVerbUpdate}, {"watch", api::kVerbWatch}};
  for (const auto& [name, bit] : kBits) {
    if (name == verb) return bit;
  }
  return 0;
}

Handler parent_handler(std::string_view verb) {
  if (verb == "get") return serve_get;
  if (verb == "update") return serve_update;
  if (verb == "patch") return serve_patch;
  return nullptr;
}

void serve_subresource(ServerContext& context, ExchangePtr exchange, const ResolvedKind& kind) {
  const RequestInfo& info = exchange->info;
  const api::Subresource* sub = announced(kind, info.subresource);
  if (sub == nullptr) return exchange->fail(unknown_path());
  if ((sub->verbs & verb_bit(info.verb)) == 0) {
    return exchange->fail(method_not_allowed(kind.row->group, kind.row->plural, info.verb));
  }
  if (is_parent_view(info.subresource)) {
    if (Handler handler = parent_handler(info.verb)) return handler(context, std::move(exchange), kind);
  }
  for (const SubresourceRoute& route : kRoutes) {
    if (route.name != info.subresource || route.verb != info.verb) continue;
    if (route.resource != "*" && (route.resource != kind.row->plural || route.group != kind.row->group)) continue;
    return route.handler(context, std::move(exchange), kind);
  }
  Error error(Reason::kServiceUnavailable,
              "the subresource " + info.resource + "/" + info.subresource + " needs a node, and this server runs without one");
  exchange->fail(error);
}

void warn_deprecated(Exchange& exchange, const ResolvedKind& kind) {
  if (kind.version->deprecated) exchange.warn(std::string(kind.version->deprecation_warning));
}

void serve_kind(ServerContext& context, ExchangePtr exchange, const ResolvedKind& kind) {
  const std::string& verb = exchange->info.verb;
  if ((kind.row->verbs & verb_bit(verb)) == 0) {
    return exchange->fail(method_not_allowed(kind.row->group, kind.row->plural, verb));
  }
  if (verb == "get") return serve_get(context, std::move(exchange), kind);
  if (verb == "list") return serve_list(context, std::move(exchange), kind);
  if (verb == "watch") return serve_watch(context, std::move(exchange), kind);
  if (verb == "create") return serve_create(context, std::move(exchange), kind);
  if (verb == "update") return serve_update(context, std::move(exchange), kind);
  if (verb == "patch") return serve_patch(context, std::move(exchange), kind);
  if (verb == "delete") return serve_delete(context, std::move(exchange), kind);
  if (verb == "deletecollection") return serve_delete_collection(context, std::move(exchange), kind);
  exchange->fail(method_not_allowed(kind.row->group, kind.row->plural, verb));
}

}  // namespace

void serve_resource(ServerContext& context, ExchangePtr exchange) {
  const RequestInfo& info = exchange->info;
  const ResolvedKind kind = context.registry->table()->find(info.group, info.version, info.resource);
  if (kind.row == nullptr) return exchange->fail(unknown_path());
  const bool cluster = kind.row->scope == api::Scope::kCluster;
  if (cluster && !info.name_space.empty() && !kind.row->is_namespace) return exchange->fail(unknown_path());
  if (!cluster && info.name_space.empty() && (!info.name.empty() || info.verb == "create")) {
    return exchange->fail(info.verb == "create" && info.name.empty()
                              ? bad_request("an empty namespace may not be set during creation")
                              : unknown_path());
  }
  if (kind.custom) kind.custom->ensure_schema(*kind.version);
  warn_deprecated(*exchange, kind);
  if (auth::Reviews::answers(info.group, info.resource)) return serve_review(context, std::move(exchange), kind);
  if (!kind.row->stored && info.subresource.empty()) return serve_unstored(context, std::move(exchange), kind);
  if (!info.subresource.empty()) return serve_subresource(context, std::move(exchange), kind);
  serve_kind(context, std::move(exchange), kind);
}

}  // namespace plinth::server
