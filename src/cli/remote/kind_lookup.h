// What a user calls a kind, looked up in what the server offers: plural, singular, short name or kind, with ".group" where it
// is needed.
#pragma once

#include <string>
#include <vector>

#include "cli/remote/api_client.h"
#include "client/object.h"

namespace plinth::cli {

struct ServedKind {
  client::Resource resource;
  std::string singular;
  std::vector<std::string> short_names, verbs;
  bool has(std::string_view verb) const;
};

class ServedKinds {
 public:
  static Result<ServedKinds> discover(ApiClient& api);
  // The first in discovery order: built-in groups come before others. Errors name what was looked for.
  Result<ServedKind> find(std::string_view name) const;
  // Of an object's apiVersion and kind.
  Result<ServedKind> find(std::string_view api_version, std::string_view kind) const;
  const std::vector<ServedKind>& all() const { return kinds_; }

 private:
  std::vector<ServedKind> kinds_;  // at every version, the preferred one first
};

// "KIND NAME" and "KIND/NAME" are the same.
struct NamedKind {
  ServedKind kind;
  std::string name;
};
Result<NamedKind> find_named(const ServedKinds& kinds, const std::string& kind, const std::string& name);

// Of the options -n and the context; "" for kinds without.
std::string namespace_for(const client::Resource& resource, const Arguments& arguments, const ApiClient& api);
// "deployment.apps/web"
std::string typed_name(const client::Resource& resource, std::string_view name);

}  // namespace plinth::cli
