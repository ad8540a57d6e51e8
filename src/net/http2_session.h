// The nghttp2 session of a server connection. For .cpp files of net only.
#pragma once

#include <cstdint>
#include <string_view>

#include "net/http.h"

struct nghttp2_session;

namespace plinth::net {

class Http2Connection;
class Http2Exchange;

// A session that reports to `connection`; its SETTINGS are queued. Null when memory is short.
// `streams`: the windows of streams open as their bodies are used, not as they come.
nghttp2_session* open_server_session(Http2Connection& connection, const HttpLimits& limits, bool streams);
void submit_response_head(nghttp2_session* session, Http2Exchange& exchange, const HttpResponse& response,
                          std::string_view date, bool with_body);
void submit_continue(nghttp2_session* session, std::int32_t stream_id);

}  // namespace plinth::net
