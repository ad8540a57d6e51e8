// Splits a stream at its document separators without parsing it, so that each document may be JSON or YAML.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace plinth {

struct YamlChunk {
  std::string_view text;       // with the "---" line, which may carry content
  std::string_view body;       // without it when it carries none
  std::size_t first_line = 0;  // of `text`, from 0
};

// Chunks of nothing but space and comments are left out. Views into `text`.
std::vector<YamlChunk> split_yaml_stream(std::string_view text);

}  // namespace plinth
