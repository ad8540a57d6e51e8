#include "world_real/posix_error.h"

#include <cerrno>
#include <system_error>

#include <fmt/core.h>

namespace plinth::world_real {
namespace {

Reason reason_of(int error_number) {
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
      return Reason::kNotFound;
    case EEXIST:
      return Reason::kAlreadyExists;
    case EACCES:
    case EPERM:
    case EROFS:
      return Reason::kForbidden;
    case EADDRINUSE:
    case EWOULDBLOCK:
      return Reason::kConflict;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return Reason::kInsufficientStorage;
    case ECONNREFUSED:
    case ECONNRESET:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EADDRNOTAVAIL:
    case EMFILE:
    case ENFILE:
      return Reason::kServiceUnavailable;
    case ETIMEDOUT:
      return Reason::kTimeout;
    default:
      return Reason::kInternalError;
  }
}

}  // namespace

Error posix_error(std::string_view what, int error_number) {
  return Error(reason_of(error_number), fmt::format("{}: {}", what, std::generic_category().message(error_number)));
}

}  // namespace plinth::world_real
