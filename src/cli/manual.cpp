#include "cli/manual.h"

#include <cstdio>

#include <fmt/core.h>

#include "base/text.h"
#include "cli/examples.h"
#include "cli/fail.h"
#include "world_real/real_disk.h"

namespace plinth::cli {
namespace {

// A line of roff may not begin with a dot or a quote, and '-' and '\' must stay what they are.
std::string escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
  }
  if (out.starts_with('.') || out.starts_with('\'')) out.insert(0, "\\&");
  return out;
}

std::string dashed(std::string_view name) {
  std::string out(name);
  for (char& c : out) c = c == ' ' ? '-' : c;
  return out;
}

std::string head(std::string_view name, std::string_view help) {
  return fmt::format(".TH {} 1 \"\" \"plinth {}\" \"Plinth\"\n.SH NAME\n{} \\- {}\n", escaped(name), PLINTH_VERSION,
                     escaped(name), escaped(help));
}

// "\fB\-n\fR, \fB\-\-namespace\fR \fINS\fR"
std::string option_term(const OptionSpec& option) {
  std::string out;
  if (is_positional(option)) return "\\fI" + escaped(option.value) + "\\fR";
  for (std::string_view name : split(option.name, ',')) out += (out.empty() ? "\\fB" : ", \\fB") + escaped(name) + "\\fR";
  return option.value.empty() ? out : out + " \\fI" + escaped(option.value) + "\\fR";
}

std::string synopsis(const Command& command) {
  std::string out = "\\fBplinth " + escaped(command.name) + "\\fR [OPTION]...";
  for (const OptionSpec& option : command.options) {
    if (is_positional(option)) out += option.required ? " " + option_term(option) : " [" + option_term(option) + "]";
  }
  return ".SH SYNOPSIS\n" + out + "\n";
}

std::string options(const Command& command) {
  std::string out;
  for (const OptionSpec& option : command.options) {
    out += ".TP\n" + option_term(option) + "\n" + escaped(option.help);
    if (!option.default_value.empty()) out += " (default " + escaped(option.default_value) + ")";
    if (option.required) out += " (required)";
    out += "\n";
  }
  return out.empty() ? out : ".SH OPTIONS\n" + out;
}

constexpr const char* kExitStatus =
    ".SH EXIT STATUS\n0; 1 when it failed, with the reason on standard error; 2 when it was used wrongly.\n";

int write_all(const Arguments& arguments) {
  world_real::RealDisk disk;
  const std::string folder = argument(arguments, "folder");
  const auto write = [&](const std::string& name, const std::string& text) {
    return write_file_atomically(disk, folder + "/" + name, text, 0644);
  };
  Result<void> written = disk.make_directories(folder, 0755);
  if (written.ok()) written = write("plinth.1", manual_of_program(commands()));
  for (const Command& command : commands()) {
    if (written.ok()) written = write(manual_file_name(command), manual_page(command));
  }
  return written.ok() ? 0 : fail(1, written.error().message());
}

}  // namespace

std::string manual_file_name(const Command& command) { return "plinth-" + dashed(command.name) + ".1"; }

std::string manual_page(const Command& command) {
  std::string out = head("plinth-" + dashed(command.name), command.help) + synopsis(command) + options(command);
  for (bool first = true; const Example& example : examples_of(command.name)) {
    if (first) out += ".SH EXAMPLES\n";
    first = false;
    out += fmt::format(".TP\n{}\n.nf\n{}\n.fi\n", escaped(example.what), escaped(example.line));
  }
  return out + kExitStatus + ".SH SEE ALSO\n.BR plinth (1)\n";
}

std::string manual_of_program(const std::vector<Command>& commands) {
  std::string out = head("plinth", "a developer platform in one program, which speaks the Kubernetes API");
  out += ".SH SYNOPSIS\n\\fBplinth\\fR \\fISUBCOMMAND\\fR [OPTION]...\n.SH SUBCOMMANDS\n";
  for (const Command& command : commands)
    out += fmt::format(".TP\n.BR plinth\\-{} (1)\n{}\n", escaped(dashed(command.name)), escaped(command.help));
  return out + kExitStatus;
}

Command manual_command() {
  return {"manual",
          "write a manual page of every command to a folder",
          {{"folder", "DIR", "made where it is absent", "", true}},
          write_all};
}

}  // namespace plinth::cli
