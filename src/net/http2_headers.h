// Header blocks of HTTP/2: HPACK, and what a request's fields must be. For .cpp files of net only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "net/http.h"

struct nghttp2_hd_inflater;

namespace plinth::net {

// Decodes the blocks of one connection, in order: they share a table. nghttp2's decoder.
class HeaderDecoder {
 public:
  HeaderDecoder();
  // Hands each field to `field`. False when the block is no HPACK: the connection cannot go on.
  bool decode(std::string_view block, const std::function<void(std::string_view name, std::string_view value)>& field);

 private:
  struct Delete {
    void operator()(nghttp2_hd_inflater* inflater) const;
  };
  std::unique_ptr<nghttp2_hd_inflater, Delete> inflater_;  // null when memory is short
};

// Encodes without a table of earlier fields: an answer's head is some 200 bytes instead of 50, and a connection keeps nothing for it.
namespace header_block {
// Before the first field of a connection's first block: the table is empty and stays so (RFC 7541 section 6.3).
void append_no_table(std::string& block);
void append(std::string& block, std::string_view name, std::string_view value);
void append_status(std::string& block, int status);
// The fields of an answer, cleaned: what speaks of the connection is left out, line breaks become spaces. `date` where it has none.
void append_answer(std::string& block, const HttpResponse& response, std::string_view date);
void append_trailers(std::string& block, const Headers& trailers);
}  // namespace header_block

// RFC 9113 section 8.3: a request with other fields is malformed.
class RequestFields {
 public:
  // False when the field makes the request malformed.
  bool take(std::string_view name, std::string_view value);
  // Whether all were there that must be.
  bool complete() const;
  std::int64_t content_length() const { return content_length_; }  // -1 when not said

 private:
  bool take_pseudo(std::string_view name, std::string_view value);

  std::int64_t content_length_ = -1;
  std::uint8_t seen_ = 0;
  bool regular_ = false;
  bool connect_ = false;
};

// Fields after a request's body.
bool is_trailer(std::string_view name, std::string_view value);

}  // namespace plinth::net
