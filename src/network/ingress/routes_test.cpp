#include "network/ingress/routes.h"

#include "client/client_testing.h"

namespace plinth::network {
namespace {

using client::Resource;

const Resource kServices{"", "v1", "services", "Service", true};
const Resource kSlices{"discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", true};
const Resource kIngresses{"networking.k8s.io", "v1", "ingresses", "Ingress", true};
const Resource kClasses{"networking.k8s.io", "v1", "ingressclasses", "IngressClass", false};
const Resource kSecrets{"", "v1", "secrets", "Secret", true};

struct Cluster {
  Cluster() {
    for (const Resource& r : {kServices, kSlices, kIngresses, kClasses, kSecrets}) cache.add_kind(r);
  }
  void add(const Resource& resource, const std::string& json) {
    auto document = parse_json(json);
    REQUIRE_MESSAGE(document.ok(), json);
    const Value metadata = (*document)["metadata"];
    client::Object object{resource,
                          std::string(metadata["namespace"].as_string()),
                          std::string(metadata["name"].as_string()),
                          "u" + std::to_string(++revision),
                          revision,
                          std::move(*document)};
    cache.apply(std::move(object), false);
  }
  // A Service with one port 80, named "http", and endpoints on 8080: "10.0.0.1", and "!10.0.0.2" for one that is not ready.
  void service(const std::string& name, const std::vector<std::string>& addresses) {
    add(kServices, R"({"metadata":{"name":")" + name +
                       R"(","namespace":"ns"},"spec":{"type":"ClusterIP","clusterIPs":["10.96.0.9"],)" +
                       R"("ports":[{"name":"http","port":80,"protocol":"TCP"}]}})");
    std::string endpoints;
    for (const std::string& address : addresses) {
      const bool ready = address[0] != '!';
      endpoints += std::string(endpoints.empty() ? "" : ",") + R"({"addresses":[")" + address.substr(ready ? 0 : 1) +
                   R"("],"conditions":{"ready":)" + (ready ? "true" : "false") + "}}";
    }
    add(kSlices, R"({"metadata":{"name":")" + name + R"(-x","namespace":"ns","labels":{"kubernetes.io/service-name":")" + name +
                     R"("}},"addressType":"IPv4","ports":[{"name":"http","port":8080,"protocol":"TCP"}],"endpoints":[)" +
                     endpoints + "]}");
  }
  void ingress(const std::string& name, const std::string& spec, const std::string& more = "") {
    add(kIngresses, R"({"metadata":{"name":")" + name + R"(","namespace":"ns","creationTimestamp":"2026-01-01T00:00:00Z")" +
                        more + R"(},"spec":)" + spec + "}");
  }
  std::shared_ptr<const Routes> routes() const { return read_routes(*cache.view(), {"nginx"}); }

  client::ObjectCache cache;
  std::uint64_t revision = 0;
};

std::string path(const std::string& text, const std::string& type, const std::string& service,
                 const std::string& port = R"("number":80)") {
  return R"({"path":")" + text + R"(","pathType":")" + type + R"(","backend":{"service":{"name":")" + service +
         R"(","port":{)" + port + "}}}}";
}
std::string rule(const std::string& host, const std::string& paths) {
  return R"({"host":")" + host + R"(","http":{"paths":[)" + paths + "]}}";
}

TEST_CASE("hosts and paths") {
  Cluster c;
  for (const char* name : {"exact", "prefix", "deep", "wild", "any", "fallback", "impl"}) c.service(name, {"10.0.0.1"});
  c.ingress("one",
            R"({"defaultBackend":{"service":{"name":"fallback","port":{"name":"http"}}},"rules":[)" +
                rule("Web.example", path("/a", "Exact", "exact") + "," + path("/a", "Prefix", "prefix") + "," +
                                        path("/a/b/", "Prefix", "deep") + "," + path("/i", "ImplementationSpecific", "impl")) +
                "," + rule("*.example", path("/", "Prefix", "wild")) + "," + rule("", path("/every", "Prefix", "any")) + "]}");
  const auto routes = c.routes();
  CHECK(routes->troubles.empty());
  struct Row {
    const char *host, *path, *service;
  };
  const Row rows[] = {
      {"web.example", "/a", "exact"},           {"web.example", "/a/", "prefix"},  {"web.example", "/a/x", "prefix"},
      {"web.example", "/a/b", "deep"},          {"web.example", "/a/b/c", "deep"}, {"web.example", "/a/bc", "prefix"},
      {"web.example", "/i/x", "impl"},          {"web.example", "/ab", "wild"},    {"other.example", "/", "wild"},
      {"a.b.example", "/", "fallback"},         {"example", "/", "fallback"},      {"elsewhere", "/every/1", "any"},
      {"elsewhere", "/everything", "fallback"},
  };
  for (const Row& row : rows) {
    const Backend* found = routes->find(row.host, row.path);
    REQUIRE(found != nullptr);
    CHECK_MESSAGE(found->service.substr(3, found->service.find(':') - 3) == row.service, (std::string(row.host) + row.path));
  }
}

