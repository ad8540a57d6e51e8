#include "server/resources/proxy.h"

#include <doctest/doctest.h>

namespace plinth::server {
namespace {

TEST_CASE("what is passed on, and where") {
  CHECK(is_proxied("GET", "/api/v1/namespaces/ns/pods/a/proxy"));
  CHECK(is_proxied("POST", "/api/v1/namespaces/ns/services/https:a:443/proxy/x/y?z"));
  CHECK_FALSE(is_proxied("GET", "/api/v1/namespaces/ns/pods/proxy"));
  CHECK_FALSE(is_proxied("GET", "/api/v1/namespaces/ns/configmaps/a/proxy"));
  CHECK_FALSE(is_proxied("GET", "/api/v1/namespaces/ns/pods/a/log?x=/proxy"));

  CHECK(proxied_target("/api/v1/namespaces/ns/pods/a/proxy") == "");
  CHECK(proxied_target("/api/v1/namespaces/ns/pods/a/proxy?q") == "?q");
  CHECK(proxied_target("/api/v1/namespaces/ns/pods/a/proxy/") == "/");
  CHECK(proxied_target("/api//v1/namespaces/ns/pods/a/proxy/b%2Fc//d/?e=/f") == "/b%2Fc//d/?e=/f");
  CHECK(proxied_target("/api/v1/nodes/a/proxy/stats/summary?x", kNodeProxySegments) == "/stats/summary?x");
}

TEST_CASE("targets: NAME, NAME:PORT, SCHEME:NAME:PORT") {
  struct Row {
    const char* text;
    bool https;
    const char *name, *port;
  };
  for (const Row& row : {Row{"web", false, "web", ""},
                         {"web:80", false, "web", "80"},
                         {"https:web:", true, "web", ""},
                         {":web:http", false, "web", "http"}}) {
    const auto target = parse_proxy_target(row.text);
    REQUIRE(target.ok());
    CHECK(target->https == row.https);
    CHECK(target->name == row.name);
    CHECK(target->port == row.port);
  }
  for (const char* wrong : {"", "ftp:web:21", "a:b:c:d", ":80"}) CHECK_FALSE(parse_proxy_target(wrong).ok());
}

}  // namespace
}  // namespace plinth::server
