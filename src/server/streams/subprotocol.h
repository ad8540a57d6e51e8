// Which protocol of streams a client and this server have in common.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/http.h"

namespace plinth::server {

// All values of a header that is a list, in order.
std::vector<std::string> header_list(const net::Headers& headers, std::string_view name);
// The client's first choice among `served`.
std::optional<std::string> choose_subprotocol(const std::vector<std::string>& offered,
                                              std::span<const std::string_view> served);

// Whether the request asks to go on as SPDY/3.1.
bool wants_spdy(const net::HttpRequest& request);

}  // namespace plinth::server
