// What commands about one object begin with: the format, the cluster, the object that is meant.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cli/remote/kind_lookup.h"

namespace plinth::cli {

struct OneObject {
  std::string format;  // of -o; "": text
  std::unique_ptr<ApiClient> api;
  ServedKinds kinds;
  client::Resource resource;
  std::string name_space, name;
};

// From the arguments kind, name and the options of a connection. Nothing when that is wrong: it was told, and `status` is the
// exit status. `command` and `verb` are for the message about a name that is missing.
std::optional<OneObject> open_object(const Arguments& arguments, std::string_view command, std::string_view verb, int& status);

// A text on one line of a table: blanks and line ends as one blank, at most `bytes_max` bytes and "..." after them.
std::string one_line(std::string_view text, std::size_t bytes_max);

}  // namespace plinth::cli
