#include "cli/completion.h"

#include <algorithm>

#include "base/text.h"

namespace plinth::cli {
namespace {

void add(Completions& out, std::string_view text, std::string_view help, std::string_view typed) {
  if (!text.starts_with(typed)) return;
  for (const Completions::One& one : out.all) {
    if (one.text == text) return;
  }
  out.all.push_back({std::string(text), std::string(help)});
}

// The subcommand that the first words name, and how many they are; none yet: nullptr.
std::pair<const Command*, std::size_t> find_command(const std::vector<Command>& commands,
                                                    const std::vector<std::string>& words) {
  for (const Command& command : commands) {
    const auto parts = split(command.name, ' ');
    if (words.size() > parts.size() && std::equal(parts.begin(), parts.end(), words.begin())) return {&command, parts.size()};
  }
  return {nullptr, 0};
}

void add_commands(Completions& out, const std::vector<Command>& commands, const std::vector<std::string>& words) {
  std::string before;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) before += words[i] + " ";
  for (const Command& command : commands) {
    if (!command.name.starts_with(before)) continue;
    const std::string_view rest = command.name.substr(before.size());
    const std::size_t space = rest.find(' ');
    add(out, rest.substr(0, space), space == std::string_view::npos ? command.help : std::string_view(), words.back());
  }
}

const OptionSpec* find_option(const Command& command, std::string_view word) {
  for (const OptionSpec& option : command.options) {
    for (std::string_view name : split(option.name, ',')) {
      if (name == word && name.starts_with('-')) return &option;
    }
  }
  return nullptr;
}

void add_values(Completions& out, const OptionSpec& option, const Arguments& so_far, std::string_view typed,
                const ClusterNames& cluster) {
  if (!option.choices.empty()) {
    for (std::string_view choice : split(option.choices, ',')) add(out, choice, "", typed);
  } else if (option.value == "KIND") {
    for (const std::string& kind : cluster.kinds()) add(out, kind, "", typed);
  } else if (option.value == "NAME" && so_far.count("kind") > 0) {
    for (const std::string& name : cluster.names(so_far)) add(out, name, "", typed);
  } else if (option.value.starts_with("FILE") || option.value == "PATH") {
    out.rest = Completions::Rest::kFiles;
  } else if (option.value == "DIR") {
    out.rest = Completions::Rest::kFolders;
  }
}

void add_options(Completions& out, const Command& command, std::string_view typed) {
  for (const OptionSpec& option : command.options) {
    if (!is_positional(option)) add(out, split(option.name, ',').back(), option.help, typed);
  }
  add(out, "--help", "print what it does and takes", typed);
}

// What has been given behind the subcommand, and the option whose value is being typed.
struct Given {
  Arguments arguments;
  const OptionSpec* open = nullptr;
  std::size_t positionals = 0;
};

Given read_given(const Command& command, const std::vector<std::string>& words, std::size_t from) {
  std::vector<const OptionSpec*> positional;
  for (const OptionSpec& option : command.options) {
    if (is_positional(option)) positional.push_back(&option);
  }
  Given out;
  for (std::size_t i = from; i + 1 < words.size(); ++i) {
    const std::string& word = words[i];
    if (out.open != nullptr) {
      out.arguments[bare_name(out.open->name)] = word;
      out.open = nullptr;
    } else if (word.starts_with('-')) {
      const std::size_t equal = word.find('=');
      const OptionSpec* option = find_option(command, word.substr(0, equal));
      if (option == nullptr || option->value.empty()) continue;
      if (equal == std::string::npos)
        out.open = option;
      else
        out.arguments[bare_name(option->name)] = word.substr(equal + 1);
    } else if (out.positionals < positional.size()) {
      out.arguments[std::string(positional[out.positionals]->name)] = word;
      if (!takes_several(*positional[out.positionals])) ++out.positionals;
    }
  }
  return out;
}

}  // namespace

Completions complete(const std::vector<Command>& commands, const std::vector<std::string>& words, const ClusterNames& cluster) {
  Completions out;
  if (words.empty()) return out;
  const auto [command, taken] = find_command(commands, words);
  if (command == nullptr) {
    add_commands(out, commands, words);
    return out;
  }
  const std::string& typed = words.back();
  const Given given = read_given(*command, words, taken);
  if (given.open != nullptr) {
    add_values(out, *given.open, given.arguments, typed, cluster);
    return out;
  }
  if (typed.starts_with('-')) {
    add_options(out, *command, typed);
    return out;
  }
  std::size_t index = 0;
  for (const OptionSpec& option : command->options) {
    if (is_positional(option) && index++ == given.positionals) add_values(out, option, given.arguments, typed, cluster);
  }
  if (out.all.empty() && out.rest == Completions::Rest::kNone) add_options(out, *command, typed);
  return out;
}

}  // namespace plinth::cli
