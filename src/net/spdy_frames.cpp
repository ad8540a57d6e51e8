#include "net/spdy_frames.h"

#include <algorithm>

#include <zlib.h>

#include "net/spdy_dictionary.h"

namespace plinth::net {
namespace {

constexpr std::size_t kHeadBytes = 8;
constexpr std::uint32_t kControlBit = 0x80000000u, kVersion = 3, kIdMask = 0x7FFFFFFFu;
constexpr unsigned kFin = 0x01;

enum Type : std::uint16_t {
  kSynStream = 1,
  kSynReply = 2,
  kRstStream = 3,
  kSettings = 4,
  kPing = 6,
  kGoAway = 7,
  kHeaders = 8,
  kWindowUpdate = 9
};

std::uint32_t number(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint32_t out = 0;
  for (std::size_t i = 0; i < size; ++i) out = (out << 8) | static_cast<unsigned char>(bytes[at + i]);
  return out;
}

void put(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>((value >> shift) & 0xFF);
}

std::string control_head(Type type, std::size_t size) {
  std::string out;
  put(out, kControlBit | (kVersion << 16) | type);
  put(out, static_cast<std::uint32_t>(size));
  return out;
}

const Bytef* bytes_of(std::string_view text) { return reinterpret_cast<const Bytef*>(text.data()); }

// A block as decompressed: a count, then names and values, each behind its size.
Result<SpdyHeaders> parse_block(std::string_view block) {
  const auto next = [&block](std::uint32_t& out) {
    if (block.size() < 4) return false;
    out = number(block, 0, 4);
    block.remove_prefix(4);
    return true;
  };
  const auto text = [&](std::string& out) {
    std::uint32_t size = 0;
    if (!next(size) || size > block.size()) return false;
    out.assign(block.substr(0, size));
    block.remove_prefix(size);
    return true;
  };
  std::uint32_t count = 0;
  if (!next(count)) return bad_request("a SPDY header block is too short");
  SpdyHeaders out;
  for (std::uint32_t i = 0; i < count; ++i) {
    std::pair<std::string, std::string> header;
    if (!text(header.first) || !text(header.second)) return bad_request("a SPDY header block ends within a header");
    out.push_back(std::move(header));
  }
  return out;
}

}  // namespace

struct SpdyReader::Inflater {
  Inflater() { ok = inflateInit(&stream) == Z_OK; }
  ~Inflater() { inflateEnd(&stream); }
  z_stream stream{};
  bool ok;
};

struct SpdyWriter::Deflater {
  Deflater() {
    deflateInit(&stream, Z_BEST_SPEED);
    deflateSetDictionary(&stream, bytes_of(kSpdyDictionary), static_cast<uInt>(kSpdyDictionary.size()));
  }
  ~Deflater() { deflateEnd(&stream); }
  z_stream stream{};
};

SpdyReader::SpdyReader() : inflater_(std::make_unique<Inflater>()) {}
SpdyReader::~SpdyReader() = default;
SpdyWriter::SpdyWriter() : deflater_(std::make_unique<Deflater>()) {}
SpdyWriter::~SpdyWriter() = default;

Result<SpdyHeaders> SpdyReader::headers(std::string_view block) {
  z_stream& z = inflater_->stream;
  if (!inflater_->ok) return internal_error("no memory for header compression");
  std::string out(kHeaderBytesMax + 1, '\0');
  z.next_in = const_cast<Bytef*>(bytes_of(block));
  z.avail_in = static_cast<uInt>(block.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  int code = inflate(&z, Z_SYNC_FLUSH);
  if (code == Z_NEED_DICT) {
    if (inflateSetDictionary(&z, bytes_of(kSpdyDictionary), static_cast<uInt>(kSpdyDictionary.size())) != Z_OK)
      return bad_request("a SPDY header block is compressed with an unknown dictionary");
    code = inflate(&z, Z_SYNC_FLUSH);
  }
  if (code != Z_OK && code != Z_BUF_ERROR) return bad_request("a SPDY header block cannot be decompressed");
  if (z.avail_out == 0 || z.avail_in != 0) return bad_request("a SPDY header block is too large");
  out.resize(out.size() - z.avail_out);
  return parse_block(out);
}

Result<void> SpdyReader::control(std::string_view frame, SpdyFrameEvents& events) {
  const std::uint32_t type = number(frame, 2, 2);
  const unsigned flags = static_cast<unsigned char>(frame[4]);
  const std::string_view body = frame.substr(kHeadBytes);
  const auto needs = [&](std::size_t size) { return body.size() >= size; };
  switch (type) {
    case kSynStream: {
      if (!needs(10)) return bad_request("SYN_STREAM is too short");
      auto headers = TRY(this->headers(body.substr(10)));
      events.on_syn_stream(number(body, 0, 4) & kIdMask, (flags & kFin) != 0, std::move(headers));
      return {};
    }
    case kSynReply:
    case kHeaders: {
      if (!needs(4)) return bad_request("HEADERS is too short");
      TRY(headers(body.substr(4)));  // keeps the compression in step
      if ((flags & kFin) != 0) events.on_fin(number(body, 0, 4) & kIdMask);
      return {};
    }
    case kRstStream:
      if (!needs(8)) return bad_request("RST_STREAM is too short");
      events.on_reset(number(body, 0, 4) & kIdMask);
      return {};
    case kPing:
      if (!needs(4)) return bad_request("PING is too short");
      events.on_ping(number(body, 0, 4));
      return {};
    default:
      return {};  // SETTINGS, GOAWAY, WINDOW_UPDATE: nothing follows from them here; unknown ones are passed over
  }
}

Result<void> SpdyReader::feed(std::string_view bytes, SpdyFrameEvents& events) {
  while (!bytes.empty()) {
    if (data_left_ > 0) {
      const std::string_view piece = bytes.substr(0, data_left_);
      bytes.remove_prefix(piece.size());
      data_left_ -= piece.size();
      events.on_stream_data(data_stream_, piece);
      if (data_left_ == 0 && data_fin_) events.on_fin(data_stream_);
      continue;
    }
    const auto fill = [&](std::size_t size) {
      const std::size_t take = std::min(bytes.size(), size - input_.size());
      input_ += bytes.substr(0, take);
      bytes.remove_prefix(take);
      return input_.size() == size;
    };
    if (input_.size() < kHeadBytes && !fill(kHeadBytes)) return {};
    const std::uint32_t first = number(input_, 0, 4);
    const std::size_t length = number(input_, 5, 3);
    if ((first & kControlBit) == 0) {
      data_stream_ = first;
      data_left_ = length;
      data_fin_ = (static_cast<unsigned char>(input_[4]) & kFin) != 0;
      input_.clear();
      if (length == 0 && data_fin_) events.on_fin(data_stream_);
      continue;
    }
    if (((first >> 16) & 0x7FFF) != kVersion) return bad_request("only version 3 of SPDY is spoken here");
    if (length > kControlBytesMax) return bad_request("a SPDY control frame is too large");
    if (!fill(kHeadBytes + length)) return {};
    TRY(control(std::exchange(input_, {}), events));
  }
  return {};
}

std::string SpdyWriter::pack(const SpdyHeaders& headers) {
  std::string block;
  put(block, static_cast<std::uint32_t>(headers.size()));
  for (const auto& [name, value] : headers) {
    put(block, static_cast<std::uint32_t>(name.size()));
    block += name;
    put(block, static_cast<std::uint32_t>(value.size()));
    block += value;
  }
  z_stream& z = deflater_->stream;
  constexpr std::size_t kFlushBytes = 64;  // what a flush adds at most
  std::string packed(deflateBound(&z, static_cast<uLong>(block.size())) + kFlushBytes, '\0');
  z.next_in = const_cast<Bytef*>(bytes_of(block));
  z.avail_in = static_cast<uInt>(block.size());
  z.next_out = reinterpret_cast<Bytef*>(packed.data());
  z.avail_out = static_cast<uInt>(packed.size());
  deflate(&z, Z_SYNC_FLUSH);
  packed.resize(packed.size() - z.avail_out);
  return packed;
}

SharedBytes SpdyWriter::syn_stream(std::uint32_t id, const SpdyHeaders& headers) {
  const std::string packed = pack(headers);
  std::string out = control_head(kSynStream, 10 + packed.size());
  put(out, id);
  put(out, 0);          // no stream that it belongs to
  out.append(2, '\0');  // the highest priority, no credential
  return SharedBytes(out + packed);
}

SharedBytes SpdyWriter::syn_reply(std::uint32_t id, const SpdyHeaders& headers) {
  const std::string packed = pack(headers);
  std::string out = control_head(kSynReply, 4 + packed.size());
  put(out, id);
  return SharedBytes(out + packed);
}

SharedBytes SpdyWriter::reset(std::uint32_t id, SpdyStatus status) {
  std::string out = control_head(kRstStream, 8);
  put(out, id);
  put(out, static_cast<std::uint32_t>(status));
  return SharedBytes(std::move(out));
}

SharedBytes SpdyWriter::ping(std::uint32_t id) {
  std::string out = control_head(kPing, 4);
  put(out, id);
  return SharedBytes(std::move(out));
}

SharedBytes SpdyWriter::go_away(std::uint32_t last_stream_id) {
  std::string out = control_head(kGoAway, 8);
  put(out, last_stream_id);
  put(out, 0);  // status: OK
  return SharedBytes(std::move(out));
}

SharedBytes SpdyWriter::data_head(std::uint32_t id, std::size_t size, bool fin) {
  std::string out;
  put(out, id);
  put(out, (fin ? kFin << 24 : 0u) | static_cast<std::uint32_t>(size));
  return SharedBytes(std::move(out));
}

}  // namespace plinth::net
