#include "cli/kubeconfig_file.h"

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

#include "base/text.h"
#include "base/yaml.h"

namespace plinth::cli {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// The first file of a list that is there.
std::string kubeconfig_path(const Arguments& arguments) {
  if (std::string given = argument(arguments, "kubeconfig"); !given.empty()) return given;
  const std::string list = variable("KUBECONFIG");
  for (std::string_view path : split(list, ':')) {
    if (!path.empty() && std::ifstream(std::string(path))) return std::string(path);
  }
  return list.empty() ? variable("HOME") + "/.kube/config" : list;
}

std::string namespace_of(const Document& config, std::string_view context) {
  if (context.empty()) context = config["current-context"].as_string();
  for (const Value& item : config["contexts"].items()) {
    const std::string_view given = item["context"]["namespace"].as_string();
    if (item["name"].as_string() == context && !given.empty()) return std::string(given);
  }
  return "default";
}

}  // namespace

Result<std::string> read_input(const std::string& path) {
  std::ostringstream out;
  if (path == "-") {
    out << std::cin.rdbuf();
    return out.str();
  }
  std::ifstream in(path, std::ios::binary);
  if (!in) return bad_request(path + " cannot be read");
  out << in.rdbuf();
  return out.str();
}

Result<ChosenCluster> choose_cluster(const Arguments& arguments) {
  const std::string path = kubeconfig_path(arguments);
  auto text = read_input(path);
  if (!text.ok()) {
    return bad_request(
        text.error().message() +
        "; name a kubeconfig with --kubeconfig or $KUBECONFIG (plinth kubeconfig prints one for a data directory)");
  }
  const std::string folder = path.rfind('/') == std::string::npos ? "" : path.substr(0, path.rfind('/') + 1);
  const std::string context = argument(arguments, "context");
  ChosenCluster out;
  // Files that it names are relative to it.
  auto config = client::parse_kubeconfig(
      *text, context, [&](const std::string& file) { return read_input(file.starts_with("/") ? file : folder + file); });
  if (!config.ok()) return Error(config.error().reason(), path + ": " + config.error().message());
  out.config = std::move(*config);
  if (!out.config.token_file.empty() && !out.config.token_file.starts_with("/"))
    out.config.token_file = folder + out.config.token_file;
  if (auto document = parse_yaml(*text); document.ok()) out.name_space = namespace_of(*document, context);
  return out;
}

}  // namespace plinth::cli
