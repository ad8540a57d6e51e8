// kinds: what a server offers, as `kubectl api-resources` prints it.
#include <cstdio>
#include <set>

#include "base/text.h"
#include "cli/fail.h"
#include "cli/output.h"
#include "cli/remote/kind_lookup.h"

namespace plinth::cli {
namespace {

// "deployments.apps"
std::string whole_name(const client::Resource& resource) {
  return resource.group.empty() ? resource.plural : resource.plural + "." + resource.group;
}

// In one version each, the preferred one.
std::vector<const ServedKind*> listable(const ServedKinds& kinds) {
  std::set<std::string> seen;
  std::vector<const ServedKind*> out;
  for (const ServedKind& kind : kinds.all()) {
    if (kind.has("list") && seen.insert(whole_name(kind.resource)).second) out.push_back(&kind);
  }
  return out;
}

int run(const Arguments& arguments) {
  const std::string format = argument(arguments, "output");
  if (!format.empty() && format != "name") return fail(2, "--output " + format + ": use name, or leave it out");
  auto api = ApiClient::open(arguments);
  if (!api.ok()) return fail(1, api.error().message());
  const auto kinds = ServedKinds::discover(**api);
  if (!kinds.ok()) return fail(1, kinds.error().message());
  TextTable table({"NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND"});
  for (const ServedKind* kind : listable(*kinds)) {
    const client::Resource& resource = kind->resource;
    if (format == "name") std::puts(whole_name(resource).c_str());
    table.add({resource.plural, join(kind->short_names, ","), resource.api_version(), resource.namespaced ? "true" : "false",
               resource.kind});
  }
  if (format.empty()) std::fputs(table.text().c_str(), stdout);
  return 0;
}

}  // namespace

Command kinds_command() {
  return {
      "kinds",
      "print the kinds that a cluster serves and that can be listed",
      {kKubeconfigOption, kContextOption, {"-o,--output", "FORMAT", "name: only names, with their groups", "", false, "name"}},
      run};
}

}  // namespace plinth::cli
