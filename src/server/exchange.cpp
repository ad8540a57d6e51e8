#include "server/exchange.h"

#include <algorithm>

#include "base/json.h"
#include "base/yaml.h"
#include "server/flow/flow_schema.h"
#include "server/protobuf_answer.h"
#include "server/status.h"

namespace plinth::server {
namespace {

bool wants_pretty(const Exchange& exchange) {
  if (query_value(exchange.info.query, "pretty")) return query_flag(exchange.info.query, "pretty");
  std::string_view agent = exchange.request.headers.get("user-agent");
  return agent.substr(0, 4) == "curl" || agent.substr(0, 4) == "Wget" || agent.substr(0, 11) == "Mozilla/5.0";
}

std::size_t utf8_cut(std::string_view text, std::size_t max) {
  if (text.size() <= max) return text.size();
  while (max > 0 && (static_cast<unsigned char>(text[max]) & 0xC0) == 0x80) --max;
  return max;
}

}  // namespace

std::vector<std::string> warning_headers(const std::vector<std::string>& warnings) {
  constexpr std::size_t kTotalMax = 4096, kEachMax = 256;
  std::size_t total = 0;
  for (const std::string& w : warnings) total += w.size();
  std::vector<std::string> out;
  for (const std::string& w : warnings) {
    std::string_view text = total > kTotalMax ? std::string_view(w).substr(0, utf8_cut(w, kEachMax)) : std::string_view(w);
    std::string value = "299 - \"";
    for (char c : text) {
      if (c == '"' || c == '\\') value += '\\';
      value += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
    }
    out.push_back(value + "\"");
  }
  return out;
}

void Exchange::warn(std::string text) {
  if (std::find(warnings_.begin(), warnings_.end(), text) == warnings_.end()) warnings_.push_back(std::move(text));
}

net::HttpResponse Exchange::head(int status, std::string content_type) {
  if (metrics != nullptr) {
    metrics->count_request(info.verb, info.resource, status);
    if (!info.is_watch) metrics->observe_duration(info.verb, Duration(clock->monotonic_ns() - started_ns));
  }
  net::HttpResponse response;
  response.status = status;
  response.headers.add("content-type", std::move(content_type));
  response.headers.add("audit-id", audit_id_);
  response.headers.add("cache-control", "no-cache, private");
  if (flow != nullptr && !flow->schema_uid.empty()) {
    response.headers.add("x-kubernetes-pf-flowschema-uid", flow->schema_uid);
    response.headers.add("x-kubernetes-pf-prioritylevel-uid", flow->level_uid);
  }
  for (std::string& value : warning_headers(warnings_)) response.headers.add("warning", std::move(value));
  return response;
}

void Exchange::fail(const Error& error) {
  const bool binary = negotiate_status(request.headers.get("accept")).protobuf;
  auto status = binary ? protobuf_answer(status_json(error)) : Result<std::string>(status_json(error));
  if (!status.ok()) return reply_text(500, "text/plain; charset=utf-8", status.error().message());
  net::HttpResponse response = head(error.code(), std::string(binary ? kProtobufType : "application/json"));
  if (error.details().retry_after_seconds > 0) {
    response.headers.add("retry-after", std::to_string(error.details().retry_after_seconds));
  }
  if (error.code() == 401) response.headers.add("www-authenticate", "Bearer");
  response.body.push_back(SharedBytes(std::move(*status)));
  responder->send(std::move(response));
}

void Exchange::reply(int status, ByteChain json, const Accepted& accepted) {
  if (accepted.protobuf) {
    auto answer = protobuf_answer(flatten(json));
    if (!answer.ok()) return fail(answer.error());
    return reply_bytes(status, std::string(kProtobufType), {SharedBytes(std::move(*answer))});
  }
  const bool pretty = accepted.pretty || wants_pretty(*this);
  if (!pretty && !accepted.yaml) {
    return reply_bytes(status, "application/json", std::move(json));
  }
  auto document = parse_json(flatten(json));
  if (!document.ok()) return fail(internal_error("an answer could not be printed: " + document.error().message()));
  net::HttpResponse response = head(status, accepted.yaml ? "application/yaml" : "application/json");
  response.body.push_back(SharedBytes(accepted.yaml ? to_yaml(document->root()) : to_pretty_json(document->root()) + "\n"));
  responder->send(std::move(response));
}

void Exchange::reply_bytes(int status, std::string content_type, ByteChain body) {
  net::HttpResponse response = head(status, std::move(content_type));
  response.body = std::move(body);
  responder->send(std::move(response));
}

void Exchange::reply_text(int status, std::string content_type, std::string body) {
  reply_bytes(status, std::move(content_type), {SharedBytes(std::move(body))});
}

}  // namespace plinth::server
