// Manual pages, made of the same table as the parser and the help.
#pragma once

#include <string>

#include "cli/command.h"

namespace plinth::cli {

// "plinth-snapshot-save.1"; "plinth.1" of the program.
std::string manual_file_name(const Command& command);
// In roff, man(7).
std::string manual_page(const Command& command);
std::string manual_of_program(const std::vector<Command>& commands);

}  // namespace plinth::cli
