// Content addresses of OCI (image-spec descriptor.md): "sha256:" and 64 hexadecimal digits.
#pragma once

#include <string>
#include <string_view>

namespace plinth::oci {

std::string sha256_digest(std::string_view content);
// Whether it is written as a digest that this program can verify: "sha256:" and 64 digits in lower case.
bool is_digest(std::string_view text);

}  // namespace plinth::oci
