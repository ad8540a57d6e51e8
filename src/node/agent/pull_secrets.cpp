#include "node/agent/pull_secrets.h"

#include <algorithm>

#include "base/base64.h"
#include "base/json.h"
#include "base/text.h"

namespace plinth::node {
namespace {

// "nginx" -> "docker.io/library/nginx": the first part is a registry when it looks like a host.
std::string full_name(std::string_view image) {
  const std::string_view name = image.substr(0, image.find('@'));
  const std::size_t slash = name.find('/');
  const std::string_view first = name.substr(0, slash);
  const bool host =
      slash != std::string_view::npos && (first.find_first_of(".:") != std::string_view::npos || first == "localhost");
  if (host) return std::string(name);
  return slash == std::string_view::npos ? "docker.io/library/" + std::string(name) : "docker.io/" + std::string(name);
}

// "https://index.docker.io/v1/" -> "docker.io"
std::string registry_of(std::string_view key) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (key.starts_with(scheme)) key.remove_prefix(scheme.size());
  }
  std::string out(key);
  while (!out.empty() && out.back() == '/') out.pop_back();
  for (const std::string_view version : {"/v1", "/v2"}) {
    if (out.ends_with(version)) out.resize(out.size() - version.size());
  }
  return out == "index.docker.io" || out == "registry-1.docker.io" ? "docker.io" : out;
}

bool fits(const std::string& registry, const std::string& image) {
  if (registry.rfind("*.", 0) == 0) {
    const std::string host = image.substr(0, image.find('/'));
    const std::size_t dot = host.find('.');
    return dot != std::string::npos && host.substr(dot) == registry.substr(1);
  }
  if (image.rfind(registry, 0) != 0) return false;
  return image.size() == registry.size() || image[registry.size()] == '/' || image[registry.size()] == ':';
}

}  // namespace

std::vector<ImageAuth> auths_of(std::string_view docker_config_json, std::string_view image) {
  std::vector<std::pair<std::string, ImageAuth>> found;
  auto config = parse_json(docker_config_json);
  if (!config.ok()) return {};
  const Value root = (*config)["auths"].is_object() ? (*config)["auths"] : config->root();
  const std::string name = full_name(image);
  for (const Member& m : root.members()) {
    const std::string registry = registry_of(m.key());
    if (registry.empty() || !fits(registry, name)) continue;
    ImageAuth auth;
    auth.username = m.value["username"].as_string();
    auth.password = m.value["password"].as_string();
    auth.identity_token = m.value["identitytoken"].as_string();
    if (const auto both = base64_decode(m.value["auth"].as_string()); both && !both->empty()) {
      const auto [user, password] = cut(*both, ":");
      auth.username = user;
      auth.password = password.value_or("");
    }
    auth.server_address = registry;
    found.emplace_back(registry, std::move(auth));
  }
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); });
  std::vector<ImageAuth> out;
  for (auto& [_, auth] : found) out.push_back(std::move(auth));
  return out;
}

std::vector<ImageAuth> pull_auths(const Pod& pod, std::string_view image, const client::View& view) {
  std::vector<ImageAuth> out;
  const auto secrets = view.find_resource("", "secrets");
  for (const Value& ref : pod.spec()["imagePullSecrets"].items()) {
    const auto secret = secrets ? view.get(*secrets, pod.name_space, ref["name"].as_string()) : std::nullopt;
    if (!secret) continue;
    for (const char* key : {".dockerconfigjson", ".dockercfg"}) {
      const auto text = base64_decode((*secret)["data"][key].as_string());
      if (!text || text->empty()) continue;
      for (ImageAuth& auth : auths_of(*text, image)) out.push_back(std::move(auth));
    }
  }
  if (out.empty()) out.emplace_back();
  return out;
}

}  // namespace plinth::node
