// A subcommand: what it is called, what it takes, what it does. command_line.cpp turns the table into a parser.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace plinth::cli {

struct OptionSpec {
  std::string_view name;   // "--data-dir"; without dashes: a positional argument
  std::string_view value;  // "DIR"; "FILE...": one or more, joined by line feeds; "": a flag
  std::string_view help;
  std::string_view default_value;  // "": none
  bool required = false;
  std::string_view choices = {};  // "cri,sim,none": all that can be given, for completion
};

// What was given, by option name without dashes; flags are "true".
using Arguments = std::map<std::string, std::string, std::less<>>;

struct Command {
  std::string_view name;  // "up", or "snapshot save" for one below another
  std::string_view help;
  std::vector<OptionSpec> options;
  int (*run)(const Arguments& arguments);  // exit status
};

// Every subcommand of the program.
const std::vector<Command>& commands();

std::string argument(const Arguments& arguments, std::string_view name);
bool has_flag(const Arguments& arguments, std::string_view name);

// Parses and runs; prints help, the version or what is wrong. Exit status: 0, 1 (failed), 2 (wrong usage).
int run_command_line(int argc, char** argv);

// "-o,--output" -> "output"
std::string bare_name(std::string_view option);
// "FILE...": one or more.
bool takes_several(const OptionSpec& option);
bool is_positional(const OptionSpec& option);

Command up_command();
Command down_command();
Command image_import_command();
Command image_list_command();
Command image_remove_command();
Command attach_command();
Command validate_command();
Command render_command();
Command get_command();
Command apply_command();
Command delete_command();
Command tree_command();
Command status_command();
Command explain_instance_command();
Command kubeconfig_command();
Command kinds_command();
Command completion_command();
Command manual_command();
Command version_command();
Command snapshot_save_command();
Command snapshot_restore_command();
Command rotate_key_command();
Command cel_eval_command();
Command cel_conformance_command();
Command csi_driver_command();

}  // namespace plinth::cli
