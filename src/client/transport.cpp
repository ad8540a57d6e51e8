#include "client/transport.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/json.h"

namespace plinth::client {
namespace {

Reason reason_of(std::string_view name, int code) {
  for (int i = 0; i <= static_cast<int>(Reason::kInsufficientStorage); ++i) {
    if (reason_name(static_cast<Reason>(i)) == name && !name.empty()) return static_cast<Reason>(i);
  }
  return code == 404 ? Reason::kNotFound : code == 409 ? Reason::kConflict : Reason::kNone;
}

Result<void> check_allowed(const Value& review) {
  if (review["status"]["allowed"].as_bool()) return {};
  const Value asked = review["spec"]["resourceAttributes"];
  return Error(Reason::kForbidden,
               fmt::format("{} may not {} {}/{}", review["spec"]["user"].as_string(), asked["verb"].as_string(),
                           asked["resource"].as_string(), asked["subresource"].as_string()));
}

}  // namespace

Result<void> check_response(const Response& response) {
  if (response.status < 300) return {};
  auto status = parse_json(response.body);
  std::string message = "the server answered with code " + std::to_string(response.status);
  Reason reason = reason_of("", response.status);
  if (status.ok() && (*status)["kind"].as_string() == "Status") {
    reason = reason_of((*status)["reason"].as_string(), response.status);
    message = (*status)["message"].as_string();
  }
  Error error(reason, std::move(message));
  error.set_code(response.status);
  return error;
}

Result<void> check_response(const Response& response, Check check, const std::string& check_uid) {
  // Of a list: the kind itself is gone.
  const bool wants_nothing = check == Check::kAbsent || check == Check::kEmpty;
  if (wants_nothing && response.status == 404) return {};
  TRY(check_response(response));
  if (check == Check::kNone) return {};
  Document answer = TRY(parse_json(response.body));
  if (check == Check::kAbsent && answer["metadata"]["uid"].as_string() != check_uid) return {};
  if (check == Check::kEmpty && answer["items"].size() == 0) return {};
  if (check == Check::kLive) {
    const Value metadata = answer["metadata"];
    if (metadata["uid"].as_string() == check_uid && metadata.find("deletionTimestamp") == nullptr) return {};
    return Error(Reason::kConflict, "it is being deleted, or another one has its name");
  }
  if (check == Check::kAllowed) return check_allowed(answer.root());
  return Error(Reason::kConflict, check == Check::kAbsent ? "it is there after all" : "there are some after all");
}

Result<std::string> text_of_answer(const Response& response, std::string_view path) {
  const Document answer = TRY(parse_json(response.body));
  Value found = answer.root();
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t dot = std::min(path.find('.', at), path.size());
    found = found[path.substr(at, dot - at)];
    at = dot + 1;
  }
  if (found.as_string().empty()) return Error(Reason::kNone, "the answer has no " + std::string(path));
  return std::string(found.as_string());
}

}  // namespace plinth::client
