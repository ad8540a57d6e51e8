#include "net/http2_session.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <nghttp2/nghttp2.h>

#include "net/http2_connection.h"

namespace plinth::net {
namespace {

// Body bytes that a client may send ahead on one stream, and on a connection.
constexpr std::uint32_t kStreamWindow = 256 * 1024;
constexpr std::int32_t kConnectionWindow = 1024 * 1024;

// Headers that speak of the connection have no place in HTTP/2: RFC 9113 section 8.2.2.
bool connection_specific(std::string_view name) {
  return name == "connection" || name == "transfer-encoding" || name == "keep-alive" || name == "upgrade" ||
         name == "proxy-connection";
}

// Another value in every answer: kept out of the table of earlier fields, which it would fill and which is searched for each
// field.
bool never_repeats(std::string_view name) { return name == "audit-id"; }

nghttp2_nv name_value(std::string_view name, std::string_view value) {
  return {reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(),
          static_cast<std::uint8_t>(never_repeats(name) ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE)};
}

std::string_view text(const std::uint8_t* data, std::size_t size) { return {reinterpret_cast<const char*>(data), size}; }

Http2Exchange* exchange_of(nghttp2_session* session, std::int32_t stream_id) {
  return static_cast<Http2Exchange*>(nghttp2_session_get_stream_user_data(session, stream_id));
}

// The body's last frame is followed by the trailers.
void submit_trailers(nghttp2_session* session, const Http2Exchange& exchange) {
  std::vector<nghttp2_nv> fields;
  for (const auto& [name, value] : exchange.trailers().entries()) fields.push_back(name_value(name, value));
  nghttp2_submit_trailer(session, exchange.stream_id(), fields.data(), fields.size());
}

ssize_t read_body(nghttp2_session* session, std::int32_t, std::uint8_t*, std::size_t size, std::uint32_t* flags,
                  nghttp2_data_source* source, void*) {
  auto& exchange = *static_cast<Http2Exchange*>(source->ptr);
  const std::size_t queued = exchange.queued_bytes();
  if (queued == 0 && !exchange.ended()) {
    exchange.mark_deferred();
    return NGHTTP2_ERR_DEFERRED;
  }
  const std::size_t n = std::min(size, queued);
  if (n > 0) *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (n < queued || !exchange.ended()) return static_cast<ssize_t>(n);
  *flags |= NGHTTP2_DATA_FLAG_EOF;
  if (!exchange.trailers().entries().empty()) {
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    submit_trailers(session, exchange);
  }
  return static_cast<ssize_t>(n);
}

}  // namespace

// nghttp2's callbacks; each forwards to the connection.
struct Http2Callbacks {
  static Http2Connection& connection(void* user) { return *static_cast<Http2Connection*>(user); }

