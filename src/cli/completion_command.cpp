// completion: the scripts of bash, zsh and fish. They hold no list of their own; `plinth __complete` knows.
#include <cstdio>

#include "cli/completion.h"
#include "cli/fail.h"
#include "cli/remote/kind_lookup.h"

namespace plinth::cli {
namespace {

constexpr const char* kBash = R"(# plinth completion for bash:  source <(plinth completion bash)
_plinth() {
  local line rest=:none
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :*) rest=$line ;;
      *) COMPREPLY+=("${line%%$'\t'*}") ;;
    esac
  done < <("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  case $rest in
    :files) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}") ;;
    :folders) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "${COMP_WORDS[COMP_CWORD]}") ;;
  esac
}
complete -F _plinth plinth
)";

constexpr const char* kZsh = R"(#compdef plinth
# plinth completion for zsh:  plinth completion zsh > "${fpath[1]}/_plinth"
_plinth() {
  local line rest=:none
  local -a candidates
  while IFS= read -r line; do
    case $line in
      :*) rest=$line ;;
      *) candidates+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
    esac
  done < <("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)
  case $rest in
    :files) _files ;;
    :folders) _files -/ ;;
    *) _describe -V plinth candidates ;;
  esac
}
compdef _plinth plinth
)";

constexpr const char* kFish = R"(# plinth completion for fish:  plinth completion fish > ~/.config/fish/completions/plinth.fish
function __plinth_complete
    set -l words (commandline -opc) (commandline -ct)
    for line in ($words[1] __complete $words[2..-1] 2>/dev/null)
        switch $line
            case :files
                __fish_complete_path (commandline -ct)
            case :folders
                __fish_complete_directories (commandline -ct)
            case ':*'
            case '*'
                echo $line
        end
    end
end
complete -c plinth -f -a '(__plinth_complete)'
)";

std::vector<std::string> kinds_of_cluster(ApiClient& api) {
  std::vector<std::string> out;
  if (const auto kinds = ServedKinds::discover(api); kinds.ok()) {
    for (const ServedKind& kind : kinds->all()) out.push_back(kind.resource.plural);
  }
  return out;
}

std::vector<std::string> names_of_cluster(ApiClient& api, const Arguments& so_far) {
  std::vector<std::string> out;
  const auto kinds = ServedKinds::discover(api);
  if (!kinds.ok()) return out;
  const auto kind = kinds->find(argument(so_far, "kind"));
  if (!kind.ok()) return out;
  const auto list = api.get(client::object_path(kind->resource, namespace_for(kind->resource, so_far, api), ""));
  if (!list.ok()) return out;
  for (const Value& item : (*list)["items"].items()) out.emplace_back(item["metadata"]["name"].as_string());
  return out;
}

int run(const Arguments& arguments) {
  const std::string shell = argument(arguments, "shell");
  const char* script = shell == "bash" ? kBash : shell == "zsh" ? kZsh : shell == "fish" ? kFish : nullptr;
  if (script == nullptr) return fail(2, "completion " + shell + ": use bash, zsh or fish");
  std::fputs(script, stdout);
  return 0;
}

}  // namespace

int print_completions(const std::vector<std::string>& words) {
  const auto with_api = [](const Arguments& so_far, const auto& ask) {
    auto api = ApiClient::open(so_far);
    return api.ok() ? ask(**api) : std::vector<std::string>();
  };
  const ClusterNames cluster = {
      [&] { return with_api({}, kinds_of_cluster); },
      [&](const Arguments& so_far) { return with_api(so_far, [&](ApiClient& api) { return names_of_cluster(api, so_far); }); },
  };
  const Completions found = complete(commands(), words, cluster);
  for (const Completions::One& one : found.all) std::printf("%s\t%s\n", one.text.c_str(), one.help.c_str());
  std::puts(found.rest == Completions::Rest::kFiles     ? ":files"
            : found.rest == Completions::Rest::kFolders ? ":folders"
                                                        : ":none");
  return 0;
}

Command completion_command() {
  return {"completion",
          "print the script that completes command lines in a shell",
          {{"shell", "SHELL", "bash, zsh or fish", "", true, "bash,zsh,fish"}},
          run};
}

}  // namespace plinth::cli
