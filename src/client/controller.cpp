#include "client/controller.h"

#include "base/json.h"
#include "base/text.h"

namespace plinth::client {
namespace {

std::string with_manager(std::string target, std::string_view manager) {
  return target + "?fieldManager=" + escape_query(manager);
}

std::string path_of(const Object& object, std::string_view subresource) {
  std::string path = object_path(object.resource, object.name_space, object.name);
  if (!subresource.empty()) path += "/" + std::string(subresource);
  return path;
}

}  // namespace

Request create_request(const Resource& resource, std::string_view name_space, const Value& object, std::string_view manager) {
  return {"POST", with_manager(object_path(resource, name_space, ""), manager), "", to_json(object)};
}

Request delete_request(const Object& object, std::string_view propagation, bool same_revision) {
  Draft options;
  options.root() = options.object();
  options.set(options.root(), "kind", "DeleteOptions");
  options.set(options.root(), "apiVersion", "v1");
  if (!propagation.empty()) options.set(options.root(), "propagationPolicy", propagation);
  Value& preconditions = options.member(options.root(), "preconditions");
  preconditions = options.object();
  options.set(preconditions, "uid", object.uid);
  if (same_revision) options.set(preconditions, "resourceVersion", std::to_string(object.revision));
  return {"DELETE", path_of(object, ""), "", to_json(options.root())};
}

Request merge_patch_request(const Object& object, std::string_view subresource, Draft patch, bool same_revision,
                            std::string_view manager) {
  Value& metadata = patch.member(patch.root(), "metadata");
  if (!metadata.is_object()) metadata = patch.object();
  patch.set(metadata, "uid", object.uid);
  if (same_revision) patch.set(metadata, "resourceVersion", std::to_string(object.revision));
  return {"PATCH", with_manager(path_of(object, subresource), manager), "application/merge-patch+json", to_json(patch.root())};
}

Request update_request(const Object& object, std::string_view subresource, const Value& new_object, std::string_view manager) {
  return {"PUT", with_manager(path_of(object, subresource), manager), "", to_json(new_object)};
}

Request apply_request(const Resource& resource, std::string_view name_space, std::string_view name, const Value& configuration,
                      std::string_view manager) {
  return {"PATCH", with_manager(object_path(resource, name_space, name), manager) + "&force=true",
          "application/apply-patch+yaml", to_json(configuration)};
}

Request check_absent(const Resource& resource, std::string_view name_space, std::string_view name, std::string_view uid) {
  return {"GET", object_path(resource, name_space, name), "", "", "", Check::kAbsent, std::string(uid)};
}

Request check_empty(const Resource& resource, std::string_view name_space) {
  return {"GET", object_path(resource, name_space, "") + "?limit=1", "", "", "", Check::kEmpty, ""};
}

Request check_live(const Object& object) { return {"GET", path_of(object, ""), "", "", "", Check::kLive, object.uid}; }

std::string make_key(std::string_view name_space, std::string_view name) {
  return std::string(name_space) + "/" + std::string(name);
}

std::pair<std::string_view, std::string_view> split_key(std::string_view key) {
  const std::size_t slash = key.find('/');
  return {key.substr(0, slash), slash == std::string_view::npos ? std::string_view() : key.substr(slash + 1)};
}

}  // namespace plinth::client
