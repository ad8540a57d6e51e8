// Frames of SPDY/3.1, of both sides (SPDY Protocol draft 3.1, section 2).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace plinth::net {

using SpdyHeaders = std::vector<std::pair<std::string, std::string>>;  // names as sent: lower case

enum class SpdyStatus : std::uint32_t {
  kProtocolError = 1,
  kInvalidStream = 2,
  kRefusedStream = 3,
  kCancel = 5
};  // of RST_STREAM

// What the other side sends. Data comes in pieces as it arrives; the bytes are valid during the call only.
class SpdyFrameEvents {
 public:
  virtual ~SpdyFrameEvents() = default;
  virtual void on_syn_stream(std::uint32_t id, bool fin, SpdyHeaders headers) = 0;
  virtual void on_stream_data(std::uint32_t id, std::string_view bytes) = 0;
  virtual void on_fin(std::uint32_t id) = 0;
  virtual void on_reset(std::uint32_t id) = 0;
  virtual void on_ping(std::uint32_t id) = 0;
};

class SpdyReader {
 public:
  static constexpr std::size_t kControlBytesMax = 32 * 1024;
  static constexpr std::size_t kHeaderBytesMax = 32 * 1024;  // of one block, decompressed

  SpdyReader();
  ~SpdyReader();
  // BadRequest for what is no frame or passes a limit; nothing may be fed after that. The events must not destroy the
  // reader.
  Result<void> feed(std::string_view bytes, SpdyFrameEvents& events);

 private:
  struct Inflater;
  Result<void> control(std::string_view frame, SpdyFrameEvents& events);
  Result<SpdyHeaders> headers(std::string_view block);

  std::unique_ptr<Inflater> inflater_;
  std::string input_;              // a frame's head, or a control frame that is not complete
  std::uint32_t data_stream_ = 0;  // of the data frame under way
  std::size_t data_left_ = 0;
  bool data_fin_ = false;
};

class SpdyWriter {
 public:
  SpdyWriter();
  ~SpdyWriter();
  SharedBytes syn_stream(std::uint32_t id, const SpdyHeaders& headers);
  SharedBytes syn_reply(std::uint32_t id, const SpdyHeaders& headers);
  SharedBytes reset(std::uint32_t id, SpdyStatus status);
  SharedBytes ping(std::uint32_t id);
  SharedBytes go_away(std::uint32_t last_stream_id);
  // The head of a data frame of `size` bytes (below 2^24).
  SharedBytes data_head(std::uint32_t id, std::size_t size, bool fin);

 private:
  std::string pack(const SpdyHeaders& headers);
  struct Deflater;
  std::unique_ptr<Deflater> deflater_;
};

}  // namespace plinth::net