TEST_CASE("backends: endpoints that are ready, by turns; what is missing is named") {
  Cluster c;
  c.service("web", {"10.0.0.1", "!10.0.0.2", "10.0.0.3"});
  c.service("idle", {"!10.0.0.4"});
  c.ingress("one",
            R"({"rules":[)" +
                rule("h", path("/web", "Prefix", "web", R"("name":"http")") + "," + path("/idle", "Prefix", "idle") + "," +
                              path("/gone", "Prefix", "gone") + "," + path("/port", "Prefix", "web", R"("number":81)")) +
                "]}");
  const auto routes = c.routes();
  const Backend& web = *routes->find("h", "/web");
  CHECK(web.choose(3) == std::vector<std::string>{"10.0.0.1:8080", "10.0.0.3:8080"});
  CHECK(web.choose(1) == std::vector<std::string>{"10.0.0.3:8080"});
  CHECK(routes->find("h", "/idle")->trouble == "Service ns/idle has no endpoint that is ready on its port http");
  CHECK(routes->find("h", "/gone")->trouble == "Service ns/gone does not exist");
  CHECK(routes->find("h", "/port")->trouble == "Service ns/web has no port 81");
  CHECK(routes->find("h", "/other") == nullptr);
  CHECK(routes->troubles.size() == 3);
}

TEST_CASE("classes") {
  Cluster c;
  c.service("web", {"10.0.0.1"});
  c.add(kClasses, R"({"metadata":{"name":"mine"},"spec":{"controller":"plinth.dev/ingress-router"}})");
  c.add(kClasses, R"({"metadata":{"name":"theirs"},"spec":{"controller":"example.com/other"}})");
  const auto with = [&](const std::string& host, const std::string& class_name, const std::string& more = "") {
    c.ingress(host,
              "{" + (class_name.empty() ? "" : R"("ingressClassName":")" + class_name + "\",") + R"("rules":[)" +
                  rule(host, path("/", "Prefix", "web")) + "]}",
              more);
  };
  with("none", "");
  with("plinth", "plinth");
  with("nginx", "nginx");
  with("mine", "mine");
  with("theirs", "theirs");
  with("unknown", "unknown");
  with("old", "", R"(,"annotations":{"kubernetes.io/ingress.class":"nginx"})");
  with("old-other", "", R"(,"annotations":{"kubernetes.io/ingress.class":"haproxy"})");
  const auto routes = c.routes();
  for (const char* host : {"none", "plinth", "nginx", "mine", "old"}) CHECK_MESSAGE(routes->find(host, "/") != nullptr, host);
  for (const char* host : {"theirs", "unknown", "old-other"}) CHECK_MESSAGE(routes->find(host, "/") == nullptr, host);
}

TEST_CASE("certificates") {
  Cluster c;
  c.service("web", {"10.0.0.1"});
  c.add(
      kSecrets,
      R"({"metadata":{"name":"tls","namespace":"ns"},"type":"kubernetes.io/tls","data":{"tls.crt":"Y2VydA==","tls.key":"a2V5"}})");
  c.ingress(
      "one",
      R"({"tls":[{"hosts":["A.example"],"secretName":"tls"},{"secretName":"tls"},{"hosts":["x"],"secretName":"gone"}],"rules":[)" +
          rule("b.example", path("/", "Prefix", "web")) + "]}");
  const auto routes = c.routes();
  REQUIRE(routes->identities.size() == 2);
  CHECK(routes->identities[0].names == std::vector<std::string>{"a.example"});
  CHECK(routes->identities[1].names == std::vector<std::string>{"b.example"});
  CHECK(routes->identities[0].identity.certificate_pem == "cert");
  REQUIRE(routes->troubles.size() == 1);
  CHECK(routes->troubles.begin()->second == "Secret ns/gone does not exist: the router's own certificate is used");
}

}  // namespace
}  // namespace plinth::network
