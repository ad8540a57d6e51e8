#include "net/grpc/grpc_call.h"

#include <charconv>

#include <fmt/core.h>
#include <nghttp2/nghttp2.h>

namespace plinth::net {
namespace {

// PROTOCOL-HTTP2.md, "Errors".
GrpcCode code_of_reset(std::uint32_t error) {
  switch (error) {
    case NGHTTP2_REFUSED_STREAM:
      return GrpcCode::kUnavailable;
    case NGHTTP2_CANCEL:
      return GrpcCode::kCancelled;
    case NGHTTP2_ENHANCE_YOUR_CALM:
      return GrpcCode::kResourceExhausted;
    case NGHTTP2_INADEQUATE_SECURITY:
      return GrpcCode::kPermissionDenied;
    default:
      return GrpcCode::kInternal;
  }
}

}  // namespace

GrpcCall::GrpcCall(std::string path, std::string request, GrpcCallOptions options, UniqueFunction<void(std::string)> message,
                   UniqueFunction<void(GrpcStatus)> done)
    : path_(std::move(path)),
      framed_(frame_message(request)),
      options_(std::move(options)),
      message_(std::move(message)),
      done_(std::move(done)),
      reader_(options_.message_bytes_max) {}

void GrpcCall::take_header(std::string_view name, std::string_view value) {
  if (name == ":status") {
    std::from_chars(value.data(), value.data() + value.size(), http_status_);
  } else if (name == "grpc-status") {
    grpc_status_ = parse_grpc_code(value);
  } else if (name == "grpc-message") {
    grpc_message_ = percent_decode(value);
  } else if (name == "content-type") {
    content_type_ = value;
  }
}

bool GrpcCall::take_data(std::string_view bytes) {
  if (outcome_) return false;
  // A page of HTML from something that is no gRPC server is not parsed; the HTTP status tells.
  if (http_status_ != 200 || !std::string_view(content_type_).starts_with("application/grpc")) return true;
  if (reader_.feed(bytes, [this](std::string message) { arrived_.push_back(std::move(message)); })) return true;
  outcome_ = reader_.failure();
  return false;
}

GrpcStatus GrpcCall::status_from_headers() const {
  if (grpc_status_) return {*grpc_status_, grpc_message_};
  if (http_status_ != 200)
    return {code_of_http_status(http_status_), fmt::format("the server answered HTTP {} and no gRPC status", http_status_)};
  if (!std::string_view(content_type_).starts_with("application/grpc")) {
    return {GrpcCode::kUnknown,
            fmt::format("the server answered with content type \"{}\": it does not speak gRPC", content_type_)};
  }
  return {GrpcCode::kInternal, "the server ended its answer without a status"};
}

void GrpcCall::end_stream(std::uint32_t http2_error) {
  if (outcome_) return;
  if (grpc_status_ || http2_error == NGHTTP2_NO_ERROR) {
    outcome_ = status_from_headers();
    if (outcome_->ok() && !reader_.at_boundary()) outcome_ = {GrpcCode::kInternal, "the answer ends inside a message"};
    return;
  }
  outcome_ = {code_of_reset(http2_error), fmt::format("the server reset the stream: {}", nghttp2_http2_strerror(http2_error))};
}

void GrpcCall::fail(GrpcStatus status) {
  if (!outcome_) outcome_ = std::move(status);
}

void GrpcCall::reset_answer() {
  reader_ = GrpcMessageReader(options_.message_bytes_max);
  arrived_.clear();
  outcome_.reset();
  grpc_status_.reset();
  grpc_message_.clear();
  content_type_.clear();
  http_status_ = 0;
  head_complete_ = false;
  request_sent = 0;
  stream_id = 0;
}

void GrpcCall::deliver(const std::function<bool()>& alive) {
  while (!over_ && !arrived_.empty()) {
    std::string message = std::move(arrived_.front());
    arrived_.pop_front();
    // It may end the call or destroy the channel, and with that itself while it runs.
    auto told = std::move(message_);
    told(std::move(message));
    if (!alive()) return;
    if (!over_) message_ = std::move(told);
  }
  if (over_ || !outcome_) return;
  over_ = true;
  const auto done = std::move(done_);
  message_ = nullptr;
  done(std::move(*outcome_));
}

void GrpcCall::forget() {
  over_ = true;
  arrived_.clear();
  message_ = nullptr;
  done_ = nullptr;
}

}  // namespace plinth::net
