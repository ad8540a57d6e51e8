// What is asked of authorization: one request (or one question of a review), as RBAC sees it.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "server/auth/user.h"

namespace plinth::server::auth {

struct Attributes {
  UserPtr user;
  std::string verb;  // get, list, ..., or the lower-case HTTP method of a path that is no resource
  bool is_resource_request = true;
  std::string group, version, resource, subresource, name_space;
  // Of list, watch and deletecollection: the name that the field selector pins, see name_of_field_selector().
  std::string name;
  std::string path;  // when it is not a resource request
  // As sent. RBAC does not look at them; they are here for what comes after it.
  std::string field_selector, label_selector;
};

// 403 in the API server's words: `pods "x" is forbidden: User "u" cannot get resource "pods" in API group "" in the namespace
// "ns"`, followed by `: reason` when there is one.
Error forbidden_error(const Attributes& attributes, std::string_view reason = "");

// The value that a field selector demands of metadata.name ("" when it demands none): "metadata.name=x,spec.y!=z" -> "x".
std::string name_of_field_selector(std::string_view selector);

}  // namespace plinth::server::auth
