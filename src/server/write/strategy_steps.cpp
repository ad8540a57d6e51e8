#include "server/write/strategy_steps.h"

#include "api/strategies/object_rules.h"
#include "api/strategies/strategy.h"

namespace plinth::server {
namespace {

void copy_member(Draft& to, Value& slot, const Value& from, std::string_view key) {
  if (const Value* value = from.find(key))
    to.member(slot, key) = *value;
  else
    to.remove(slot, key);
}

// What of metadata comes with a status.
void copy_metadata(api::StatusResets resets, Draft& object, Value& metadata, const Value& sent) {
  if (resets == api::StatusResets::kMetadata) return;
  if (resets != api::StatusResets::kLabels) copy_member(object, metadata, sent, "labels");
  if (resets != api::StatusResets::kOwners) copy_member(object, metadata, sent, "ownerReferences");
  copy_member(object, metadata, sent, "annotations");
  copy_member(object, metadata, sent, "finalizers");
}

// The stored object with the status that was sent, and what of metadata changes with it.
void replace_status(const ResolvedKind& kind, Draft& object, const Document& old) {
  const Value root = object.root();
  const Value sent_status = root["status"];
  const Value sent_metadata = root["metadata"];
  const bool has_status = root.find("status") != nullptr;
  object.root() = object.adopt(old);
  if (has_status)
    object.member(object.root(), "status") = sent_status;
  else
    object.remove(object.root(), "status");
  copy_metadata(api::status_resets(*kind.row), object, object.member(object.root(), "metadata"), sent_metadata);
}

// The conditions, and what else of the object's metadata came with them.
void replace_approval(const ResolvedKind& kind, Draft& object, const Document& old) {
  const Value sent = object.root()["status"]["conditions"];
  replace_status(kind, object, old);
  Value& status = object.member(object.root(), "status");
  status = object.adopt(old)["status"];
  if (sent.is_null())
    object.remove(status, "conditions");
  else
    object.member(status, "conditions") = sent;
}

void replace_nested(Draft& object, const Document& old, std::string_view outer, std::string_view inner) {
  const Value sent = object.root()[outer][inner];
  object.root() = object.adopt(old);
  Value& slot = object.member(object.root(), outer);
  if (sent.is_null())
    object.remove(slot, inner);
  else
    object.member(slot, inner) = sent;
}

// Resources of the containers that both sides have.
void replace_resources(Draft& object, const Document& old) {
  const Value sent = object.root()["spec"]["containers"];
  object.root() = object.adopt(old);
  Value& spec = object.member(object.root(), "spec");
  Value* containers = object.mutable_find(spec, "containers");
  if (containers == nullptr) return;
  for (Value& container : object.mutable_items(*containers)) {
    for (const Value& c : sent.items()) {
      if (c["name"].as_string() != container["name"].as_string()) continue;
      copy_member(object, container, c, "resources");
      copy_member(object, container, c, "resizePolicy");
    }
  }
}

void keep_status(const ResolvedKind& kind, Draft& object, const Document& old) {
  if (!kind.version->has_status) return;
  object.adopt(old);
  copy_member(object, object.root(), old.root(), "status");
}

}  // namespace

void prepare_for_create(const ResolvedKind& kind, Draft& object) {
  const api::Strategy* strategy = api::find_strategy(*kind.row);
  if (kind.version->has_status && !(strategy != nullptr && strategy->keeps_status)) object.remove(object.root(), "status");
  if (strategy != nullptr && strategy->prepare_for_create != nullptr) strategy->prepare_for_create(object);
  // What was dropped gets its zero values again ("status": {"replicas": 0}).
  api::default_object(object, *kind.row, *kind.version);
}

void prepare_for_update(const ResolvedKind& kind, std::string_view subresource, Draft& object, const Document& old) {
  const api::Strategy* strategy = api::find_strategy(*kind.row);
  if (subresource.empty()) {
    keep_status(kind, object, old);
    if (strategy != nullptr && strategy->prepare_for_update != nullptr) strategy->prepare_for_update(object, old.root());
  } else if (subresource == "status") {
    replace_status(kind, object, old);
    if (strategy != nullptr && strategy->prepare_for_status_update != nullptr)
      strategy->prepare_for_status_update(object, old.root());
  } else if (subresource == "finalize") {
    replace_nested(object, old, "spec", "finalizers");
  } else if (subresource == "approval") {
    replace_approval(kind, object, old);
  } else if (subresource == "ephemeralcontainers") {
    replace_nested(object, old, "spec", "ephemeralContainers");
  } else if (subresource == "resize") {
    replace_resources(object, old);
  }
}

void canonicalize(const ResolvedKind& kind, Draft& object) {
  const api::Strategy* strategy = api::find_strategy(*kind.row);
  if (strategy != nullptr && strategy->canonicalize != nullptr) strategy->canonicalize(object);
}

}  // namespace plinth::server
