// What could come next on a command line: asked by the shells' scripts (`plinth completion SHELL`) with the words so far.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/command.h"

namespace plinth::cli {

struct Completions {
  struct One {
    std::string text, help;
  };
  std::vector<One> all;  // those that begin with what was typed
  enum class Rest { kNone, kFiles, kFolders } rest = Rest::kNone;
};

// What only a cluster can tell. Both may answer nothing: a shell must not wait or complain.
struct ClusterNames {
  std::function<std::vector<std::string>()> kinds;
  std::function<std::vector<std::string>(const Arguments& so_far)> names;  // of "kind", with the connection's options
};

// `words` are those behind "plinth"; the last one is being typed and may be empty.
Completions complete(const std::vector<Command>& commands, const std::vector<std::string>& words, const ClusterNames& cluster);

// `plinth __complete WORD...` prints a candidate a line, TAB and its help behind it, and last ":none", ":files" or ":folders".
inline constexpr std::string_view kCompleteWord = "__complete";
int print_completions(const std::vector<std::string>& words);

}  // namespace plinth::cli
