// Objects and kinds as controllers see them.
#pragma once

#include <cstdint>
#include <functional>
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

// An object's document, decoded when it is first looked at: most changes concern no controller. Copies share it. One thread.
class ObjectDocument {
 public:
  ObjectDocument() = default;
  ObjectDocument(Document document)
      : state_(std::make_shared<State>(State{std::move(document), nullptr, nullptr})) {}  // NOLINT
  // `label` finds a label without decoding; "" when there is none.
  using FindLabel = std::function<std::string_view(std::string_view key)>;
  explicit ObjectDocument(std::function<Document()> decode, FindLabel label = nullptr)
      : state_(std::make_shared<State>(State{{}, std::move(decode), std::move(label)})) {}
  const Document& get() const;
  operator const Document&() const { return get(); }  // NOLINT
  const Value& root() const { return get().root(); }
  Value operator[](std::string_view member) const { return get()[member]; }
  // Lives as long as this. "" when there is none.
  std::string_view label(std::string_view key) const;

 private:
  struct State {
    Document document;
    std::function<Document()> decode;  // empty once it was called
    FindLabel label;
  };
  std::shared_ptr<State> state_;
};

// One object at one revision. Copies share the document.
struct Object {
  Resource resource;
  std::string name_space, name, uid;
  std::uint64_t revision = 0;
  ObjectDocument document;
  // What is known without the document; true where nothing is.
  bool may_be_deleting = true, may_have_owners = true;

  Value operator[](std::string_view member) const { return document[member]; }
  Value metadata() const { return document["metadata"]; }
  // Without decoding the object, where the cluster can tell.
  std::string_view label(std::string_view key) const { return document.label(key); }
  bool deleting() const { return may_be_deleting && metadata().find("deletionTimestamp") != nullptr; }
  bool has_owners() const { return may_have_owners && metadata()["ownerReferences"].size() > 0; }
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
