// gRPC's framing of messages: a byte that says whether it is compressed, four bytes of length, the message.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/function.h"
#include "net/grpc/grpc_status.h"

namespace plinth::net {

constexpr std::size_t kGrpcFrameHeadBytes = 5;

// `message` has less than 4 GiB.
std::string frame_message(std::string_view message);

// Cuts a stream of bytes into messages. No more than one message is held, and never more of it than has arrived.
class GrpcMessageReader {
 public:
  explicit GrpcMessageReader(std::size_t message_bytes_max) : message_bytes_max_(message_bytes_max) {}

  using Sink = UniqueFunction<void(std::string message)>;
  // False at a message that is compressed (none was offered) or too long: the call has failed, and nothing more is read.
  bool feed(std::string_view bytes, const Sink& sink);
  const GrpcStatus& failure() const { return failure_; }
  // Whether the bytes so far end between two messages.
  bool at_boundary() const { return head_.empty() && !body_size_; }

 private:
  bool open_body();

  std::size_t message_bytes_max_;
  std::string head_;
  std::optional<std::size_t> body_size_;
  std::string body_;
  GrpcStatus failure_;
};

}  // namespace plinth::net
