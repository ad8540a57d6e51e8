#include "server/write/delete_options.h"

#include "api/field_error.h"
#include "base/text.h"
#include "server/write/request_body.h"

namespace plinth::server {
namespace {

Result<Propagation> read_policy(std::string_view text) {
  if (text.empty()) return Propagation::kUnset;
  if (text == "Background") return Propagation::kBackground;
  if (text == "Foreground") return Propagation::kForeground;
  if (text == "Orphan") return Propagation::kOrphan;
  static constexpr std::string_view kSupported[] = {"Background", "Foreground", "Orphan"};
  return api::invalid("meta.k8s.io", "DeleteOptions", "",
                      {api::field_not_supported("propagationPolicy", Value::ref(text), kSupported)});
}

Result<void> read_orphan(bool orphan, DeleteOptions& options) {
  if (options.propagation != Propagation::kUnset) {
    return api::invalid(
        "meta.k8s.io", "DeleteOptions", "",
        {api::field_invalid("propagationPolicy", "", "orphanDependents and deletionPropagation cannot be both set")});
  }
  options.propagation = orphan ? Propagation::kOrphan : Propagation::kBackground;
  return {};
}

Result<void> from_document(const Value& body, DeleteOptions& options) {
  if (const Value* v = body.find("gracePeriodSeconds"); v != nullptr && !v->is_null()) options.grace_seconds = v->as_int();
  options.propagation = TRY(read_policy(body["propagationPolicy"].as_string()));
  if (const Value* v = body.find("orphanDependents"); v != nullptr && v->is_bool()) TRY(read_orphan(v->as_bool(), options));
  const Value preconditions = body["preconditions"];
  if (const Value* v = preconditions.find("uid"); v != nullptr && v->is_string()) options.uid = v->as_string();
  if (const Value* v = preconditions.find("resourceVersion"); v != nullptr && v->is_string())
    options.resource_version = v->as_string();
  for (const Value& v : body["dryRun"].items()) {
    static constexpr std::string_view kSupported[] = {"All"};
    if (v.as_string() != "All") {
      return api::invalid("meta.k8s.io", "DeleteOptions", "", {api::field_not_supported("dryRun", v, kSupported)});
    }
    options.dry_run = true;
  }
  return {};
}

Result<void> from_query(const Query& query, DeleteOptions& options) {
  if (auto v = query_value(query, "gracePeriodSeconds"); v && !v->empty()) {
    auto seconds = parse_integer<std::int64_t>(*v);
    if (!seconds)
      return bad_request("invalid value for query parameter gracePeriodSeconds: \"" + std::string(*v) + "\" is not a number");
    options.grace_seconds = *seconds;
  }
  if (auto v = query_value(query, "propagationPolicy")) options.propagation = TRY(read_policy(*v));
  if (query_value(query, "orphanDependents")) TRY(read_orphan(query_flag(query, "orphanDependents"), options));
  return {};
}

}  // namespace

Result<DeleteOptions> delete_options_of(const Document& document) {
  DeleteOptions options;
  options.document = document;
  if (!document.is_null()) TRY(from_document(document.root(), options));
  return options;
}

Result<DeleteOptions> read_delete_options(const Exchange& exchange) {
  DeleteOptions options;
  if (exchange.request.body.empty()) {
    TRY(from_query(exchange.info.query, options));
  } else {
    std::vector<std::string> duplicates;
    options.document = TRY(read_document(exchange, "meta.v1.DeleteOptions", duplicates));
    const Value& body = options.document.root();
    if (!body.is_object()) return bad_request("the body of a DELETE must be DeleteOptions");
    const std::string_view kind = body["kind"].as_string();
    if (!kind.empty() && kind != "DeleteOptions")
      return bad_request("decoded object cannot be converted to DeleteOptions: it is a " + std::string(kind));
    TRY(from_document(body, options));
  }
  const WriteOptions write = TRY(parse_write_options(exchange.info.query, "DeleteOptions"));
  options.dry_run = options.dry_run || write.dry_run;
  return options;
}

}  // namespace plinth::server
