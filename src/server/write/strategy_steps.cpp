#include "server/write/strategy_steps.h"

#include "api/strategies/object_rules.h"
#include "api/strategies/strategy.h"

namespace plinth::server {
namespace {

void copy_member(Draft& to, Value& slot, const Value& from, std::string_view key) {
  if (const Value* value = from.find(key)) to.member(slot, key) = *value;
  else to.remove(slot, key);
}

// The stored object with the parts replaced that the endpoint writes. Of metadata, custom kinds keep all; built-in ones let
// labels and annotations through, as most of upstream's status strategies do.
void replace_part(const ResolvedKind& kind, Draft& object, const Document& old, std::string_view part) {
  const Value root = object.root();
  const Value sent_part = root[part];
  const Value sent_metadata = root["metadata"];
  const bool has_part = root.find(part) != nullptr;
  object.root() = object.adopt(old);
  if (has_part) object.member(object.root(), part) = sent_part;
  else object.remove(object.root(), part);
  Value& metadata = object.member(object.root(), "metadata");
  if (kind.row->builtin && part == "status") {
    copy_member(object, metadata, sent_metadata, "labels");
    copy_member(object, metadata, sent_metadata, "annotations");
    copy_member(object, metadata, sent_metadata, "finalizers");
  }
}

// The conditions, and what else of the object's metadata came with them.
void replace_approval(const ResolvedKind& kind, Draft& object, const Document& old) {
  const Value sent = object.root()["status"]["conditions"];
  replace_part(kind, object, old, "status");
  Value& status = object.member(object.root(), "status");
  status = object.adopt(old)["status"];
  if (sent.is_null()) object.remove(status, "conditions");
  else object.member(status, "conditions") = sent;
}

void replace_nested(Draft& object, const Document& old, std::string_view outer, std::string_view inner) {
  const Value sent = object.root()[outer][inner];
  object.root() = object.adopt(old);
  Value& slot = object.member(object.root(), outer);
  if (sent.is_null()) object.remove(slot, inner);
  else object.member(slot, inner) = sent;
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
    replace_part(kind, object, old, "status");
    if (strategy != nullptr && strategy->prepare_for_status_update != nullptr) strategy->prepare_for_status_update(object, old.root());
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
