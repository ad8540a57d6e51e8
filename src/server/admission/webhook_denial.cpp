#include "server/admission/webhook_denial.h"

#include <algorithm>

#include "base/quoted.h"

namespace plinth::server {
namespace {

// kNone for reasons that are no Kubernetes' own.
Reason reason_named(std::string_view name) {
  for (int i = 0; i <= static_cast<int>(Reason::kInsufficientStorage); ++i) {
    if (!name.empty() && reason_name(static_cast<Reason>(i)) == name) return static_cast<Reason>(i);
  }
  return Reason::kNone;
}

void take_details(Error& error, const Value& details) {
  ErrorDetails& out = error.mutable_details();
  out.name = details["name"].as_string();
  out.group = details["group"].as_string();
  out.kind = details["kind"].as_string();
  out.uid = details["uid"].as_string();
  out.retry_after_seconds =
      static_cast<std::int32_t>(std::clamp<std::int64_t>(details["retryAfterSeconds"].as_int(), 0, INT32_MAX));
  for (const Value& cause : details["causes"].items()) {
    error.add_cause(std::string(cause["reason"].as_string()), std::string(cause["message"].as_string()),
                    std::string(cause["field"].as_string()));
  }
}

}  // namespace

Error webhook_denial(std::string_view webhook, const Value& status) {
  std::string message = "admission webhook " + quoted(webhook) + " denied the request";
  const std::string_view said = status["message"].as_string();
  const std::string_view reason = status["reason"].as_string();
  if (!said.empty())
    message += ": " + std::string(said);
  else if (!reason.empty())
    message += ": " + std::string(reason);
  else
    message += " without explanation";
  const std::int64_t code = status["code"].as_int();
  Error error(reason_named(reason), std::move(message));
  error.set_code(code >= 400 && code < 600 ? static_cast<int>(code) : 400);
  take_details(error, status["details"]);
  return error;
}

}  // namespace plinth::server
