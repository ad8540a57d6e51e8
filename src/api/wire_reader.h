// The protobuf wire format: tags, varints, lengths.
#pragma once

#include <cstdint>
#include <string_view>

namespace plinth::api {

enum class WireType : std::uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

// Reads the fields of one message in order. A view; nothing is copied.
class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : rest_(bytes) {}

  // Moves to the next field; false at the end or when the input is malformed (then ok() is false).
  bool next();
  bool ok() const { return ok_; }
  std::uint32_t number() const { return number_; }
  WireType type() const { return type_; }
  // The value of the current field; varint() also gives fixed values.
  std::uint64_t varint() const { return value_; }
  std::string_view bytes() const { return bytes_; }

  // One varint off the front of `rest`; false when there is none.
  static bool take_varint(std::string_view& rest, std::uint64_t& out);

 private:
  bool fail();
  bool fixed(std::size_t size);
  std::string_view rest_;
  bool ok_ = true;
  std::uint32_t number_ = 0;
  WireType type_ = WireType::kVarint;
  std::uint64_t value_ = 0;
  std::string_view bytes_;
};

}  // namespace plinth::api
