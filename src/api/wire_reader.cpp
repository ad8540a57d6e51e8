#include "api/wire_reader.h"

namespace plinth::api {

bool WireReader::take_varint(std::string_view& rest, std::uint64_t& out) {
  out = 0;
  for (std::size_t i = 0; i < rest.size() && i < 10; ++i) {
    const auto byte = static_cast<unsigned char>(rest[i]);
    if (i == 9 && byte > 1) return false;
    out |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * i);
    if ((byte & 0x80) != 0) continue;
    rest.remove_prefix(i + 1);
    return true;
  }
  return false;
}

bool WireReader::fail() {
  ok_ = false;
  return false;
}

bool WireReader::fixed(std::size_t size) {
  if (rest_.size() < size) return fail();
  value_ = 0;
  for (std::size_t i = size; i-- > 0;) value_ = (value_ << 8) | static_cast<unsigned char>(rest_[i]);
  rest_.remove_prefix(size);
  return true;
}

bool WireReader::next() {
  if (rest_.empty() || !ok_) return false;
  std::uint64_t tag = 0;
  if (!take_varint(rest_, tag) || (tag >> 3) == 0 || (tag >> 3) > 0x1fffffff) return fail();
  number_ = static_cast<std::uint32_t>(tag >> 3);
  switch (tag & 7) {
    case 0:
      type_ = WireType::kVarint;
      return take_varint(rest_, value_) || fail();
    case 1:
      type_ = WireType::kFixed64;
      return fixed(8);
    case 5:
      type_ = WireType::kFixed32;
      return fixed(4);
    case 2: {
      type_ = WireType::kBytes;
      std::uint64_t size = 0;
      if (!take_varint(rest_, size) || size > rest_.size()) return fail();
      bytes_ = rest_.substr(0, size);
      rest_.remove_prefix(size);
      return true;
    }
    default:
      return fail();  // groups are not used by any kind
  }
}

}  // namespace plinth::api
