// One call of a GrpcChannel. For .cpp files of net only.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "net/grpc/grpc.h"
#include "net/grpc/grpc_message.h"

namespace plinth::net {

// What was sent, what came so far, and who waits for it. What arrives is kept until deliver() is called, so that callbacks
// never run inside nghttp2.
class GrpcCall {
 public:
  GrpcCall(std::string path, std::string request, GrpcCallOptions options, UniqueFunction<void(std::string)> message,
           UniqueFunction<void(GrpcStatus)> done);

  const std::string& path() const { return path_; }
  const GrpcCallOptions& options() const { return options_; }
  const std::string& framed_request() const { return framed_; }

  // The answer, as it arrives. take_header sees heads and trailers alike.
  void take_header(std::string_view name, std::string_view value);
  void end_head() { head_complete_ = true; }
  // False when the call has failed and the rest is not wanted.
  bool take_data(std::string_view bytes);
  // The stream ended; `http2_error` is the code of RST_STREAM, 0 for a clean end.
  void end_stream(std::uint32_t http2_error);
  void fail(GrpcStatus status);
  // Before it is sent again.
  void reset_answer();
  bool answer_begun() const { return head_complete_; }

  // Runs callbacks for what has arrived. `alive` tells whether the call may go on; false inside it stops.
  void deliver(const std::function<bool()>& alive);
  bool over() const { return over_; }
  void forget();  // no callback runs any more

  // Of the connection that carries it.
  std::int32_t stream_id = 0;
  std::size_t request_sent = 0;
  bool repeated = false;
  TimerId deadline = 0;
  std::int64_t deadline_ns = 0;  // monotonic; 0: none

 private:
  GrpcStatus status_from_headers() const;

  std::string path_;
  std::string framed_;
  GrpcCallOptions options_;
  UniqueFunction<void(std::string)> message_;
  UniqueFunction<void(GrpcStatus)> done_;
  GrpcMessageReader reader_;
  std::deque<std::string> arrived_;
  std::optional<GrpcStatus> outcome_;
  std::optional<GrpcCode> grpc_status_;
  std::string grpc_message_;
  std::string content_type_;
  int http_status_ = 0;
  bool head_complete_ = false;
  bool over_ = false;
};

}  // namespace plinth::net
