// Why a time is malformed, in the words of Go's time.Parse, which reach the client.
#pragma once

#include <string>
#include <string_view>

namespace plinth::api {

// For a text that is not RFC 3339; with `micro` one that lacks a fraction of exactly six digits. Names the first thing that
// does not fit the layout.
std::string time_error(std::string_view text, bool micro = false);

}  // namespace plinth::api
