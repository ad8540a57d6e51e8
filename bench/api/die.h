// A measurement that cannot be made ends the program with a reason.
#pragma once

#include <cstdio>
#include <cstdlib>

#include <fmt/core.h>

namespace plinth::bench {

template <typename... Args>
[[noreturn]] void die(fmt::format_string<Args...> text, Args&&... args) {
  fmt::print(stderr, "bench api: {}\n", fmt::format(text, std::forward<Args>(args)...));
  std::exit(1);
}

}  // namespace plinth::bench
