// Padded base64, as []byte fields have it in JSON.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace plinth::api {

std::string encode_base64(std::string_view bytes);
std::optional<std::string> decode_base64(std::string_view text);
// Bytes that a valid text decodes to.
std::size_t decoded_size(std::string_view base64);

}  // namespace plinth::api
