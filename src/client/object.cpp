#include "client/object.h"

#include "base/text.h"

namespace plinth::client {

bool Object::has_finalizer(std::string_view finalizer) const {
  for (const Value& f : metadata()["finalizers"].items()) {
    if (f.as_string() == finalizer) return true;
  }
  return false;
}

std::vector<OwnerReference> Object::owners() const {
  std::vector<OwnerReference> out;
  for (const Value& o : metadata()["ownerReferences"].items()) {
    out.push_back({std::string(o["apiVersion"].as_string()), std::string(o["kind"].as_string()), std::string(o["name"].as_string()),
                   std::string(o["uid"].as_string()), o["blockOwnerDeletion"].as_bool()});
  }
  return out;
}

std::string object_path(const Resource& resource, std::string_view name_space, std::string_view name) {
  std::string path = resource.group.empty() ? "/api/" : "/apis/";
  path += resource.api_version() + "/";
  if (resource.namespaced && !name_space.empty()) path += "namespaces/" + escape_path_segment(name_space) + "/";
  path += resource.plural;
  if (!name.empty()) path += "/" + escape_path_segment(name);
  return path;
}

}  // namespace plinth::client
