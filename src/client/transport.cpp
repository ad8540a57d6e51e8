#include "client/transport.h"

#include "base/json.h"

namespace plinth::client {
namespace {

Reason reason_of(std::string_view name, int code) {
  for (int i = 0; i <= static_cast<int>(Reason::kInsufficientStorage); ++i) {
    if (reason_name(static_cast<Reason>(i)) == name && !name.empty()) return static_cast<Reason>(i);
  }
  return code == 404 ? Reason::kNotFound : code == 409 ? Reason::kConflict : Reason::kNone;
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

}  // namespace plinth::client
