#include "log/format.h"

#include <cstring>

#include <fmt/core.h>

#include "log/crc32c.h"

namespace plinth::log {
namespace {

constexpr char kSegmentMark[8] = {'P', 'L', 'I', 'N', 'L', 'O', 'G', '\n'};
constexpr std::uint32_t kGroupMark = 0x50524750;  // "PGRP"
constexpr std::size_t kSegmentHeaderBytes = 48;
constexpr std::string_view kSuffix = ".segment";

template <typename T>
void put(char* base, std::size_t offset, T value) {
  std::memcpy(base + offset, &value, sizeof value);
}
template <typename T>
T get(std::string_view bytes, std::size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

}  // namespace

std::string encode(const SegmentHeader& header) {
  std::string out(kFirstGroupOffset, '\0');
  std::memcpy(out.data(), kSegmentMark, sizeof kSegmentMark);
  put(out.data(), 12, kFormatVersion);
  put(out.data(), 16, header.segment_id);
  put(out.data(), 24, header.number);
  put(out.data(), 32, header.log_id);
  put(out.data(), 8, crc32c(0, std::string_view(out).substr(12, kSegmentHeaderBytes - 12)));
  return out;
}

std::optional<SegmentHeader> decode_segment_header(std::string_view bytes, bool& newer) {
  newer = false;
  if (bytes.size() < kSegmentHeaderBytes || std::memcmp(bytes.data(), kSegmentMark, sizeof kSegmentMark) != 0) return {};
  if (get<std::uint32_t>(bytes, 8) != crc32c(0, bytes.substr(12, kSegmentHeaderBytes - 12))) return {};
  if (get<std::uint32_t>(bytes, 12) > kFormatVersion) {
    newer = true;
    return {};
  }
  return SegmentHeader{get<std::uint64_t>(bytes, 16), get<std::uint64_t>(bytes, 24), get<std::uint64_t>(bytes, 32)};
}

std::uint32_t seal_group(GroupHeader header, std::string& group) {
  char* base = group.data();
  put(base, 0, kGroupMark);
  put(base, 8, header.length);
  put(base, 12, header.previous_crc);
  put(base, 16, header.sequence);
  put(base, 24, header.segment_id);
  put(base, 32, header.records);
  put(base, 36, std::uint32_t{0});
  put(base, 40, header.tag);
  const std::uint32_t crc = crc32c(0, std::string_view(group).substr(8, kGroupHeaderBytes - 8 + header.length));
  put(base, 4, crc);
  return crc;
}

std::optional<GroupHeader> decode_group_header(std::string_view bytes) {
  if (bytes.size() < kGroupHeaderBytes || get<std::uint32_t>(bytes, 0) != kGroupMark) return {};
  GroupHeader header;
  header.crc = get<std::uint32_t>(bytes, 4);
  header.length = get<std::uint32_t>(bytes, 8);
  header.previous_crc = get<std::uint32_t>(bytes, 12);
  header.sequence = get<std::uint64_t>(bytes, 16);
  header.segment_id = get<std::uint64_t>(bytes, 24);
  header.records = get<std::uint32_t>(bytes, 32);
  header.tag = get<std::uint64_t>(bytes, 40);
  return header;
}

bool group_checksum_fits(const GroupHeader& header, std::string_view bytes) {
  return header.crc == crc32c(0, bytes.substr(8, kGroupHeaderBytes - 8 + header.length));
}

std::string segment_name(std::uint64_t number) { return fmt::format("{:016x}{}", number, kSuffix); }

std::optional<std::uint64_t> segment_number(std::string_view name) {
  if (name.size() != 16 + kSuffix.size() || name.substr(16) != kSuffix) return {};
  std::uint64_t number = 0;
  for (const char c : name.substr(0, 16)) {
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) return {};
    number = number << 4 | static_cast<std::uint64_t>(digit);
  }
  return number;
}

}  // namespace plinth::log
