// The bytes of a log on disk; docs/formats/log.md is the description. Little-endian.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace plinth::log {

// A position that never changes meaning: segment number in the upper half, byte offset in its file in the lower. 0: nowhere.
using Address = std::uint64_t;
constexpr Address make_address(std::uint64_t segment, std::uint64_t offset) { return segment << 32 | offset; }
constexpr std::uint64_t segment_of(Address address) { return address >> 32; }
constexpr std::uint64_t offset_of(Address address) { return address & 0xffffffffu; }

inline constexpr std::uint64_t kFirstGroupOffset = 4096;  // the header has a block of its own
inline constexpr std::uint64_t kGroupAlignment = 16;
inline constexpr std::uint32_t kFormatVersion = 1;

struct SegmentHeader {
  std::uint64_t segment_id = 0;  // random for every use of the file
  std::uint64_t number = 0;      // 1, 2, 3...; the file is named by it
  std::uint64_t log_id = 0;      // random for every log
};
std::string encode(const SegmentHeader& header);
// Nothing when it is not a whole header of this or an older version; `newer` is set when only the version is in the way.
std::optional<SegmentHeader> decode_segment_header(std::string_view bytes, bool& newer);

struct GroupHeader {
  std::uint32_t crc = 0;  // of everything after it, payload included
  std::uint32_t length = 0;
  std::uint32_t previous_crc = 0;
  std::uint64_t sequence = 0;
  std::uint64_t segment_id = 0;
  std::uint32_t records = 0;
  std::uint64_t tag = 0;  // the owner's: last revision of an object log, last message of a stream
};
inline constexpr std::size_t kGroupHeaderBytes = 48;
// Fills the first kGroupHeaderBytes of `group` (the payload follows them) and returns the group's checksum.
std::uint32_t seal_group(GroupHeader header, std::string& group);
// Reads a header without checking the checksum; nothing when the mark is missing.
std::optional<GroupHeader> decode_group_header(std::string_view bytes);
// Whether the checksum over header and payload fits; `bytes` begins at the header and holds the whole group.
bool group_checksum_fits(const GroupHeader& header, std::string_view bytes);

constexpr std::uint64_t padded_group_bytes(std::uint64_t payload) {
  return (kGroupHeaderBytes + payload + kGroupAlignment - 1) / kGroupAlignment * kGroupAlignment;
}

std::string segment_name(std::uint64_t number);                      // "0000000000000001.segment"
std::optional<std::uint64_t> segment_number(std::string_view name);  // nothing when it is not a segment's name

}  // namespace plinth::log
