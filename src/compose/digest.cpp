#include "compose/digest.h"

#include <fmt/format.h>
#include <openssl/sha.h>

namespace plinth::compose {

std::string sha256(std::string_view text) {
  std::string out(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), reinterpret_cast<unsigned char*>(out.data()));
  return out;
}

std::uint64_t fnv64a(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ull;
  for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  return hash;
}

std::string hex16(std::uint64_t value) { return fmt::format("{:016x}", value); }

}  // namespace plinth::compose
