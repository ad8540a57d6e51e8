// Places in text counted in code points, and what Go's strings package does. Internal to lib/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plinth::cel {

// Byte offset of a code point; the end for the number of code points; empty past it.
std::optional<std::size_t> byte_offset(std::string_view text, std::int64_t code_point);
// Pieces between separators, at most `count` of them (negative: all). An empty separator cuts into code points.
std::vector<std::string_view> split_text(std::string_view text, std::string_view separator, std::int64_t count);
// At most `count` replacements (negative: all). An empty `from` is found before each code point and at the end.
std::string replace_text(std::string_view text, std::string_view from, std::string_view to, std::int64_t count);
// Without Unicode white space at both ends.
std::string_view trim_text(std::string_view text);
}  // namespace plinth::cel
