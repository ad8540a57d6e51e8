#include "oci/digest.h"

#include <openssl/sha.h>

#include "base/hex.h"

namespace plinth::oci {
namespace {

constexpr std::string_view kPrefix = "sha256:";

}  // namespace

std::string sha256_digest(std::string_view content) {
  unsigned char hash[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(content.data()), content.size(), hash);
  return std::string(kPrefix) + hex_encode({reinterpret_cast<const char*>(hash), sizeof hash});
}

bool is_digest(std::string_view text) {
  constexpr std::size_t kDigits = 64;
  return text.size() == kPrefix.size() + kDigits && text.starts_with(kPrefix) &&
         text.find_first_not_of("0123456789abcdef", kPrefix.size()) == std::string_view::npos;
}

}  // namespace plinth::oci
