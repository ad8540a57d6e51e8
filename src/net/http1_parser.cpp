#include "net/http1_parser.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>

#include <fmt/core.h>

namespace plinth::net {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using beast::error_code;

// A chunk's size line with its extensions, or the trailer.
constexpr std::size_t kChunkHeadBytesMax = 16 * 1024;
// Reserved at once for a body of known length; beyond, memory follows the bytes that arrive.
constexpr std::size_t kBodyReserveMax = 64 * 1024;
constexpr std::size_t kFieldOverhead = 4;  // colon, space and the line's end

std::string_view to_std(beast::string_view text) { return {text.data(), text.size()}; }

std::string lower(beast::string_view text) {
  std::string out(text.data(), text.size());
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

Error protocol_error(int code, std::string message) {
  Error error(Reason::kBadRequest, std::move(message));
  error.set_code(code);
  return error;
}

// What both directions share: fields, body, and errors as values.
template <bool IsRequest>
class MessageParser : public http::basic_parser<IsRequest> {
 public:
  explicit MessageParser(std::size_t header_bytes_max, std::size_t body_bytes_max)
      : header_bytes_max_(header_bytes_max), body_bytes_max_(body_bytes_max) {
    this->eager(true);
    this->header_limit(static_cast<std::uint32_t>(std::min<std::size_t>(header_bytes_max, UINT32_MAX)));
    this->body_limit(boost::none);
  }

  std::size_t feed(std::string_view bytes) {
    if (bytes.empty() || failure || this->is_done()) return 0;
    const bool head_was_complete = this->is_header_done();
    error_code error;
    const std::size_t used = this->put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
    if (!head_was_complete) header_bytes_ += used;
    if (error && error != http::error::need_more) {
      if (!failure) failure = describe(error);
    } else if (!this->is_header_done() && header_bytes_ + (bytes.size() - used) > header_bytes_max_) {
      failure = describe(http::error::header_limit);
    } else if (this->is_header_done() && !this->is_done() && bytes.size() - used > kChunkHeadBytesMax) {
      failure = protocol_error(400, "Bad Request: chunk header too long");
    }
    return used;
  }

  // See Http1RequestParser.
  void limit_body() {
    body_is_open = false;
    const auto length = this->content_length();
    if (body.size() > body_bytes_max_ || (length && *length > body_bytes_max_)) failure = too_large();
  }

  Headers headers;
  std::string body;
  std::optional<Error> failure;
  bool body_is_open = false;

 protected:
  virtual void check_field(http::field, std::string_view) {}
  virtual void check_head() {}

  void fail(Error error, error_code& ec) {
    failure = std::move(error);
    ec = http::error::bad_field;
  }

 private:
  Error describe(error_code error) const {
    if (error == http::error::header_limit) {
      return protocol_error(431, fmt::format("Request Header Fields Too Large: limit is {} bytes", header_bytes_max_));
    }
    if (error == http::error::bad_version) return protocol_error(505, "HTTP Version Not Supported");
    return protocol_error(400, fmt::format("Bad Request: {}", error.message()));
  }

  void on_field_impl(http::field field, beast::string_view name, beast::string_view value, error_code& ec) override {
    if (this->is_header_done()) return;  // trailers are not merged into the head
    check_field(field, to_std(value));
    head_bytes_ += name.size() + value.size() + kFieldOverhead;
    if (!failure && head_bytes_ > header_bytes_max_) failure = describe(http::error::header_limit);
    if (failure) {
      ec = http::error::bad_field;
      return;
    }
    headers.add(lower(name), std::string(value.data(), value.size()));
  }
  void on_header_impl(error_code& ec) override {
    check_head();
    if (failure) ec = http::error::bad_field;
    // Before the body comes: a client that waits for "100 Continue" need not send it.
    else if (const auto length = this->content_length(); !body_is_open && length && *length > body_bytes_max_)
      fail(too_large(), ec);
  }
  void on_body_init_impl(boost::optional<std::uint64_t> const& length, error_code&) override {
    if (length) body.reserve(std::min<std::size_t>(*length, kBodyReserveMax));
  }
  std::size_t on_body_impl(beast::string_view bytes, error_code& ec) override { return take_body(bytes, ec); }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view bytes, error_code& ec) override {
    return take_body(bytes, ec);
  }
  void on_finish_impl(error_code&) override {}

  std::size_t take_body(beast::string_view bytes, error_code& ec) {
    if (!body_is_open && body.size() + bytes.size() > body_bytes_max_) {
      fail(too_large(), ec);
      return 0;
    }
    body.append(bytes.data(), bytes.size());
    return bytes.size();
  }
  Error too_large() const {
    return Error(Reason::kRequestEntityTooLarge, fmt::format("Request entity too large: limit is {}", body_bytes_max_));
  }

  const std::size_t header_bytes_max_;
  const std::size_t body_bytes_max_;
  std::size_t header_bytes_ = 0;  // used while the head was incomplete
  std::size_t head_bytes_ = 0;    // of the fields, however they were cut into pieces
};

class RequestMessage final : public MessageParser<true> {
 public:
  using MessageParser::MessageParser;
  std::string method;
  std::string target;
  std::string host;
  int version = 11;
  bool expects_continue = false;

