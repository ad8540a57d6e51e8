#include "client/remote_kinds.h"

#include "base/yaml.h"
#include "client/client_testing.h"

namespace plinth::client {
namespace {

Document yaml(std::string_view text) {
  auto parsed = parse_yaml(text);
  REQUIRE(parsed.ok());
  return std::move(*parsed);
}

Object definition(const std::string& versions, const std::string& established) {
  Object crd;
  crd.document =
      yaml("spec: {group: example.com, scope: Namespaced, names: {plural: widgets, kind: Widget}, versions: " + versions +
           "}\nstatus: {conditions: [{type: Established, status: '" + established + "'}]}");
  return crd;
}

TEST_CASE("every served version is known, and the preferred one is followed") {
  const Document discovery = yaml(R"(
items:
- metadata: {name: example.com}
  versions:
  - version: v2
    resources:
    - {resource: widgets, responseKind: {kind: Widget}, scope: Namespaced, verbs: [get, list, watch]}
    - {resource: reviews, responseKind: {kind: Review}, scope: Cluster, verbs: [create]}
  - version: v1
    resources:
    - {resource: widgets, responseKind: {kind: Widget}, scope: Namespaced, verbs: [get, list, watch]}
- metadata: {name: events.k8s.io}
  versions:
  - version: v1
    resources: [{resource: events, responseKind: {kind: Event}, scope: Namespaced, verbs: [list, watch]}]
)");
  CHECK(watchable(discovery.root()).size() == 2);
  const auto followed = followable(discovery.root());
  REQUIRE(followed.size() == 1);
  CHECK(followed[0].version == "v2");
}

TEST_CASE("a definition tells its kind once it is established and when there is one version") {
  const auto found = resource_of_definition(definition("[{name: v1, served: true}, {name: v0, served: false}]", "True"));
  REQUIRE(found);
  CHECK(found->api_version() == "example.com/v1");
  CHECK_FALSE(resource_of_definition(definition("[{name: v1, served: true}]", "False")));
  CHECK_FALSE(resource_of_definition(definition("[{name: v1, served: true}, {name: v2, served: true}]", "True")));
}

TEST_CASE("kinds of a server of its own stay while it is registered; those of CRDs have an APIService without a service") {
  const Resource services{"apiregistration.k8s.io", "v1", "apiservices", "APIService", false};
  ObjectCache cache;
  const auto is = [&](const char* version) {
    return is_aggregated(*cache.view(), {"example.com", version, "widgets", "Widget", true});
  };
  CHECK_FALSE(is("v1"));
  cache.add_kind(services);
  std::uint64_t revision = 0;
  for (const char* text : {"metadata: {name: v1.example.com}\nspec: {service: {name: s, namespace: n}}",
                           "metadata: {name: v2.example.com}\nspec: {group: example.com}"}) {
    Document document = yaml(text);
    const std::string name(document["metadata"]["name"].as_string());
    (void)cache.apply({services, "", name, name, ++revision, document}, false);
  }
  CHECK(is("v1"));
  CHECK_FALSE(is("v2"));
  CHECK_FALSE(is("v3"));
}

}  // namespace
}  // namespace plinth::client
