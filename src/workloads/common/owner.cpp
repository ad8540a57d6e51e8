#include "workloads/common/owner.h"

#include "base/text.h"

namespace plinth::workloads {

std::optional<client::OwnerReference> controller_of(const client::Object& object) {
  if (!object.may_have_owners) return std::nullopt;
  for (const Value& o : object.metadata()["ownerReferences"].items()) {
    if (!o["controller"].as_bool()) continue;
    return client::OwnerReference{std::string(o["apiVersion"].as_string()), std::string(o["kind"].as_string()),
                                  std::string(o["name"].as_string()), std::string(o["uid"].as_string()),
                                  o["blockOwnerDeletion"].as_bool()};
  }
  return std::nullopt;
}

bool is_controlled_by(const client::Object& object, std::string_view uid) {
  const auto owner = controller_of(object);
  return owner && owner->uid == uid;
}

std::optional<std::string> controller_key(const client::Object& object, std::string_view group, std::string_view kind) {
  const auto owner = controller_of(object);
  if (!owner || owner->kind != kind) return std::nullopt;
  const auto [first, version] = cut(owner->api_version, "/");
  if ((version ? first : std::string_view()) != group) return std::nullopt;
  return client::make_key(object.name_space, owner->name);
}

Value controller_reference(Draft& draft, const client::Object& owner) {
  Value out = draft.object(6);
  draft.set(out, "apiVersion", owner.resource.api_version());
  draft.set(out, "kind", owner.resource.kind);
  draft.set(out, "name", owner.name);
  draft.set(out, "uid", owner.uid);
  draft.set(out, "controller", Value::of(true));
  draft.set(out, "blockOwnerDeletion", Value::of(true));
  return out;
}

bool namespace_ends(const client::View& view, std::string_view name) {
  const auto found = view.get({"", "v1", "namespaces", "Namespace", false}, "", name);
  return !found || found->deleting();
}

}  // namespace plinth::workloads
