// SHA-256 and comparison without a timing leak. OpenSSL is behind this header.
#pragma once

#include <array>
#include <string_view>

namespace plinth::server::auth {

using Sha256 = std::array<unsigned char, 32>;

Sha256 sha256(std::string_view bytes);
Sha256 hmac_sha256(std::string_view key, std::string_view bytes);

inline std::string_view as_text(const Sha256& digest) { return {reinterpret_cast<const char*>(digest.data()), digest.size()}; }

// Takes as long whether they differ early, late or not at all (their lengths are no secret).
bool equal_constant_time(std::string_view a, std::string_view b);

}  // namespace plinth::server::auth
