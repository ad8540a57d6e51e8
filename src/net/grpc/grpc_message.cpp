#include "net/grpc/grpc_message.h"

#include <algorithm>

#include <fmt/core.h>

namespace plinth::net {

std::string frame_message(std::string_view message) {
  const auto size = static_cast<std::uint32_t>(message.size());
  std::string out;
  out.reserve(kGrpcFrameHeadBytes + message.size());
  out += '\0';
  for (const int shift : {24, 16, 8, 0}) out += static_cast<char>(size >> shift & 0xFF);
  out += message;
  return out;
}

bool GrpcMessageReader::feed(std::string_view bytes, const Sink& sink) {
  if (!failure_.ok()) return false;
  while (!bytes.empty()) {
    if (!body_size_) {
      const std::size_t n = std::min(bytes.size(), kGrpcFrameHeadBytes - head_.size());
      head_ += bytes.substr(0, n);
      bytes.remove_prefix(n);
      if (head_.size() < kGrpcFrameHeadBytes) return true;
      if (!open_body()) return false;
    }
    const std::size_t n = std::min(bytes.size(), *body_size_ - body_.size());
    body_ += bytes.substr(0, n);
    bytes.remove_prefix(n);
    if (body_.size() < *body_size_) return true;
    body_size_.reset();
    sink(std::exchange(body_, {}));
  }
  return true;
}

bool GrpcMessageReader::open_body() {
  std::size_t size = 0;
  for (std::size_t i = 1; i < kGrpcFrameHeadBytes; ++i) size = size << 8 | static_cast<unsigned char>(head_[i]);
  const bool compressed = head_[0] != 0;
  head_.clear();
  if (compressed) {
    failure_ = {GrpcCode::kInternal, "a compressed message, although no encoding was agreed on"};
    return false;
  }
  if (size > message_bytes_max_) {
    failure_ = {GrpcCode::kResourceExhausted, fmt::format("a message of {} bytes; the limit is {}", size, message_bytes_max_)};
    return false;
  }
  body_size_ = size;
  return true;
}

}  // namespace plinth::net
