#include "server/request_info.h"

#include <algorithm>

#include "api/field_error.h"
#include "base/quoted.h"
#include "base/text.h"
#include "base/time_text.h"

namespace plinth::server {
namespace {

std::vector<std::string> split_path(std::string_view path) {
  std::vector<std::string> parts;
  std::size_t start = 0;
  while (start <= path.size()) {
    std::size_t slash = path.find('/', start);
    std::size_t end = slash == std::string_view::npos ? path.size() : slash;
    if (end > start) parts.emplace_back(path.substr(start, end - start));
    if (slash == std::string_view::npos) break;
    start = slash + 1;
  }
  return parts;
}

// `namespaces/X/status` and `namespaces/X/finalize` belong to the namespace; everything else below a namespace is a resource in
// it.
void fill_resource(RequestInfo& info, std::vector<std::string> parts) {
  if (!parts.empty() && parts[0] == "watch") {
    info.is_watch = true;
    parts.erase(parts.begin());
  }
  if (parts.size() > 1 && parts[0] == "namespaces") {
    info.name_space = parts[1];
    const bool own_subresource = parts.size() == 3 && (parts[2] == "status" || parts[2] == "finalize");
    if (parts.size() > 2 && !own_subresource) parts.erase(parts.begin(), parts.begin() + 2);
  }
  if (parts.empty()) {
    info.is_resource = false;
    return;
  }
  info.resource = parts[0];
  if (parts.size() > 1) info.name = parts[1];
  if (parts.size() > 2) info.subresource = parts[2];
  for (std::size_t i = 3; i < parts.size(); ++i) info.rest += "/" + parts[i];
  if (info.resource == "namespaces" && !info.name.empty()) info.name_space = info.name;
}

void fill_verb(RequestInfo& info) {
  const std::string& m = info.method;
  const bool named = !info.name.empty();
  if (m == "POST")
    info.verb = "create";
  else if (m == "PUT")
    info.verb = "update";
  else if (m == "PATCH")
    info.verb = "patch";
  else if (m == "DELETE")
    info.verb = named ? "delete" : "deletecollection";
  else if (m == "GET" || m == "HEAD") {
    const bool watch = info.is_watch || (info.subresource.empty() && query_flag(info.query, "watch"));
    info.is_watch = watch;
    info.verb = watch ? "watch" : named ? "get" : "list";
  }
}

}  // namespace

std::optional<std::string_view> query_value(const Query& query, std::string_view name) {
  if (!query.has(name)) return std::nullopt;
  return query.get(name);
}

bool query_flag(const Query& query, std::string_view name) {
  auto value = query_value(query, name);
  if (!value) return false;
  const std::string v = to_lower(*value);
  return !(v.empty() || v == "0" || v == "false");
}

Result<RequestInfo> parse_request_info(std::string_view method, std::string_view target) {
  RequestInfo info;
  info.method = method;
  const std::size_t mark = target.find('?');
  auto path = percent_decode(target.substr(0, mark));
  if (!path) return bad_request("the path of the request has a malformed escape");
  info.path = std::move(*path);
  if (mark != std::string_view::npos) {
    auto query = Query::parse(target.substr(mark + 1));
    if (!query) return bad_request("the query of the request has a malformed escape");
    info.query = std::move(*query);
  }
  while (info.path.size() > 1 && info.path.back() == '/') info.path.pop_back();

  std::vector<std::string> parts = split_path(info.path);
  if (parts.size() >= 3 && parts[0] == "api") {
    info.is_resource = true;
    info.version = parts[1];
    parts.erase(parts.begin(), parts.begin() + 2);
  } else if (parts.size() >= 4 && parts[0] == "apis") {
    info.is_resource = true;
    info.group = parts[1];
    info.version = parts[2];
    parts.erase(parts.begin(), parts.begin() + 3);
  }
  if (info.is_resource) fill_resource(info, std::move(parts));
  if (info.is_resource)
    fill_verb(info);
  else
    info.verb = to_lower(method);
  return info;
}

bool is_long_running(const RequestInfo& info) {
  constexpr std::string_view kSubresources[] = {"attach", "exec", "log", "portforward", "proxy"};
  return info.is_watch ||
         std::find(std::begin(kSubresources), std::end(kSubresources), info.subresource) != std::end(kSubresources);
}

Result<void> check_request_timeout(const RequestInfo& info) {
  if (is_long_running(info)) return {};
  auto value = query_value(info.query, "timeout");
  if (!value || value->empty() || parse_duration(*value)) return {};
  return bad_request("invalid timeout specified in the request URL - time: invalid duration " + quoted(*value));
}

Result<WriteOptions> parse_write_options(const Query& query, std::string_view what) {
  WriteOptions options;
  api::FieldErrors errors;
  for (const auto& [key, value] : query.parameters()) {
    if (key != "dryRun" || value.empty()) continue;
    static constexpr std::string_view kSupported[] = {"All"};
    if (value == "All")
      options.dry_run = true;
    else
      errors.push_back(api::field_not_supported("dryRun", Value::ref(value), kSupported));
  }
  if (auto value = query_value(query, "fieldValidation"); value && !value->empty()) {
    static constexpr std::string_view kSupported[] = {"Ignore", "Strict", "Warn"};
    if (*value == "Ignore")
      options.field_validation = FieldValidation::kIgnore;
    else if (*value == "Strict")
      options.field_validation = FieldValidation::kStrict;
    else if (*value != "Warn")
      errors.push_back(api::field_not_supported("fieldValidation", Value::ref(*value), kSupported));
  }
  if (auto value = query_value(query, "fieldManager")) options.field_manager = *value;
  constexpr std::size_t kManagerBytesMax = 128;
  if (options.field_manager.size() > kManagerBytesMax) errors.push_back(api::field_too_long("fieldManager", kManagerBytesMax));
  for (char c : options.field_manager) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      errors.push_back(api::field_invalid("fieldManager", options.field_manager, "should only contain printable characters"));
      break;
    }
  }
  if (query_value(query, "force")) options.force = query_flag(query, "force");
  if (!errors.empty()) return api::invalid("meta.k8s.io", what, "", errors);
  return options;
}

std::string manager_name(std::string_view field_manager, std::string_view user_agent) {
  if (!field_manager.empty()) return std::string(field_manager);
  std::string name(user_agent.substr(0, user_agent.find('/')));
  name.erase(std::remove_if(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }),
             name.end());
  constexpr std::size_t kManagerBytesMax = 128;
  if (name.size() > kManagerBytesMax) name.resize(kManagerBytesMax);
  return name.empty() ? "unknown" : name;
}

}  // namespace plinth::server
