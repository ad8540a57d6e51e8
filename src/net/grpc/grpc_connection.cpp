#include "net/grpc/grpc_connection.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <nghttp2/nghttp2.h>

namespace plinth::net {
namespace {

// Bytes that the server may send ahead, of one call and of all.
constexpr std::uint32_t kStreamWindow = 1024 * 1024;
constexpr std::int32_t kConnectionWindow = 4 * 1024 * 1024;
constexpr std::uint32_t kHeaderBytesMax = 64 * 1024;
// Framed bytes that wait for the network; more is framed when they have gone.
constexpr std::size_t kFramedBytesMax = 256 * 1024;

std::string_view text(const std::uint8_t* data, std::size_t size) { return {reinterpret_cast<const char*>(data), size}; }

nghttp2_nv name_value(std::string_view name, std::string_view value) {
  return {reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

// The source is the call, which its connection keeps until the stream is closed.
ssize_t read_request(nghttp2_session*, std::int32_t, std::uint8_t* out, std::size_t size, std::uint32_t* flags,
                     nghttp2_data_source* source, void*) {
  auto& call = *static_cast<GrpcCall*>(source->ptr);
  const std::string& framed = call.framed_request();
  const std::size_t n = std::min(size, framed.size() - call.request_sent);
  std::memcpy(out, framed.data() + call.request_sent, n);
  call.request_sent += n;
  if (call.request_sent == framed.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return static_cast<ssize_t>(n);
}

}  // namespace

// nghttp2's callbacks; each notes what happened.
struct GrpcClientCallbacks {
  static GrpcConnection& connection(void* user) { return *static_cast<GrpcConnection*>(user); }

  static int header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                    const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user) {
    GrpcCall* call = connection(user).call_of(frame->hd.stream_id);
    if (call != nullptr) call->take_header(text(name, name_size), text(value, value_size));
    return 0;
  }

  static int frame_received(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type == NGHTTP2_GOAWAY) connection(user).goaway_ = true;
    if (frame->hd.type != NGHTTP2_HEADERS) return 0;
    GrpcCall* call = connection(user).call_of(frame->hd.stream_id);
    if (call != nullptr) call->end_head();
    return 0;
  }

  static int data_chunk(nghttp2_session* session, std::uint8_t, std::int32_t stream_id, const std::uint8_t* data,
                        std::size_t size, void* user) {
    GrpcConnection& self = connection(user);
    GrpcCall* call = self.call_of(stream_id);
    if (call == nullptr) return 0;
    if (!call->take_data(text(data, size))) {
      nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream_id, NGHTTP2_CANCEL);
    }
    self.mark(stream_id);
    return 0;
  }

  static int stream_close(nghttp2_session*, std::int32_t stream_id, std::uint32_t error, void* user) {
    connection(user).stream_closed(stream_id, error);
    return 0;
  }

  static const nghttp2_session_callbacks* table() {
    static const nghttp2_session_callbacks* const kTable = [] {
      nghttp2_session_callbacks* made = nullptr;
      nghttp2_session_callbacks_new(&made);
      nghttp2_session_callbacks_set_on_header_callback(made, header);
      nghttp2_session_callbacks_set_on_frame_recv_callback(made, frame_received);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, data_chunk);
      nghttp2_session_callbacks_set_on_stream_close_callback(made, stream_close);
      return made;
    }();
    return kTable;
  }
};

GrpcConnection::GrpcConnection(GrpcConnectionOwner& owner, std::unique_ptr<Stream> stream, std::string authority)
    : owner_(owner), stream_(std::move(stream)), authority_(std::move(authority)) {
  nghttp2_option* options = nullptr;
  if (nghttp2_option_new(&options) != 0) return;
  nghttp2_option_set_no_closed_streams(options, 1);
  nghttp2_session_client_new2(&session_, GrpcClientCallbacks::table(), this, options);
  nghttp2_option_del(options);
  if (session_ == nullptr) return;
  const std::array<nghttp2_settings_entry, 3> settings = {{{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
                                                           {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow},
                                                           {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, kHeaderBytesMax}}};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kConnectionWindow);
  stream_->start(this);
  schedule_flush();
}

GrpcConnection::~GrpcConnection() {
  *alive_ = false;
  nghttp2_session_del(session_);
}

GrpcCall* GrpcConnection::call_of(std::int32_t stream_id) {
  const auto found = calls_.find(stream_id);
  return found == calls_.end() ? nullptr : found->second.get();
}

void GrpcConnection::mark(std::int32_t stream_id) {
  if (arrived_.empty() || arrived_.back()->stream_id != stream_id) arrived_.push_back(calls_.at(stream_id));
}

void GrpcConnection::carry(std::shared_ptr<GrpcCall> call) {
  submit(call);
  schedule_flush();
}

