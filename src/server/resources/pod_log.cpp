#include "server/resources/pod_log.h"

#include <fmt/format.h>

#include "api/field_error.h"
#include "base/text.h"
#include "base/time_text.h"
#include "server/node_slots.h"
#include "server/object_codec.h"
#include "server/status.h"

namespace plinth::server {
namespace {

Result<std::optional<std::int64_t>> number(const Query& query, std::string_view name) {
  if (!query.has(name)) return std::optional<std::int64_t>();
  const auto value = parse_integer<std::int64_t>(query.get(name));
  if (!value)
    return bad_request(fmt::format("invalid value for query parameter {}: \"{}\" is not a number", name, query.get(name)));
  return value;
}

// Complaints about a PodLogOptions as upstream's validation has them.
Result<void> check_options(std::optional<std::int64_t> since_seconds, bool since_time, std::optional<std::int64_t> tail_lines,
                           std::optional<std::int64_t> limit_bytes, std::string_view stream) {
  api::FieldErrors errors;
  if (tail_lines && *tail_lines < 0)
    errors.push_back(api::field_invalid("tailLines", Value::of(*tail_lines), "must be greater than or equal to 0"));
  if (limit_bytes && *limit_bytes < 1)
    errors.push_back(api::field_invalid("limitBytes", Value::of(*limit_bytes), "must be greater than 0"));
  if (since_seconds && since_time)
    errors.push_back(api::field_forbidden("", "at most one of `sinceTime` or `sinceSeconds` may be specified"));
  else if (since_seconds && *since_seconds < 1)
    errors.push_back(api::field_invalid("sinceSeconds", Value::of(*since_seconds), "must be greater than 0"));
  if (!stream.empty() && stream != "All" && stream != "Stdout" && stream != "Stderr")
    errors.push_back(api::field_invalid("stream", Value::ref(stream), "supported values: \"All\", \"Stderr\", \"Stdout\""));
  if (tail_lines && !stream.empty() && stream != "All")
    errors.push_back(api::field_forbidden("", "`tailLines` and specific `stream` are mutually exclusive for now"));
  if (errors.empty()) return {};
  return api::invalid("", "PodLogOptions", "", errors);
}

std::vector<std::string> names_of(const Value& containers) {
  std::vector<std::string> out;
  for (const Value& c : containers.items()) out.emplace_back(c["name"].as_string());
  return out;
}

Result<PodLogQuery> read_query(const Exchange& exchange, std::int64_t now_ns) {
  const Query& query = exchange.info.query;
  const auto since_seconds = TRY(number(query, "sinceSeconds"));
  const auto tail_lines = TRY(number(query, "tailLines"));
  const auto limit_bytes = TRY(number(query, "limitBytes"));
  const std::string_view stream = query.get("stream"), since_time = query.get("sinceTime");
  TRY(check_options(since_seconds, !since_time.empty(), tail_lines, limit_bytes, stream));
  PodLogQuery out;
  out.name_space = exchange.info.name_space;
  out.pod = exchange.info.name;
  out.container = query.get("container");
  out.follow = query_flag(query, "follow");
  out.previous = query_flag(query, "previous");
  out.timestamps = query_flag(query, "timestamps");
  if (since_seconds) out.since_ns = now_ns - *since_seconds * 1'000'000'000;
  if (!since_time.empty()) {
    const auto time = parse_rfc3339(since_time);
    if (!time) return bad_request(fmt::format("invalid value for query parameter sinceTime: \"{}\" is not a time", since_time));
    out.since_ns = time->wall_ns();
  }
  if (tail_lines) out.tail_lines = static_cast<std::uint64_t>(*tail_lines);
  if (limit_bytes) out.limit_bytes = static_cast<std::uint64_t>(*limit_bytes);
  if (stream == "Stdout" || stream == "Stderr") out.error_output = stream == "Stderr";
  return out;
}

}  // namespace

Result<std::string> choose_container(const Value& pod, std::string_view name, std::string_view asked) {
  const Value spec = pod["spec"];
  if (!asked.empty()) {
    for (const char* list : {"containers", "initContainers", "ephemeralContainers"}) {
      for (const std::string& there : names_of(spec[list])) {
        if (there == asked) return there;
      }
    }
    return bad_request(fmt::format("container {} is not valid for pod {}", asked, name));
  }
  const std::vector<std::string> containers = names_of(spec["containers"]);
  if (containers.size() == 1) return containers[0];
  std::string message =
      fmt::format("a container name must be specified for pod {}, choose one of: [{}]", name, join(containers, " "));
  if (const auto init = names_of(spec["initContainers"]); !init.empty())
    message += fmt::format(" or one of the init containers: [{}]", join(init, " "));
  return bad_request(std::move(message));
}

bool asks_for_pod_log(const RequestInfo& info) {
  return info.group.empty() && info.version == "v1" && info.resource == "pods" && info.subresource == "log" &&
         info.verb == "get" && !info.name_space.empty();
}

void serve_pod_log(ServerContext& context, NodeSlots* node, ExchangePtr exchange) {
  const ResolvedKind kind = context.registry->table()->find("", "v1", "pods");
  auto query = read_query(*exchange, context.clock->wall_ns());
  if (!query.ok()) return exchange->fail(query.error());
  const store::RecordPtr record = context.store->snapshot()->get(object_key(*kind.row, query->name_space, query->pod));
  if (record == nullptr) return exchange->fail(not_found("", "pods", query->pod));
  auto pod = decode_record(*record, type_header("", "v1", "Pod"), false);
  if (!pod.ok()) return exchange->fail(pod.error());
  auto container = choose_container(pod->root(), query->pod, query->container);
  if (!container.ok()) return exchange->fail(container.error());
  query->container = std::move(*container);
  if (node == nullptr) {
    return exchange->fail(
        Error(Reason::kServiceUnavailable, "the subresource pods/log needs a node, and this server runs without one"));
  }
  // Nothing was ever said by a pod that has no node.
  if ((*pod)["spec"]["nodeName"].as_string().empty()) return exchange->reply_text(200, "text/plain", "");
  node->serve_log(std::move(*query), std::move(exchange));
}

}  // namespace plinth::server
