// The files of configMap, secret, downwardAPI and projected volumes, made from objects.
#pragma once

#include <map>
#include <string>

#include "node/volumes/atomic_writer.h"
#include "node/volumes/volume_plugin.h"

namespace plinth::node {

// A token by audience and seconds, as projected sources and storage drivers ask for it.
struct TokenWish {
  std::string audience;
  std::int64_t expiration_s = 3600;
  friend auto operator<=>(const TokenWish&, const TokenWish&) = default;
};
struct GivenToken {
  std::string token, ends;  // `ends`: RFC 3339
};
using Tokens = std::map<TokenWish, GivenToken>;

// What tokens the volume needs.
std::vector<TokenWish> tokens_wanted(const Value& volume);
// NotFound names the object or key that is missing and not optional.
Result<Payload> make_payload(const VolumeRequest& request, const Tokens& tokens);

}  // namespace plinth::node
