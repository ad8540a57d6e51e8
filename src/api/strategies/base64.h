// Padded base64, as []byte fields have it in JSON. Decoding: api/go_base64.h.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace plinth::api {

std::string encode_base64(std::string_view bytes);
// Bytes that a valid text decodes to.
std::size_t decoded_size(std::string_view base64);

}  // namespace plinth::api