void GrpcConnection::submit(const std::shared_ptr<GrpcCall>& call) {
  const GrpcCallOptions& options = call->options();
  std::vector<nghttp2_nv> fields = {name_value(":method", "POST"),
                                    name_value(":scheme", "http"),
                                    name_value(":path", call->path()),
                                    name_value(":authority", authority_),
                                    name_value("te", "trailers"),
                                    name_value("content-type", "application/grpc"),
                                    name_value("user-agent", "grpc-plinth/1.0")};
  std::string timeout;
  if (call->deadline_ns != 0) {
    timeout = print_timeout(options.timeout);
    fields.push_back(name_value("grpc-timeout", timeout));
  }
  for (const auto& [name, value] : options.metadata.entries()) fields.push_back(name_value(name, value));
  nghttp2_data_provider body{};
  body.source.ptr = call.get();
  body.read_callback = read_request;
  const std::int32_t id = nghttp2_submit_request(session_, nullptr, fields.data(), fields.size(), &body, nullptr);
  if (id < 0) {
    // Stream ids are used up, or memory is.
    call->fail({GrpcCode::kUnavailable, nghttp2_strerror(id)});
    arrived_.push_back(call);
    return;
  }
  call->stream_id = id;
  calls_.emplace(id, call);
}

void GrpcConnection::abandon(GrpcCall& call) {
  const auto found = calls_.find(call.stream_id);
  if (found == calls_.end() || found->second.get() != &call) return;
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, call.stream_id, NGHTTP2_CANCEL);
  schedule_flush();
}

void GrpcConnection::stream_closed(std::int32_t stream_id, std::uint32_t error) {
  const auto found = calls_.find(stream_id);
  if (found == calls_.end()) return;
  const auto call = std::move(found->second);
  calls_.erase(found);
  if (call->over()) return;
  if (error == NGHTTP2_REFUSED_STREAM && !call->answer_begun()) return refused_.push_back(call);
  call->end_stream(error);
  arrived_.push_back(call);
}

void GrpcConnection::on_data(std::string_view bytes) {
  if (ended_) return;
  receiving_ = true;
  const ssize_t used = nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  receiving_ = false;
  const std::shared_ptr<bool> alive = alive_;
  flush();
  tell();
  if (!*alive || ended_) return;
  if (used < 0) return end(std::string("not HTTP/2: ") + nghttp2_strerror(static_cast<int>(used)));
  if (nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0)
    end("the server closed the connection");
}

void GrpcConnection::tell() {
  const std::shared_ptr<bool> alive = alive_;
  const auto refused = std::exchange(refused_, {});
  const auto arrived = std::exchange(arrived_, {});
  if (goaway_ && !std::exchange(goaway_told_, true)) owner_.going_away(this);
  for (const auto& call : refused) {
    if (*alive) owner_.refused(call);
  }
  for (const auto& call : arrived) {
    if (*alive) owner_.arrived(call);
  }
}

void GrpcConnection::flush() {
  if (ended_ || session_ == nullptr) return;
  std::string out;
  while (stream_->queued_bytes() + out.size() < kFramedBytesMax) {
    const std::uint8_t* data = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_, &data);
    if (size <= 0) break;
    out.append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
  }
  const bool cut = out.size() >= kFramedBytesMax;
  if (!out.empty()) stream_->write({SharedBytes(std::move(out))});
  if (cut && stream_->queued_bytes() == 0) schedule_flush();  // the network took all: no on_drained() will come
}

void GrpcConnection::schedule_flush() {
  if (receiving_ || std::exchange(flush_scheduled_, true)) return;
  stream_->loop().post([this, alive = alive_] {
    if (!*alive) return;
    flush_scheduled_ = false;
    if (session_ == nullptr) return end("out of memory");
    flush();
    tell();
  });
}

void GrpcConnection::on_read_closed() { end("the server closed the connection"); }
void GrpcConnection::on_closed() { end("the connection was cut off"); }

void GrpcConnection::end(const std::string& why) {
  if (std::exchange(ended_, true)) return;
  stream_->close();
  const auto calls = std::exchange(calls_, {});
  std::vector<std::shared_ptr<GrpcCall>> lost;
  for (const auto& [id, call] : calls) lost.push_back(call);
  std::sort(lost.begin(), lost.end(), [](const auto& a, const auto& b) { return a->stream_id < b->stream_id; });
  for (const auto& call : lost) {
    call->fail({GrpcCode::kUnavailable, why});
    arrived_.push_back(call);
  }
  const std::shared_ptr<bool> alive = alive_;
  goaway_told_ = true;
  owner_.ended(this);
  if (*alive) tell();
}

}  // namespace plinth::net
