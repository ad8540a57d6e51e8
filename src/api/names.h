// What names, labels and annotations may look like, in the words of apimachinery (api/validate/content, util/validation).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "api/field_error.h"
#include "api/kind.h"
#include "base/value.h"

namespace plinth::api {

inline constexpr std::size_t kLabelNameMax = 63;        // bytes
inline constexpr std::size_t kLabelValueMax = 63;       // bytes
inline constexpr std::size_t kDnsLabelMax = 63;         // bytes
inline constexpr std::size_t kDnsSubdomainMax = 253;    // bytes
inline constexpr std::size_t kAnnotationsMax = 262144;  // bytes of all keys and values together
inline constexpr std::size_t kFieldManagerMax = 128;    // bytes

// What is wrong with a text; empty when nothing is. Valid texts allocate nothing.
using Complaints = std::vector<std::string>;

Complaints check_dns1123_label(std::string_view text);
Complaints check_dns1123_subdomain(std::string_view text);
Complaints check_dns1035_label(std::string_view text);
Complaints check_wildcard_subdomain(std::string_view text);  // "*.example.com"
Complaints check_c_identifier(std::string_view text);
Complaints check_label_key(std::string_view text);  // also called qualified name
Complaints check_label_value(std::string_view text);
Complaints check_path_segment_name(std::string_view text);
Complaints check_path_segment_prefix(std::string_view text);

// A metadata.name, or a metadata.generateName when `is_prefix`, in which a trailing '-' is allowed.
Complaints check_object_name(NameFormat format, std::string_view text, bool is_prefix = false);

// `labels` and `annotations` are the objects found at `path`; anything that is no object of strings is the schema's business.
void validate_labels(const Value& labels, std::string_view path, FieldErrors& errors);
void validate_annotations(const Value& annotations, std::string_view path, FieldErrors& errors);
// At most 128 bytes, printable characters only. The empty manager is valid: the caller names a default.
void validate_field_manager(std::string_view manager, std::string_view path, FieldErrors& errors);

}  // namespace plinth::api
