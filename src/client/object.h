// Objects and kinds as controllers see them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/schema.h"
#include "base/value.h"

namespace plinth::client {

// A kind that is served, at its preferred version.
struct Resource {
  std::string group, version, plural, kind;
  bool namespaced = true;
  bool operator==(const Resource& o) const { return group == o.group && plural == o.plural; }
  bool operator<(const Resource& o) const { return group != o.group ? group < o.group : plural < o.plural; }
  bool is(std::string_view g, std::string_view p) const { return group == g && plural == p; }
  std::string api_version() const { return group.empty() ? version : group + "/" + version; }
};

struct OwnerReference {
  std::string api_version, kind, name, uid;
  bool blocks_deletion = false;
};

// One object at one revision. Copies share the document.
struct Object {
  Resource resource;
  std::string name_space, name, uid;
  std::uint64_t revision = 0;
  Document document;

  Value operator[](std::string_view member) const { return document[member]; }
  Value metadata() const { return document["metadata"]; }
  bool deleting() const { return metadata().find("deletionTimestamp") != nullptr; }
  bool has_finalizer(std::string_view finalizer) const;
  std::vector<OwnerReference> owners() const;
};

// A kind at one of its served versions, with what describes its objects.
struct KindForm {
  Resource resource;  // at that version
  const api::Schema* schema = nullptr;
  std::uint64_t stamp = 0;             // equal schemas have equal stamps
  std::shared_ptr<const void> keeper;  // of the schema
};

// "/apis/apps/v1/namespaces/ns/deployments/name"; without name: the collection.
std::string object_path(const Resource& resource, std::string_view name_space, std::string_view name);

// The parts of such a path; a query and a subresource are left aside. Nothing for any other path.
struct ObjectPath {
  std::string group, version, plural, name_space, name;
};
std::optional<ObjectPath> parse_object_path(std::string_view target);

}  // namespace plinth::client
