#include "base/result.h"

#include <cstdio>
#include <cstdlib>

namespace plinth {
namespace {

struct ReasonRow {
  std::string_view name;
  int code;
};

constexpr ReasonRow kReasons[] = {
    {"", 500},
    {"Unauthorized", 401},
    {"Forbidden", 403},
    {"NotFound", 404},
    {"AlreadyExists", 409},
    {"Conflict", 409},
    {"Gone", 410},
    {"Invalid", 422},
    {"ServerTimeout", 500},
    {"StorageReadError", 500},
    {"Timeout", 504},
    {"TooManyRequests", 429},
    {"BadRequest", 400},
    {"MethodNotAllowed", 405},
    {"NotAcceptable", 406},
    {"RequestEntityTooLarge", 413},
    {"UnsupportedMediaType", 415},
    {"InternalError", 500},
    {"Expired", 410},
    {"ServiceUnavailable", 503},
    {"InsufficientStorage", 507},
};
static_assert(std::size(kReasons) == static_cast<std::size_t>(Reason::kInsufficientStorage) + 1);

const ReasonRow& row(Reason reason) { return kReasons[static_cast<std::size_t>(reason)]; }

}  // namespace

std::string_view reason_name(Reason reason) { return row(reason).name; }
int reason_http_code(Reason reason) { return row(reason).code; }

Error::Error(Reason reason, std::string message) : body_(std::make_unique<Body>()) {
  body_->reason = reason;
  body_->message = std::move(message);
}

int Error::code() const { return body_->code != 0 ? body_->code : reason_http_code(body_->reason); }

Error& Error::set_code(int code) {
  body_->code = code;
  return *this;
}

Error& Error::set_message(std::string message) {
  body_->message = std::move(message);
  return *this;
}

Error& Error::add_cause(std::string type, std::string message, std::string field) {
  body_->details.causes.push_back({std::move(type), std::move(message), std::move(field)});
  return *this;
}

Error Error::clone() const {
  Error copy(body_->reason, body_->message);
  *copy.body_ = *body_;
  return copy;
}

[[gnu::cold]] void Error::abort_unchecked() const {
  const char* message = body_ == nullptr ? "(the error was moved away)" : body_->message.c_str();
  std::fprintf(stderr, "the value of a result was taken that is an error: %s\n", message);
  std::abort();
}

Error bad_request(std::string message) { return Error(Reason::kBadRequest, std::move(message)); }

Error internal_error(std::string message) {
  return Error(Reason::kInternalError, "Internal error occurred: " + std::move(message));
}

}  // namespace plinth
