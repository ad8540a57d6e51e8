// HTTP/1.x messages from bytes; no I/O. Boost.Beast's parser is behind this header.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "net/http.h"

namespace plinth::net {

// One connection's requests, one after the other. An Error's code() is the status to answer with; after one the connection
// must be closed.
class Http1RequestParser {
 public:
  Http1RequestParser(std::size_t header_bytes_max, std::size_t body_bytes_max);
  ~Http1RequestParser();

  // Returns how many bytes were used. What is left belongs to the next request when complete(); else it must be passed
  // again, at its beginning more bytes.
  std::size_t feed(std::string_view bytes);

  bool head_complete() const;
  bool complete() const;
  const std::optional<Error>& error() const;
  // Of the message whose head is complete:
  bool keep_alive() const;
  bool wants_continue() const;  // "expect: 100-continue"
  // Before the first byte: bodies have no limit until limit_body() sets the one of this message, which then may be over it
  // already.
  void leave_body_open();
  void limit_body();
  HttpRequest head() const;  // without its body
  std::string_view method() const;
  std::string_view target() const;
  std::string take_body();  // what has come of it since
  // Its parts as soon as the head is complete: everything but the body, then what has come of that, which the caller may empty.
  HttpRequest take_head();
  std::string& body();
  // The complete request; the parser is ready for the next one.
  HttpRequest take();
  // True until the first byte of a request was used.
  bool at_start() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// One answer. Interim answers (1xx other than 101) are skipped.
class Http1ResponseParser {
 public:
  enum class Body { kExpected, kNone };  // kNone: the answer to HEAD
  Http1ResponseParser(std::size_t header_bytes_max, Body body);
  ~Http1ResponseParser();

  // As above. Body bytes are appended to body(), which the caller may empty at any time.
  std::size_t feed(std::string_view bytes);
  // The peer will send no more: completes a body that lasts until the end of the connection.
  void feed_end();

  bool head_complete() const;
  bool complete() const;
  const std::optional<Error>& error() const;
  bool keep_alive() const;
  int status() const;
  Headers& headers();
  std::string& body();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace plinth::net
