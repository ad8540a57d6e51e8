#include "client/kubeconfig.h"

#include "base/base64.h"
#include "base/text.h"
#include "base/yaml.h"

namespace plinth::client {
namespace {

Error wrong(const std::string& what) { return bad_request("the kubeconfig cannot be used: " + what); }

// The entry of that name in a list of {name, <member>: {...}}.
Result<Value> entry(const Document& config, std::string_view list, std::string_view name, std::string_view member) {
  for (const Value& item : config[list].items()) {
    if (item["name"].as_string() == name) return item[member];
  }
  return wrong(std::string(list) + " has no entry named \"" + std::string(name) + "\"");
}

// "<name>-data" in base64, or the file that "<name>" names; "" when neither is there.
Result<std::string> content(const Value& of, const std::string& name, const ReadFile& read_file) {
  const std::string_view data = of[name + "-data"].as_string();
  if (!data.empty()) {
    auto decoded = base64_decode(data);
    if (!decoded) return wrong(name + "-data is not base64");
    return std::move(*decoded);
  }
  const std::string_view path = of[name].as_string();
  if (path.empty()) return std::string();
  return read_file(std::string(path));
}

Result<void> read_server(const Value& cluster, RemoteConfig& out) {
  std::string_view url = cluster["server"].as_string();
  if (url.substr(0, 8) == "https://")
    url.remove_prefix(8);
  else if (url.substr(0, 7) == "http://") {
    url.remove_prefix(7);
    out.tls = false;
  } else {
    return wrong("server \"" + std::string(url) + "\" is no http or https URL");
  }
  const std::size_t slash = url.find('/');
  out.address = url.substr(0, slash);
  if (slash != std::string_view::npos) out.path_prefix = url.substr(slash);
  while (!out.path_prefix.empty() && out.path_prefix.back() == '/') out.path_prefix.pop_back();
  const bool has_port = out.address.rfind(':') != std::string::npos && out.address.back() != ']';
  if (!has_port) out.address += out.tls ? ":443" : ":80";
  return {};
}

}  // namespace

Result<RemoteConfig> parse_kubeconfig(std::string_view text, std::string_view context_name, const ReadFile& read_file) {
  const Document config = TRY(parse_yaml(text));
  const std::string wanted(context_name.empty() ? config["current-context"].as_string() : context_name);
  if (wanted.empty()) return wrong("it has no current-context");
  const Value context = TRY(entry(config, "contexts", wanted, "context"));
  const Value cluster = TRY(entry(config, "clusters", context["cluster"].as_string(), "cluster"));
  const Value user = TRY(entry(config, "users", context["user"].as_string(), "user"));
  for (const char* unsupported : {"exec", "auth-provider", "username"}) {
    if (user.find(unsupported) != nullptr)
      return wrong(std::string("users with ") + unsupported + " are not supported; use a client certificate or a token");
  }
  if (!cluster["proxy-url"].as_string().empty()) return wrong("proxy-url is not supported");
  RemoteConfig out;
  TRY(read_server(cluster, out));
  out.server_name = cluster["tls-server-name"].as_string();
  out.insecure = cluster["insecure-skip-tls-verify"].as_bool();
  out.ca_pem = TRY(content(cluster, "certificate-authority", read_file));
  out.identity.certificate_pem = TRY(content(user, "client-certificate", read_file));
  out.identity.private_key_pem = TRY(content(user, "client-key", read_file));
  if (out.identity.certificate_pem.empty() != out.identity.private_key_pem.empty()) {
    return wrong("a client certificate needs its key, and the key its certificate");
  }
  out.token = user["token"].as_string();
  if (const std::string path(user["tokenFile"].as_string()); out.token.empty() && !path.empty()) {
    out.token = std::string(trim(TRY(read_file(path))));
    out.token_file = path;
  }
  return out;
}

}  // namespace plinth::client
