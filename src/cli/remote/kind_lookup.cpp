#include "cli/remote/kind_lookup.h"

#include <algorithm>

#include "base/text.h"

namespace plinth::cli {
namespace {

constexpr const char* kAggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

std::vector<std::string> texts(const Value& list) {
  std::vector<std::string> out;
  for (const Value& item : list.items()) out.emplace_back(item.as_string());
  return out;
}

void add(const Document& discovery, std::vector<ServedKind>& out) {
  for (const Value& group : discovery["items"].items()) {
    for (const Value& version : group["versions"].items()) {
      for (const Value& r : version["resources"].items()) {
        ServedKind kind;
        kind.resource = {std::string(group["metadata"]["name"].as_string()), std::string(version["version"].as_string()),
                         std::string(r["resource"].as_string()), std::string(r["responseKind"]["kind"].as_string()),
                         r["scope"].as_string() == "Namespaced"};
        kind.singular = r["singularResource"].as_string();
        kind.short_names = texts(r["shortNames"]);
        kind.verbs = texts(r["verbs"]);
        out.push_back(std::move(kind));
      }
    }
  }
}

bool is_called(const ServedKind& kind, std::string_view name) {
  return equal_ignore_case(kind.resource.plural, name) || equal_ignore_case(kind.singular, name) ||
         equal_ignore_case(kind.resource.kind, name) ||
         std::any_of(kind.short_names.begin(), kind.short_names.end(),
                     [&](const std::string& n) { return equal_ignore_case(n, name); });
}

}  // namespace

bool ServedKind::has(std::string_view verb) const { return std::find(verbs.begin(), verbs.end(), verb) != verbs.end(); }

Result<ServedKinds> ServedKinds::discover(ApiClient& api) {
  ServedKinds out;
  add(TRY(api.get("/api", kAggregated)), out.kinds_);
  add(TRY(api.get("/apis", kAggregated)), out.kinds_);
  if (out.kinds_.empty())
    return bad_request("the server at " + api.server_url() + " has no aggregated discovery (Kubernetes 1.27 or later has)");
  return out;
}

Result<ServedKind> ServedKinds::find(std::string_view name) const {
  for (const ServedKind& kind : kinds_) {
    if (is_called(kind, name)) return kind;
  }
  // "deployments.apps", "applications.kro.run", "deployments.v1.apps"
  const auto [first, rest] = cut(name, ".");
  for (const ServedKind& kind : kinds_) {
    if (!rest || !is_called(kind, first)) continue;
    if (*rest == kind.resource.group || *rest == kind.resource.version + "." + kind.resource.group) return kind;
  }
  return Error(Reason::kNotFound,
               "the server has no kind \"" + std::string(name) + "\"; plinth get --help tells how kinds are named");
}

Result<ServedKind> ServedKinds::find(std::string_view api_version, std::string_view kind) const {
  for (const ServedKind& served : kinds_) {
    if (served.resource.api_version() == api_version && served.resource.kind == kind) return served;
  }
  return Error(Reason::kNotFound, "the server has no kind \"" + std::string(kind) + "\" in version \"" +
                                      std::string(api_version) + "\"; is its CustomResourceDefinition installed?");
}

Result<NamedKind> find_named(const ServedKinds& kinds, const std::string& kind, const std::string& name) {
  const auto [type, rest] = cut(kind, "/");
  if (rest && !name.empty()) return bad_request("\"" + kind + "\" already has a name; \"" + name + "\" is one too many");
  return NamedKind{TRY(kinds.find(type)), rest ? std::string(*rest) : name};
}

std::string namespace_for(const client::Resource& resource, const Arguments& arguments, const ApiClient& api) {
  if (!resource.namespaced) return "";
  const std::string given = argument(arguments, "namespace");
  return given.empty() ? api.name_space() : given;
}

std::string typed_name(const client::Resource& resource, std::string_view name) {
  return to_lower(resource.kind) + (resource.group.empty() ? "" : "." + resource.group) + "/" + std::string(name);
}

}  // namespace plinth::cli
