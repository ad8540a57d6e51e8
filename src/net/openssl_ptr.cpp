#include "net/openssl_ptr.h"

#include <fmt/core.h>

namespace plinth::net {

Error openssl_error(std::string_view what) {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return Error(Reason::kInternalError, fmt::format("{}: {}", what, reason == nullptr ? "failed" : reason));
}

std::string bio_text(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

}  // namespace plinth::net