 private:
  void on_request_impl(http::verb, beast::string_view verb, beast::string_view where, int http_version,
                       error_code& ec) override {
    method.assign(verb.data(), verb.size());
    target.assign(where.data(), where.size());
    version = http_version;
    take_authority_from_target();
    if (target.empty() || (target[0] != '/' && target != "*" && method != "CONNECT")) {
      fail(protocol_error(400, "Bad Request: the request target must begin with \"/\""), ec);
    }
  }
  void on_response_impl(int, beast::string_view, int, error_code&) override {}

  // "http://host/path" as a proxy would send it: RFC 9112 section 3.2.2.
  void take_authority_from_target() {
    for (const std::string_view scheme : {"http://", "https://"}) {
      if (!target.starts_with(scheme)) continue;
      const std::size_t slash = target.find_first_of("/?", scheme.size());
      host = target.substr(scheme.size(), slash == std::string::npos ? slash : slash - scheme.size());
      host_from_target_ = true;
      target = slash == std::string::npos ? "/" : target.substr(slash);
      if (target[0] == '?') target.insert(0, 1, '/');
    }
  }

  void check_field(http::field field, std::string_view value) override {
    if (field == http::field::host) {
      if (++hosts_ > 1)
        failure = protocol_error(400, "Bad Request: more than one Host header");
      else if (!host_from_target_)
        host = value;
    } else if (field == http::field::transfer_encoding) {
      // Anything else would leave the end of the body to interpretation: RFC 9112 section 6.1.
      if (!beast::iequals("chunked", {value.data(), value.size()})) {
        failure = protocol_error(501, "Not Implemented: transfer encodings other than chunked");
      } else if (version < 11) {
        failure = protocol_error(400, "Bad Request: Transfer-Encoding in HTTP/1.0");
      }
    } else if (field == http::field::expect) {
      if (beast::iequals("100-continue", {value.data(), value.size()}))
        expects_continue = version >= 11;
      else
        failure = protocol_error(417, "Expectation Failed");
    }
  }

  void check_head() override {
    if (version >= 11 && hosts_ == 0) failure = protocol_error(400, "Bad Request: missing required Host header");
  }

  int hosts_ = 0;
  bool host_from_target_ = false;
};

class ResponseMessage final : public MessageParser<false> {
 public:
  ResponseMessage(std::size_t header_bytes_max, bool body_expected) : MessageParser(header_bytes_max, SIZE_MAX) {
    if (!body_expected) this->skip(true);
  }
  int status = 0;

 private:
  void on_request_impl(http::verb, beast::string_view, beast::string_view, int, error_code&) override {}
  void on_response_impl(int code, beast::string_view, int, error_code&) override { status = code; }
};

}  // namespace

struct Http1RequestParser::Impl {
  std::size_t header_bytes_max;
  std::size_t body_bytes_max;
  std::optional<RequestMessage> message;
  bool open_bodies = false;
  void begin() {
    message.emplace(header_bytes_max, body_bytes_max);
    message->body_is_open = open_bodies;
  }
};

Http1RequestParser::Http1RequestParser(std::size_t header_bytes_max, std::size_t body_bytes_max)
    : impl_(std::make_unique<Impl>(Impl{header_bytes_max, body_bytes_max, {}, false})) {
  impl_->begin();
}
Http1RequestParser::~Http1RequestParser() = default;

