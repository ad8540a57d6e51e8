#include "net/grpc/grpc_status.h"

#include <array>
#include <charconv>
#include <limits>

#include <fmt/core.h>

namespace plinth::net {
namespace {

constexpr std::array<std::string_view, 17> kNames = {
    "OK",       "Canceled",       "Unknown",          "InvalidArgument",   "DeadlineExceeded",
    "NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
    "Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
    "DataLoss", "Unauthenticated"};

Reason reason_of(GrpcCode code) {
  switch (code) {
    case GrpcCode::kInvalidArgument:
    case GrpcCode::kOutOfRange:
      return Reason::kBadRequest;
    case GrpcCode::kDeadlineExceeded:
    case GrpcCode::kCancelled:
      return Reason::kTimeout;
    case GrpcCode::kNotFound:
      return Reason::kNotFound;
    case GrpcCode::kAlreadyExists:
      return Reason::kAlreadyExists;
    case GrpcCode::kPermissionDenied:
      return Reason::kForbidden;
    case GrpcCode::kResourceExhausted:
      return Reason::kTooManyRequests;
    case GrpcCode::kFailedPrecondition:
    case GrpcCode::kAborted:
      return Reason::kConflict;
    case GrpcCode::kUnimplemented:
      return Reason::kMethodNotAllowed;
    case GrpcCode::kUnavailable:
      return Reason::kServiceUnavailable;
    case GrpcCode::kUnauthenticated:
      return Reason::kUnauthorized;
    default:
      return Reason::kInternalError;
  }
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

struct Unit {
  char letter;
  std::int64_t ns;
};
constexpr std::array<Unit, 6> kUnits = {
    {{'n', 1}, {'u', 1'000}, {'m', 1'000'000}, {'S', 1'000'000'000}, {'M', 60'000'000'000}, {'H', 3'600'000'000'000}}};
constexpr std::int64_t kTimeoutValueMax = 99'999'999;

}  // namespace

std::string_view grpc_code_name(GrpcCode code) { return kNames[static_cast<std::size_t>(code)]; }

GrpcCode parse_grpc_code(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value >= kNames.size()) return GrpcCode::kUnknown;
  return static_cast<GrpcCode>(value);
}

GrpcCode code_of_http_status(int status) {
  switch (status) {
    case 400:
      return GrpcCode::kInternal;
    case 401:
      return GrpcCode::kUnauthenticated;
    case 403:
      return GrpcCode::kPermissionDenied;
    case 404:
      return GrpcCode::kUnimplemented;
    case 429:
    case 502:
    case 503:
    case 504:
      return GrpcCode::kUnavailable;
    default:
      return GrpcCode::kUnknown;
  }
}

Error to_error(const GrpcStatus& status) {
  return Error(reason_of(status.code),
               fmt::format("rpc error: code = {} desc = {}", grpc_code_name(status.code), status.message));
}

std::string percent_encode(std::string_view message) {
  std::string out;
  out.reserve(message.size());
  for (const char c : message) {
    if (c >= ' ' && c <= '~' && c != '%')
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low < 0) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

std::string print_timeout(Duration timeout) {
  const std::int64_t ns = std::max<std::int64_t>(timeout.count(), 0);
  for (const Unit& unit : kUnits) {
    const std::int64_t value = ns / unit.ns + (ns % unit.ns != 0 ? 1 : 0);
    if (value <= kTimeoutValueMax) return fmt::format("{}{}", value, unit.letter);
  }
  return fmt::format("{}H", kTimeoutValueMax);
}

std::optional<Duration> parse_timeout(std::string_view text) {
  if (text.size() < 2 || text.size() > 9) return std::nullopt;
  std::int64_t value = 0;
  const char* last = text.data() + text.size() - 1;
  const auto [end, error] = std::from_chars(text.data(), last, value);
  if (error != std::errc() || end != last || value < 0) return std::nullopt;
  for (const Unit& unit : kUnits) {
    if (unit.letter != *last) continue;
    if (value > std::numeric_limits<std::int64_t>::max() / unit.ns) return Duration::max();
    return Duration(value * unit.ns);
  }
  return std::nullopt;
}

}  // namespace plinth::net
