// What Ingress objects say, as a table: which backend a request goes to, which certificate a name gets. Immutable once it is
// made.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "client/cache.h"
#include "net/tls.h"
#include "network/services/service_table.h"

namespace plinth::network {

inline constexpr std::string_view kIngressController = "plinth.dev/ingress-router";
inline constexpr std::string_view kIngressClass = "plinth";

struct Backend {
  std::string service;                 // "namespace/name:port", for messages
  std::vector<std::string> addresses;  // "host:port"
  std::string trouble;                 // why there are none
  mutable std::atomic<std::uint32_t> next{0};

  // Up to `count` addresses to try, another first one each time.
  std::vector<std::string> choose(std::size_t count) const;
};
using BackendPtr = std::shared_ptr<const Backend>;

struct PathRoute {
  bool exact = false;  // else a prefix of whole elements
  std::string path;
  BackendPtr backend;

  bool matches(std::string_view path) const;
};

class Routes {
 public:
  // By host, then by path: the rules for exactly that host, for a wildcard that it matches, for every host, the default
  // backends. Among paths the longest wins, Exact before Prefix. Null: nothing matches. `host` without its port, `path` without
  // its query.
  const Backend* find(std::string_view host, std::string_view path) const;

  std::vector<net::NamedIdentity> identities;
  // What cannot be followed, by "namespace/name" of the Ingress.
  std::multimap<std::string, std::string> troubles;
  std::size_t ingresses = 0;

 private:
  friend class RoutesBuilder;
  using PathRoutes = std::vector<PathRoute>;
  std::map<std::string, PathRoutes, std::less<>> hosts_;      // lower case; "" is every host
  std::map<std::string, PathRoutes, std::less<>> wildcards_;  // "example.com" of "*.example.com"
  BackendPtr fallback_;
};

// Whether this router follows an Ingress: its class is one of `classes`, or a class object of this controller, or it has none.
bool follows_ingress(const client::View& view, const client::Object& ingress, const std::set<std::string>& classes);
std::shared_ptr<const Routes> read_routes(const client::View& view, const std::set<std::string>& classes);
// What one Ingress cannot be followed in.
std::vector<std::string> ingress_troubles(const client::View& view, const client::Object& ingress);

}  // namespace plinth::network