std::size_t Http1RequestParser::feed(std::string_view bytes) {
  // Empty lines before a request are ignored: RFC 9112 section 2.2.
  std::size_t skipped = 0;
  if (at_start()) {
    while (bytes.substr(skipped).starts_with("\r\n")) skipped += 2;
    if (bytes.substr(skipped) == "\r") return skipped;
  }
  return skipped + impl_->message->feed(bytes.substr(skipped));
}

bool Http1RequestParser::head_complete() const { return impl_->message->is_header_done(); }
bool Http1RequestParser::complete() const { return impl_->message->is_done() && !impl_->message->failure; }
const std::optional<Error>& Http1RequestParser::error() const { return impl_->message->failure; }
bool Http1RequestParser::keep_alive() const { return impl_->message->keep_alive(); }
bool Http1RequestParser::wants_continue() const { return impl_->message->expects_continue; }
bool Http1RequestParser::at_start() const { return !impl_->message->got_some(); }

HttpRequest Http1RequestParser::take_head() {
  RequestMessage& message = *impl_->message;
  HttpRequest request;
  request.method = std::move(message.method);
  request.target = std::move(message.target);
  request.host = std::move(message.host);
  request.version = message.version;
  request.headers = std::move(message.headers);
  return request;
}

std::string& Http1RequestParser::body() { return impl_->message->body; }

HttpRequest Http1RequestParser::take() {
  HttpRequest request = take_head();
  request.body = std::move(impl_->message->body);
  impl_->begin();
  return request;
}

void Http1RequestParser::leave_body_open() {
  impl_->open_bodies = true;
  impl_->message->body_is_open = true;
}
void Http1RequestParser::limit_body() { impl_->message->limit_body(); }

HttpRequest Http1RequestParser::head() const {
  const RequestMessage& message = *impl_->message;
  HttpRequest request;
  request.method = message.method;
  request.target = message.target;
  request.host = message.host;
  request.version = message.version;
  request.headers = message.headers;
  return request;
}

std::string_view Http1RequestParser::method() const { return impl_->message->method; }
std::string_view Http1RequestParser::target() const { return impl_->message->target; }

std::string Http1RequestParser::take_body() { return std::exchange(impl_->message->body, {}); }

struct Http1ResponseParser::Impl {
  std::size_t header_bytes_max;
  Body expected;
  std::optional<ResponseMessage> message;
  bool closes = false;
};

Http1ResponseParser::Http1ResponseParser(std::size_t header_bytes_max, Body body)
    : impl_(std::make_unique<Impl>(Impl{header_bytes_max, body, {}, false})) {
  impl_->message.emplace(header_bytes_max, body == Body::kExpected);
}
Http1ResponseParser::~Http1ResponseParser() = default;

std::size_t Http1ResponseParser::feed(std::string_view bytes) {
  std::size_t used = 0;
  while (true) {
    used += impl_->message->feed(bytes.substr(used));
    const ResponseMessage& message = *impl_->message;
    const bool interim = message.is_done() && !message.failure && message.status / 100 == 1 && message.status != 101;
    if (!interim) return used;
    impl_->message.emplace(impl_->header_bytes_max, impl_->expected == Body::kExpected);
  }
}

void Http1ResponseParser::feed_end() {
  ResponseMessage& message = *impl_->message;
  if (message.failure || message.is_done()) return;
  error_code error = http::error::partial_message;
  if (message.got_some()) message.put_eof(error);
  if (error)
    message.failure = Error(Reason::kServiceUnavailable, "the peer closed the connection before its answer was complete");
}

bool Http1ResponseParser::head_complete() const {
  return impl_->message->is_header_done() && (impl_->message->status / 100 != 1 || impl_->message->status == 101);
}
bool Http1ResponseParser::complete() const { return head_complete() && impl_->message->is_done() && !impl_->message->failure; }
const std::optional<Error>& Http1ResponseParser::error() const { return impl_->message->failure; }
bool Http1ResponseParser::keep_alive() const { return impl_->message->keep_alive(); }
int Http1ResponseParser::status() const { return impl_->message->status; }
Headers& Http1ResponseParser::headers() { return impl_->message->headers; }
std::string& Http1ResponseParser::body() { return impl_->message->body; }

}  // namespace plinth::net
