#include "cpp_text.h"

#include "base/json.h"

namespace plinth::kindc {

std::string literal(std::string_view text) {
  static constexpr char kDigits[] = "01234567";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte >= 0x7f || c == '?') {
      // Three octal digits end the escape whatever follows; '?' could begin a trigraph.
      out += '\\';
      out += kDigits[byte >> 6];
      out += kDigits[(byte >> 3) & 7];
      out += kDigits[byte & 7];
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string identifier(std::string_view name) {
  std::string out(name);
  for (char& c : out) {
    if (c == '.' || c == '-') c = '_';
  }
  return out;
}

std::string number(const Value& value) { return to_json(value); }

std::uint64_t fingerprint(std::string_view text, std::uint64_t seed) {
  for (const char c : text) seed = (seed ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  return seed;
}

}  // namespace plinth::kindc
