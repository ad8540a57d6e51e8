// Errors as values. Every fallible function returns Result<T>; exceptions end at the border of the
// library that throws them.
#pragma once

#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plinth {

// The reasons of Kubernetes' Status (apimachinery metav1.StatusReason), plus kNone for errors that never
// reach a client as such.
enum class Reason : std::uint8_t {
  kNone,
  kUnauthorized,
  kForbidden,
  kNotFound,
  kAlreadyExists,
  kConflict,
  kGone,
  kInvalid,
  kServerTimeout,
  kStoreReadError,
  kTimeout,
  kTooManyRequests,
  kBadRequest,
  kMethodNotAllowed,
  kNotAcceptable,
  kRequestEntityTooLarge,
  kUnsupportedMediaType,
  kInternalError,
  kExpired,
  kServiceUnavailable,
  kInsufficientStorage,  // 507: the store's ceiling or the disk is full
};

// The spelling used in Status.reason ("" for kNone) and the HTTP code that goes with it.
std::string_view reason_name(Reason reason);
int reason_http_code(Reason reason);

// One entry of Status.details.causes. `type` is a CauseType such as FieldValueInvalid.
struct Cause {
  std::string type;
  std::string message;
  std::string field;
};

// Status.details. `kind` is the plural resource for most reasons, the Kind for Invalid.
struct ErrorDetails {
  std::string name;
  std::string group;
  std::string kind;
  std::string uid;
  std::vector<Cause> causes;
  std::int32_t retry_after_seconds = 0;
  // Status.metadata.continue: of an expired list, how to go on at the latest state.
  std::string continue_token;
};

// An error as it would be told to a client: reason, message and details. Small (one pointer), move-only.
// The message names the object, the field path, the value and the next action; it never holds a secret.
class [[nodiscard]] Error {
 public:
  Error(Reason reason, std::string message);

  Reason reason() const { return body_->reason; }
  // HTTP code: that of the reason unless set_code() overrode it.
  int code() const;
  const std::string& message() const { return body_->message; }
  const ErrorDetails& details() const { return body_->details; }
  ErrorDetails& mutable_details() { return body_->details; }

  Error& set_code(int code);
  Error& set_message(std::string message);
  Error& add_cause(std::string type, std::string message, std::string field);
  // A copy; explicit, because errors are meant to travel to one place.
  Error clone() const;
  // Ends the program (abort) with the message on stderr: for who takes the value of a result that is an error. A bug of the
  // caller, which would otherwise go on with whatever bytes stand there.
  [[noreturn]] void abort_unchecked() const;

 private:
  struct Body {
    Reason reason;
    int code = 0;
    std::string message;
    ErrorDetails details;
  };
  std::unique_ptr<Body> body_;
};

// The common ones, so that messages are spelled once.
Error bad_request(std::string message);
Error internal_error(std::string message);

// A value or an Error. To take the value of an error ends the program.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : ok_(true) { new (&value_) T(std::move(value)); }           // NOLINT(google-explicit-constructor)
  Result(Error error) : ok_(false) { new (&error_) Error(std::move(error)); }  // NOLINT(google-explicit-constructor)
  Result(Result&& other) noexcept : ok_(other.ok_) {
    if (ok_)
      new (&value_) T(std::move(other.value_));
    else
      new (&error_) Error(std::move(other.error_));
  }
  Result& operator=(Result&& other) noexcept {
    if (this != &other) {
      this->~Result();
      new (this) Result(std::move(other));
    }
    return *this;
  }
  ~Result() {
    if (ok_)
      value_.~T();
    else
      error_.~Error();
  }

  bool ok() const { return ok_; }
  explicit operator bool() const { return ok_; }
  T& value() & { return checked(), value_; }
  const T& value() const& { return checked(), value_; }
  T&& value() && { return checked(), std::move(value_); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  Error& error() & { return error_; }
  const Error& error() const& { return error_; }
  Error&& error() && { return std::move(error_); }

 private:
  void checked() const {
    if (!ok_) [[unlikely]]
      error_.abort_unchecked();
  }

  bool ok_;
  union {
    T value_;
    Error error_;
  };
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::make_unique<Error>(std::move(error))) {}  // NOLINT(google-explicit-constructor)
  bool ok() const { return error_ == nullptr; }
  explicit operator bool() const { return ok(); }
  void value() const {
    if (!ok()) [[unlikely]]
      error_->abort_unchecked();
  }
  Error& error() & { return *error_; }
  const Error& error() const& { return *error_; }
  Error&& error() && { return std::move(*error_); }

 private:
  std::unique_ptr<Error> error_;
};

// Passes an error up, or yields the value:  auto doc = TRY(parse_json(text));
#define TRY(expression)                                           \
  ({                                                              \
    auto try_result_ = (expression);                              \
    if (!try_result_.ok()) return std::move(try_result_).error(); \
    std::move(try_result_).value();                               \
  })

}  // namespace plinth
