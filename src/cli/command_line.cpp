// The one file that includes CLI11, which takes seconds to compile.
#include <CLI/CLI.hpp>
#include <list>

#include "base/text.h"
#include "cli/command.h"
#include "cli/completion.h"
#include "cli/examples.h"

namespace plinth::cli {
namespace {

struct Bound {
  const Command* command;
  CLI::App* app;
  std::list<std::pair<std::string, std::string>> values;  // option name, value; stable addresses
  std::list<std::pair<std::string, std::vector<std::string>>> lists;
  std::list<std::pair<std::string, bool>> flags;
};

void bind(Bound& bound, const OptionSpec& spec) {
  if (spec.value.empty()) {
    auto& [name, value] = bound.flags.emplace_back(bare_name(spec.name), false);
    bound.app->add_flag(std::string(spec.name), value, std::string(spec.help));
    return;
  }
  if (takes_several(spec)) {
    auto& [name, values] = bound.lists.emplace_back(bare_name(spec.name), std::vector<std::string>());
    CLI::Option* option = bound.app->add_option(std::string(spec.name), values, std::string(spec.help));
    option->type_name(std::string(spec.value.substr(0, spec.value.size() - 3)));
    if (spec.required) option->required();
    return;
  }
  auto& [name, value] = bound.values.emplace_back(bare_name(spec.name), std::string(spec.default_value));
  CLI::Option* option = bound.app->add_option(std::string(spec.name), value, std::string(spec.help));
  option->type_name(std::string(spec.value));
  if (!spec.default_value.empty()) option->capture_default_str();
  if (spec.required) option->required();
}

// "snapshot save" hangs below "snapshot", which is made when it is first needed.
CLI::App* make_app(CLI::App& root, std::string_view name, std::string_view help) {
  const std::size_t space = name.find(' ');
  if (space == std::string_view::npos) return root.add_subcommand(std::string(name), std::string(help));
  const std::string parent_name(name.substr(0, space));
  CLI::App* parent = nullptr;
  for (CLI::App* app : root.get_subcommands(nullptr)) {
    if (app->get_name() == parent_name) parent = app;
  }
  if (parent == nullptr) {
    parent = root.add_subcommand(parent_name, std::string(group_help(parent_name)));
    parent->require_subcommand(1);
  }
  return parent->add_subcommand(std::string(name.substr(space + 1)), std::string(help));
}

std::string footer_of(const Command& command) {
  std::string out;
  for (const Example& example : examples_of(command.name)) {
    if (out.empty()) out = "Examples:";
    out += "\n  # " + std::string(example.what) + "\n  " + std::string(example.line);
  }
  return out;
}

Arguments given(const Bound& bound) {
  Arguments out;
  for (const auto& [name, value] : bound.values) {
    if (!value.empty()) out[name] = value;
  }
  for (const auto& [name, values] : bound.lists) {
    if (!values.empty()) out[name] = join(values, "\n");
  }
  for (const auto& [name, value] : bound.flags) {
    if (value) out[name] = "true";
  }
  return out;
}

}  // namespace

int run_command_line(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == kCompleteWord) return print_completions({argv + 2, argv + argc});
  CLI::App root("A developer platform in one program. It speaks the Kubernetes API.", "plinth");
  root.require_subcommand(1);
  root.footer("plinth SUBCOMMAND --help tells more. To begin: plinth up --node sim --write-kubeconfig kubeconfig");
  std::list<Bound> bounds;
  for (const Command& command : commands()) {
    Bound& bound = bounds.emplace_back();
    bound.command = &command;
    bound.app = make_app(root, command.name, command.help);
    for (const OptionSpec& spec : command.options) bind(bound, spec);
    bound.app->footer(footer_of(command));
  }
  try {
    root.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return root.exit(error) == 0 ? 0 : 2;
  }
  for (Bound& bound : bounds) {
    if (bound.app->parsed()) return bound.command->run(given(bound));
  }
  return 2;
}

}  // namespace plinth::cli
