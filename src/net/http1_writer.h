// HTTP/1.1 heads and chunks as bytes.
#pragma once

#include <string>
#include <string_view>

#include "net/http.h"

namespace plinth::net {

std::string_view status_text(int status);

// How the end of an answer's body is told.
enum class Framing : std::uint8_t {
  kLength,   // content-length: `length`
  kOwn,      // by what the headers already say, or there is no body
  kChunked,  // transfer-encoding: chunked
  kUntilEnd  // by the end of the connection
};

struct ResponseHead {
  int status = 200;
  Framing framing = Framing::kLength;
  std::size_t length = 0;
  bool close = false;     // adds "connection: close"
  std::string_view date;  // value of the Date header; none when empty
};
std::string write_response_head(const ResponseHead& head, const Headers& headers);

// Framed as a chunk; nothing for an empty one (which would end the body).
void append_chunk(ByteChain& out, ByteChain chunk);
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";
inline constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

// `request.target` is written as it is; content-length when there is a body or the method usually has one.
std::string write_request_head(const HttpRequest& request);

}  // namespace plinth::net
