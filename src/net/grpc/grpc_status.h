// How a gRPC call ended, and how that is written in headers (grpc/doc/PROTOCOL-HTTP2.md, statuscodes.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/world.h"

namespace plinth::net {

enum class GrpcCode : std::uint8_t {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

struct GrpcStatus {
  GrpcCode code = GrpcCode::kOk;
  std::string message;
  bool ok() const { return code == GrpcCode::kOk; }
};

// "DeadlineExceeded", as gRPC's own tools print it.
std::string_view grpc_code_name(GrpcCode code);
// A code beyond 16 or no number at all is Unknown.
GrpcCode parse_grpc_code(std::string_view text);
// What an HTTP status means when no grpc-status came (http-grpc-status-mapping.md).
GrpcCode code_of_http_status(int status);
// The nearest reason; the message says the code: "rpc error: code = NotFound desc = ...".
Error to_error(const GrpcStatus& status);

// The value of grpc-message: everything outside printable ASCII, and '%', as %XX.
std::string percent_encode(std::string_view message);
// Never fails: what is no valid escape stays as it is.
std::string percent_decode(std::string_view text);

// The value of grpc-timeout: at most eight digits and a unit, rounded up.
std::string print_timeout(Duration timeout);
std::optional<Duration> parse_timeout(std::string_view text);

}  // namespace plinth::net
