#include "server/list_options.h"

#include "api/field_error.h"
#include "base/base64.h"
#include "base/json.h"
#include "base/text.h"

namespace plinth::server {
namespace {

Error bad_number(std::string_view name, std::string_view value) {
  return bad_request("invalid value for query parameter " + std::string(name) + ": \"" + std::string(value) +
                     "\" is not a number");
}

Result<std::int64_t> read_int(const Query& query, std::string_view name) {
  auto value = query_value(query, name);
  if (!value || value->empty()) return std::int64_t{0};
  auto parsed = parse_integer<std::int64_t>(*value);
  if (!parsed) return bad_number(name, *value);
  return *parsed;
}

void check_match(const ListOptions& o, bool match_given, api::FieldErrors& errors) {
  if (!match_given) return;
  if (!o.revision_set && !o.send_initial_events) {
    errors.push_back(
        api::field_forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided"));
  }
  if (!o.continue_token.empty()) {
    errors.push_back(
        api::field_forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided"));
  }
  if (o.match == VersionMatch::kExact && o.revision_set && o.revision == 0) {
    errors.push_back(
        api::field_forbidden("resourceVersionMatch", "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""));
  }
}

void check_initial_events(const ListOptions& o, bool watch, api::FieldErrors& errors) {
  if (!o.send_initial_events) {
    if (watch && o.match != VersionMatch::kUnset) {
      errors.push_back(api::field_forbidden(
          "resourceVersionMatch", "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"));
    }
    return;
  }
  if (!watch) {
    errors.push_back(api::field_forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
    return;
  }
  if (o.match != VersionMatch::kNotOlderThan) {
    errors.push_back(api::field_forbidden("resourceVersionMatch",
                                          "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"));
  }
}

}  // namespace

Result<ListOptions> parse_list_options(const Query& query, bool watch) {
  ListOptions o;
  if (auto v = query_value(query, "labelSelector")) o.label_selector = *v;
  if (auto v = query_value(query, "fieldSelector")) o.field_selector = *v;
  if (auto v = query_value(query, "continue")) o.continue_token = *v;
  o.limit = TRY(read_int(query, "limit"));
  if (auto v = query_value(query, "timeoutSeconds"); v && !v->empty())
    o.timeout_seconds = TRY(read_int(query, "timeoutSeconds"));
  o.bookmarks = query_flag(query, "allowWatchBookmarks");
  if (auto v = query_value(query, "sendInitialEvents"); v && !v->empty())
    o.send_initial_events = query_flag(query, "sendInitialEvents");
  api::FieldErrors errors;
  if (auto v = query_value(query, "resourceVersion"); v && !v->empty()) {
    auto parsed = parse_integer<std::uint64_t>(*v);
    if (!parsed) {
      errors.push_back(
          api::field_invalid("resourceVersion", *v, "strconv.ParseUint: parsing \"" + std::string(*v) + "\": invalid syntax"));
      return api::invalid("", "ListOptions", "", errors);
    }
    o.revision_set = true;
    o.revision = *parsed;
  }
  bool match_given = false;
  if (auto v = query_value(query, "resourceVersionMatch"); v && !v->empty()) {
    match_given = true;
    static constexpr std::string_view kSupported[] = {"Exact", "NotOlderThan"};
    if (*v == "NotOlderThan")
      o.match = VersionMatch::kNotOlderThan;
    else if (*v == "Exact")
      o.match = VersionMatch::kExact;
    else
      errors.push_back(api::field_not_supported("resourceVersionMatch", Value::ref(*v), kSupported));
  }
  check_match(o, match_given, errors);
  check_initial_events(o, watch, errors);
  if (!errors.empty()) return api::invalid("meta.k8s.io", "ListOptions", "", errors);
  if (!o.continue_token.empty() && o.revision_set && o.revision != 0) {
    return bad_request("specifying resource version is not allowed when using continue");
  }
  if (o.limit < 0) return bad_request("limit must not be negative");
  return o;
}

std::string encode_continue(const ContinueToken& token) {
  std::string text = R"({"v":"meta.k8s.io/v1","rv":)";
  text += token.revision == 0 ? "-1" : std::to_string(token.revision);
  text += ",\"start\":";
  append_json_string(text, token.start);
  text += '}';
  return base64_encode(text, Base64::kUrl, Base64Padding::kUnpadded);
}

Result<ContinueToken> decode_continue(std::string_view text) {
  auto invalid = [](std::string_view why) { return bad_request("continue key is not valid: " + std::string(why)); };
  auto raw = base64_decode(text, Base64::kUrl, Base64Padding::kUnpadded);
  if (!raw) return invalid("it is not base64url");
  auto parsed = parse_json(*raw);
  if (!parsed.ok()) return invalid("it does not hold JSON");
  const Value& root = parsed->root();
  if (root["v"].as_string() != "meta.k8s.io/v1") return invalid("server does not recognize this encoded version");
  ContinueToken token;
  std::int64_t revision = root["rv"].as_int();
  if (revision == 0 || revision < -1) return invalid("incorrect encoded start resourceVersion");
  token.revision = revision < 0 ? 0 : static_cast<store::Revision>(revision);
  token.start = root["start"].as_string();
  if (token.start.empty()) return invalid("encoded start key empty");
  if (token.start.find("..") != std::string::npos || token.start.front() == '/')
    return invalid("encoded start key is not a key");
  return token;
}

}  // namespace plinth::server
