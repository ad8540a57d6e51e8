#include "client/object.h"

#include "base/text.h"

namespace plinth::client {

const Document& ObjectDocument::get() const {
  static const Document nothing{};
  if (state_ == nullptr) return nothing;
  if (state_->decode) state_->document = std::exchange(state_->decode, nullptr)();
  return state_->document;
}

std::string_view ObjectDocument::label(std::string_view key) const {
  if (state_ != nullptr && state_->label) return state_->label(key);
  return get()["metadata"]["labels"][key].as_string();
}

bool Object::has_finalizer(std::string_view finalizer) const {
  for (const Value& f : metadata()["finalizers"].items()) {
    if (f.as_string() == finalizer) return true;
  }
  return false;
}

std::vector<OwnerReference> Object::owners() const {
  std::vector<OwnerReference> out;
  if (!may_have_owners) return out;
  for (const Value& o : metadata()["ownerReferences"].items()) {
    out.push_back({std::string(o["apiVersion"].as_string()), std::string(o["kind"].as_string()),
                   std::string(o["name"].as_string()), std::string(o["uid"].as_string()), o["blockOwnerDeletion"].as_bool()});
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

std::optional<ObjectPath> parse_object_path(std::string_view target) {
  std::vector<std::string> parts;
  for (std::string_view part : split(cut(target, "?").first, '/')) {
    auto decoded = percent_decode(part);
    if (!decoded) return std::nullopt;
    parts.push_back(std::move(*decoded));
  }
  // "/api/v1/..." splits into "", "api", "v1", ...
  const bool legacy = parts.size() > 1 && parts[1] == "api";
  if (parts.size() < 4 || !parts[0].empty() || (!legacy && parts[1] != "apis")) return std::nullopt;
  ObjectPath path;
  std::size_t at = 2;
  if (!legacy) path.group = parts[at++];
  path.version = parts[at++];
  // "namespaces/x/plural": of a namespace itself the third part is missing, or one of its subresources.
  const bool in_namespace =
      at + 2 < parts.size() && parts[at] == "namespaces" && parts[at + 2] != "status" && parts[at + 2] != "finalize";
  if (in_namespace) {
    path.name_space = parts[at + 1];
    at += 2;
  }
  if (at >= parts.size()) return std::nullopt;
  path.plural = parts[at++];
  if (at < parts.size()) path.name = parts[at];
  return path;
}

}  // namespace plinth::client
