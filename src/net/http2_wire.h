// HTTP/2's numbers: RFC 9113. For .cpp files of net only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace plinth::net::http2 {

enum Type : std::uint8_t {
  kData = 0,
  kHeaders = 1,
  kPriority = 2,
  kRstStream = 3,
  kSettings = 4,
  kPushPromise = 5,
  kPing = 6,
  kGoAway = 7,
  kWindowUpdate = 8,
  kContinuation = 9,
};

enum Flag : std::uint8_t { kNone = 0, kAck = 0x1, kEndStream = 0x1, kEndHeaders = 0x4, kPadded = 0x8, kHasPriority = 0x20 };

enum class Code : std::uint32_t {
  kNoError = 0,
  kProtocolError = 1,
  kInternalError = 2,
  kFlowControlError = 3,
  kStreamClosed = 5,
  kFrameSizeError = 6,
  kRefusedStream = 7,
  kCancel = 8,
  kCompressionError = 9,
  kEnhanceYourCalm = 11,
};

enum Setting : std::uint16_t {
  kEnablePush = 2,
  kMaxConcurrentStreams = 3,
  kInitialWindowSize = 4,
  kMaxFrameSize = 5,
  kMaxHeaderListSize = 6,
  kNoRfc7540Priorities = 9,  // RFC 9218
};

constexpr std::size_t kFrameHeadBytes = 9;
constexpr std::size_t kFrameBytesMax = 16 * 1024;  // of a payload, both ways: what every peer takes and what we announce (by default)
constexpr std::int64_t kWindowMax = 0x7fffffff;
constexpr std::int32_t kDefaultWindow = 65'535;
constexpr std::int32_t kStreamIdMax = 0x7fffffff;

struct FrameHead {
  std::uint32_t length = 0;
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  std::int32_t stream_id = 0;
  bool has(Flag flag) const { return (flags & flag) != 0; }
};

inline std::uint32_t read_u32(std::string_view bytes) {
  const auto at = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])); };
  return at(0) << 24 | at(1) << 16 | at(2) << 8 | at(3);
}

// The first kFrameHeadBytes of `bytes`.
inline FrameHead read_frame_head(std::string_view bytes) {
  FrameHead head;
  head.length = read_u32(bytes) >> 8;
  head.type = static_cast<std::uint8_t>(bytes[3]);
  head.flags = static_cast<std::uint8_t>(bytes[4]);
  head.stream_id = static_cast<std::int32_t>(read_u32(bytes.substr(5)) & 0x7fffffff);  // the highest bit is reserved
  return head;
}

inline void append_u32(std::string& out, std::uint32_t value) {
  const char bytes[4] = {static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
                         static_cast<char>(value)};
  out.append(bytes, sizeof bytes);
}

inline void append_frame_head(std::string& out, std::size_t length, Type type, unsigned flags, std::int32_t stream_id) {
  append_u32(out, static_cast<std::uint32_t>(length << 8 | type));
  out += static_cast<char>(flags);
  append_u32(out, static_cast<std::uint32_t>(stream_id));
}

}  // namespace plinth::net::http2