  static int begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
      connection(user).begin_request(frame->hd.stream_id);
    }
    return 0;
  }

  static int header(nghttp2_session* session, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                    const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user) {
    Http2Exchange* exchange = exchange_of(session, frame->hd.stream_id);
    if (exchange == nullptr || exchange->head_received) return 0;  // trailers
    connection(user).take_header(*exchange, text(name, name_size), text(value, value_size));
    return 0;
  }

  static int frame_received(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
    Http2Exchange* exchange = exchange_of(session, frame->hd.stream_id);
    if (exchange == nullptr) return 0;
    const bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (frame->hd.type == NGHTTP2_HEADERS && !exchange->head_received) connection(user).end_head(*exchange, !ends);
    if (ends) connection(user).end_request(*exchange);
    return 0;
  }

  static int data_chunk(nghttp2_session* session, std::uint8_t, std::int32_t stream_id, const std::uint8_t* data,
                        std::size_t size, void* user) {
    // One stream that is not read on must not hold up the others. (Has no effect where windows open by themselves.)
    nghttp2_session_consume_connection(session, size);
    Http2Exchange* exchange = exchange_of(session, stream_id);
    if (exchange != nullptr) connection(user).take_body(*exchange, text(data, size));
    return 0;
  }

  static int frame_sent(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return 0;
    Http2Exchange* exchange = exchange_of(session, frame->hd.stream_id);
    if (exchange != nullptr) connection(user).head_or_data_sent(*exchange);
    return 0;
  }

  static int stream_close(nghttp2_session*, std::int32_t stream_id, std::uint32_t, void* user) {
    connection(user).stream_closed(stream_id);
    return 0;
  }

  static int send_data(nghttp2_session*, nghttp2_frame*, const std::uint8_t* frame_head, std::size_t size,
                       nghttp2_data_source* source, void* user) {
    return connection(user).frame_data(*static_cast<Http2Exchange*>(source->ptr), frame_head, size);
  }

  static const nghttp2_session_callbacks* table() {
    static const nghttp2_session_callbacks* const kTable = [] {
      nghttp2_session_callbacks* made = nullptr;
      nghttp2_session_callbacks_new(&made);
      nghttp2_session_callbacks_set_on_begin_headers_callback(made, begin_headers);
      nghttp2_session_callbacks_set_on_header_callback(made, header);
      nghttp2_session_callbacks_set_on_frame_recv_callback(made, frame_received);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, data_chunk);
      nghttp2_session_callbacks_set_on_frame_send_callback(made, frame_sent);
      nghttp2_session_callbacks_set_on_stream_close_callback(made, stream_close);
      nghttp2_session_callbacks_set_send_data_callback(made, send_data);
      return made;
    }();
    return kTable;
  }
};

nghttp2_session* open_server_session(Http2Connection& connection, const HttpLimits& limits, bool streams) {
  nghttp2_option* options = nullptr;
  if (nghttp2_option_new(&options) != 0) return nullptr;
  if (streams) nghttp2_option_set_no_auto_window_update(options, 1);
  nghttp2_option_set_no_closed_streams(options, 1);  // nothing is kept of streams that ended
  nghttp2_session* session = nullptr;
  nghttp2_session_server_new2(&session, Http2Callbacks::table(), &connection, options);
  nghttp2_option_del(options);
  if (session == nullptr) return nullptr;
  const std::array<nghttp2_settings_entry, 4> settings = {{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, static_cast<std::uint32_t>(limits.streams_per_connection_max)},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(limits.header_bytes_max)},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
  }};
  nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, kConnectionWindow);
  return session;
}

void submit_response_head(nghttp2_session* session, Http2Exchange& exchange, const HttpResponse& response,
                          std::string_view date, bool with_body) {
  const fmt::format_int status(response.status);
  std::vector<nghttp2_nv> fields;
  std::vector<std::string> cleaned;
  cleaned.reserve(response.headers.entries().size());  // the views stay valid
  fields.reserve(response.headers.entries().size() + 2);
  fields.push_back(name_value(":status", {status.data(), status.size()}));
  for (const auto& [name, value] : response.headers.entries()) {
    if (connection_specific(name)) continue;
    std::string_view shown = value;
    if (shown.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) {
      cleaned.emplace_back(value);
      std::replace_if(
          cleaned.back().begin(), cleaned.back().end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; }, ' ');
      shown = cleaned.back();
    }
    fields.push_back(name_value(name, shown));
  }
  if (!response.headers.has("date")) fields.push_back(name_value("date", date));
  nghttp2_data_provider body{};
  body.source.ptr = &exchange;
  body.read_callback = read_body;
  nghttp2_submit_response(session, exchange.stream_id(), fields.data(), fields.size(), with_body ? &body : nullptr);
}

void submit_continue(nghttp2_session* session, std::int32_t stream_id) {
  const nghttp2_nv status = name_value(":status", "100");
  nghttp2_submit_headers(session, NGHTTP2_FLAG_NONE, stream_id, nullptr, &status, 1, nullptr);
}

}  // namespace plinth::net
