#include "base/base64.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace plinth {
namespace {

constexpr std::string_view kStandardDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrlDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t kNoDigit = 0xFF;

constexpr std::array<std::uint8_t, 256> make_values(std::string_view digits) {
  std::array<std::uint8_t, 256> values{};
  for (auto& v : values) v = kNoDigit;
  for (std::size_t i = 0; i < digits.size(); ++i) values[static_cast<unsigned char>(digits[i])] = static_cast<std::uint8_t>(i);
  return values;
}
constexpr auto kStandardValues = make_values(kStandardDigits);
constexpr auto kUrlValues = make_values(kUrlDigits);

std::uint32_t byte_at(std::string_view bytes, std::size_t i) {
  return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0;
}

}  // namespace

std::string base64_encode(std::string_view bytes, Base64 alphabet, Base64Padding padding) {
  std::string_view digits = alphabet == Base64::kUrl ? kUrlDigits : kStandardDigits;
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = byte_at(bytes, i) << 16 | byte_at(bytes, i + 1) << 8 | byte_at(bytes, i + 2);
    std::size_t used = std::min<std::size_t>(bytes.size() - i, 3) + 1;
    for (std::size_t k = 0; k < used; ++k) out += digits[group >> (18 - 6 * k) & 63];
    if (padding == Base64Padding::kPadded) out.append(4 - used, '=');
  }
  return out;
}

std::optional<std::string> base64_decode(std::string_view text, Base64 alphabet, Base64Padding padding) {
  const auto& values = alphabet == Base64::kUrl ? kUrlValues : kStandardValues;
  if (padding == Base64Padding::kPadded) {
    if (text.size() % 4 != 0) return std::nullopt;
    if (text.ends_with("=="))
      text.remove_suffix(2);
    else if (text.ends_with('='))
      text.remove_suffix(1);
  }
  if (text.size() % 4 == 1) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 4 * 3 + 2);
  for (std::size_t i = 0; i < text.size(); i += 4) {
    std::size_t count = std::min<std::size_t>(text.size() - i, 4);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      std::uint8_t v = k < count ? values[static_cast<unsigned char>(text[i + k])] : 0;
      if (v == kNoDigit) return std::nullopt;
      group = group << 6 | v;
    }
    std::size_t bytes = count - 1;
    if (bytes < 3 && (group & ((1u << (24 - 8 * bytes)) - 1)) != 0) return std::nullopt;
    for (std::size_t k = 0; k < bytes; ++k) out += static_cast<char>(group >> (16 - 8 * k) & 0xFF);
  }
  return out;
}

}  // namespace plinth
