#include "base/ids.h"

#include <array>

#include "base/hex.h"
#include "base/world.h"

namespace plinth {
namespace {

constexpr std::string_view kAlphabet = "bcdfghjklmnpqrstvwxz2456789";
// Bytes from here on would make the first letters more likely.
constexpr unsigned kFairBytes = 256 / kAlphabet.size() * kAlphabet.size();

}  // namespace

std::string new_uuid(Entropy& entropy) {
  std::array<unsigned char, 16> bytes{};
  entropy.fill(bytes);
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3F) | 0x80);
  std::string hex = hex_encode({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  for (std::size_t at : {8, 13, 18, 23}) hex.insert(at, 1, '-');
  return hex;
}

std::string random_suffix(Entropy& entropy, std::size_t length) {
  std::string out;
  std::array<unsigned char, 16> bytes{};
  while (out.size() < length) {
    entropy.fill(bytes);
    for (unsigned char b : bytes) {
      if (b < kFairBytes && out.size() < length) out += kAlphabet[b % kAlphabet.size()];
    }
  }
  return out;
}

std::string safe_encode(std::string_view text) {
  std::string out;
  for (char c : text) out += kAlphabet[static_cast<unsigned char>(c) % kAlphabet.size()];
  return out;
}

}  // namespace plinth
