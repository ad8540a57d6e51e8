#include "cli/completion.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "cli/examples.h"
#include "cli/manual.h"

namespace plinth::cli {
namespace {

std::string completed(const std::string& line) {
  std::vector<std::string> words;
  for (std::string_view word : split(line, ' ')) words.emplace_back(word);
  const ClusterNames cluster = {
      [] {
        return std::vector<std::string>{"pods", "services"};
      },
      [](const Arguments& so_far) {
        return std::vector<std::string>{argument(so_far, "kind") + "-1", argument(so_far, "namespace") + "-2"};
      },
  };
  const Completions found = complete(commands(), words, cluster);
  std::string out;
  for (const Completions::One& one : found.all) out += (out.empty() ? "" : " ") + one.text;
  if (found.rest == Completions::Rest::kFiles) out += "<files>";
  if (found.rest == Completions::Rest::kFolders) out += "<folders>";
  return out;
}

TEST_CASE("what could come next on a command line") {
  CHECK(completed("st") == "status");
  CHECK(completed("snapshot ") == "save restore");
  CHECK(completed("sn") == "snapshot");
  CHECK(completed("nothing ").empty());
  CHECK(completed("up --node ") == "cri sim none");
  CHECK(completed("up --node s") == "sim");
  CHECK(completed("up --data-dir ") == "<folders>");
  CHECK(completed("up --data-dir x --write-k") == "--write-kubeconfig");
  CHECK(completed("apply -f ") == "<files>");
  CHECK(completed("get ") == "pods services");
  CHECK(completed("get s") == "services");
  CHECK(completed("get pods ") == "pods-1 -2");
  CHECK(completed("get -n a-team pods ") == "pods-1 a-team-2");
  CHECK(completed("get --namespace=a pods p") == "pods-1");
  CHECK(completed("get -o ") == "wide json yaml name");
  CHECK(completed("get --all-n") == "--all-namespaces");
  CHECK(completed("completion ") == "bash zsh fish");
  CHECK(completed("image import ") == "<files>");
  CHECK(completed("version ") == "--help");
}

TEST_CASE("every command says what it does and shows how") {
  for (const Command& command : commands()) {
    CAPTURE(command.name);
    CHECK_FALSE(command.help.empty());
    REQUIRE_FALSE(examples_of(command.name).empty());
    for (const Example& example : examples_of(command.name)) {
      const std::string start = "plinth " + std::string(command.name);
      CHECK(example.line.find(start) != std::string_view::npos);
    }
    for (const OptionSpec& option : command.options) CHECK_FALSE(option.help.empty());
    if (const std::size_t space = command.name.find(' '); space != std::string_view::npos)
      CHECK_FALSE(group_help(command.name.substr(0, space)).empty());
  }
}

TEST_CASE("an example names only options that there are") {
  for (const Command& command : commands()) {
    for (const Example& example : examples_of(command.name)) {
      for (std::string_view word : split(example.line, ' ')) {
        if (!word.starts_with('-')) continue;
        const std::string_view name = word.substr(0, word.find('='));
        bool found = false;
        for (const OptionSpec& option : command.options) {
          for (std::string_view one : split(option.name, ',')) found = found || one == name;
        }
        CAPTURE(example.line);
        CAPTURE(name);
        CHECK(found);
      }
    }
  }
}

TEST_CASE("a manual page") {
  const Command command = {"image import",
                           "make an image known",
                           {{"archive", "FILE.tar", "'tar' of it", "", true}, {"-n,--name", "NAME", "its name", "x", false}},
                           nullptr};
  CHECK(manual_file_name(command) == "plinth-image-import.1");
  const std::string page = manual_page(command);
  CHECK(page.find(".SH NAME\nplinth\\-image\\-import \\- make an image known\n") != std::string::npos);
  CHECK(page.find("\\fBplinth image import\\fR [OPTION]... \\fIFILE.tar\\fR\n") != std::string::npos);
  CHECK(page.find(".TP\n\\fB\\-n\\fR, \\fB\\-\\-name\\fR \\fINAME\\fR\nits name (default x)\n") != std::string::npos);
  CHECK(page.find("\\fIFILE.tar\\fR\n\\&'tar' of it (required)\n") != std::string::npos);
  CHECK(manual_of_program(commands()).find(".BR plinth\\-snapshot\\-save (1)\n") != std::string::npos);
}

}  // namespace
}  // namespace plinth::cli
