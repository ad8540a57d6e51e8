#include "api/go_base64.h"

#include <array>

namespace plinth::api {
namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<std::int8_t, 256> make_values() {
  std::array<std::int8_t, 256> out{};
  for (auto& v : out) v = -1;
  for (int i = 0; i < 64; ++i) out[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::int8_t>(i);
  return out;
}
constexpr auto kValues = make_values();

Error corrupt(std::size_t at) { return bad_request("illegal base64 data at input byte " + std::to_string(at)); }

bool is_break(char c) { return c == '\n' || c == '\r'; }

// Checks what follows the first '=' (at `at`) of a quantum with `have` characters.
Result<void> check_padding(std::string_view text, std::size_t at, int have) {
  if (have < 2) return corrupt(at);
  std::size_t next = at + 1;
  if (have == 2) {
    while (next < text.size() && is_break(text[next])) ++next;
    if (next == text.size()) return corrupt(text.size());
    if (text[next] != '=') return corrupt(next);
    ++next;
  }
  while (next < text.size() && is_break(text[next])) ++next;
  if (next < text.size()) return corrupt(next);
  return {};
}

void flush(std::string& out, std::uint32_t quantum, int characters) {
  quantum <<= 6 * (4 - characters);
  if (characters > 1) out += static_cast<char>(quantum >> 16);
  if (characters > 2) out += static_cast<char>(quantum >> 8);
  if (characters > 3) out += static_cast<char>(quantum);
}

}  // namespace

Result<std::string> go_base64_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size() / 4 * 3);
  std::uint32_t quantum = 0;
  int have = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (is_break(c)) continue;
    if (c == '=') {
      TRY(check_padding(text, i, have));
      flush(out, quantum, have);
      return out;
    }
    const int value = kValues[static_cast<unsigned char>(c)];
    if (value < 0) return corrupt(i);
    quantum = (quantum << 6) | static_cast<std::uint32_t>(value);
    if (++have == 4) {
      flush(out, quantum, 4);
      quantum = 0;
      have = 0;
    }
  }
  if (have != 0) return corrupt(text.size() - static_cast<std::size_t>(have));
  return out;
}

}  // namespace plinth::api
