// The string formats that schemas may demand.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace plinth::api {

// Formats of OpenAPI as kube-openapi's strfmt reads them; unknown ones are always satisfied. "date-time" and "datetime" are
// one.
bool format_matches(std::string_view format, std::string_view text);

// Formats of built-in kinds (k8s-short-name, k8s-ip, ...): what is wrong, in apimachinery's words; empty when nothing is or the
// format is none of these.
std::vector<std::string> builtin_format_complaints(std::string_view format, std::string_view text);

}  // namespace plinth::api
