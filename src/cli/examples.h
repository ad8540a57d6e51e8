// What the help and the manual pages show of each command: lines that work as they stand, and what they do.
#pragma once

#include <string_view>
#include <vector>

namespace plinth::cli {

struct Example {
  std::string_view what;
  std::string_view line;
};

// Of a command's name, "snapshot save" for one below another; every command has some.
const std::vector<Example>& examples_of(std::string_view command);

// What the commands below one word are about: "snapshot".
std::string_view group_help(std::string_view word);

}  // namespace plinth::cli
