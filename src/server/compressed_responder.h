// Large answers as gzip.
#pragma once

#include <cstddef>
#include <memory>

#include "net/http.h"

namespace plinth::server {

// Who gets compressed answers, of those that ask for them. On one machine the processor time costs more than the bytes.
enum class Compression { kNever, kRemotePeers, kAlways };

// Smaller answers go out as they are: what the network saves is less than what compressing costs.
inline constexpr std::size_t kCompressedBytesMin = 128 * 1024;

// Whether the Accept-Encoding header takes gzip (and not with q=0).
bool accepts_gzip(std::string_view accept_encoding);

// `inner`, or a responder before it that compresses: a complete answer of at least kCompressedBytesMin, and every streamed one.
// It works on a piece for each turn of the loop, so that no answer holds it. Not for watches: their events must leave at once.
std::shared_ptr<net::Responder> compressed_responder(std::shared_ptr<net::Responder> inner, const net::HttpRequest& request,
                                                     Compression compression);

}  // namespace plinth::server
