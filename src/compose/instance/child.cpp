#include "compose/instance/child.h"

#include "api/apply.h"
#include "api/decode.h"
#include "api/default.h"
#include "base/text.h"
#include "compose/apply_set/apply_set.h"
#include "compose/marks.h"

namespace plinth::compose {
namespace {

// An owner must live in the same namespace as what it owns, or in none.
bool may_own(const ParentInstance& parent, const client::Resource& child, std::string_view child_namespace) {
  if (parent.object.name_space.empty()) return true;
  return child.namespaced && child_namespace == parent.object.name_space;
}

Value owner_reference(Draft& draft, const ParentInstance& parent) {
  Value out = draft.object();
  draft.set(out, "apiVersion", parent.api_version);
  draft.set(out, "kind", parent.kind);
  draft.set(out, "name", parent.object.name);
  draft.set(out, "uid", parent.object.uid);
  draft.set(out, "controller", Value::of(true));
  draft.set(out, "blockOwnerDeletion", Value::of(false));
  return out;
}

bool has_controller(const Value& references) {
  for (const Value& r : references.items()) {
    if (r["controller"].as_bool()) return true;
  }
  return false;
}

void set_labels(Draft& draft, Value& labels, const ParentInstance& parent, const Node& node, const CollectionPlace* place) {
  if (!labels.is_object()) labels = draft.object();
  draft.set(labels, kManagedByLabel, kManagedByKro);
  draft.set(labels, kPartOfLabel, parent.set_id);
  draft.set(labels, kOwnedLabel, "true");
  draft.set(labels, kVersionLabel, kKroVersion);
  draft.set(labels, kInstanceIdLabel, parent.object.uid);
  draft.set(labels, kInstanceNameLabel, parent.object.name);
  if (!parent.object.name_space.empty()) draft.set(labels, kInstanceNamespaceLabel, parent.object.name_space);
  draft.set(labels, kInstanceGroupLabel, parent.group);
  draft.set(labels, kInstanceVersionLabel, parent.version);
  draft.set(labels, kInstanceKindLabel, parent.kind);
  draft.set(labels, kNodeIdLabel, node.id);
  if (place == nullptr) return;
  draft.set(labels, kCollectionIndexLabel, std::to_string(place->index));
  draft.set(labels, kCollectionSizeLabel, std::to_string(place->size));
}

bool is_mark(std::string_view key) {
  for (std::string_view prefix : kReservedPrefixes) {
    if (key.starts_with(prefix)) return true;
  }
  return key == kPartOfLabel || key.starts_with(kOwnerMarkPrefix);
}

// Null for every mark of ours.
bool drop_marks(Draft& draft, const Value& texts, std::string_view member) {
  bool any = false;
  for (const Member& m : texts.members()) {
    const bool managed_by = m.key() == kManagedByLabel && m.value.as_string() == kManagedByKro;
    if (!is_mark(m.key()) && !managed_by) continue;
    draft.member(draft.member_path(draft.root(), {"metadata", member}), m.key()) = Value();
    any = true;
  }
  return any;
}

// The object as that version has it; null where only the server can tell. Custom kinds differ in their name of the version
// alone.
Document at_version(const client::Object& observed, const client::KindForm& kind) {
  const std::string_view is = observed["apiVersion"].as_string();
  const std::string wanted = kind.resource.api_version();
  if (is == wanted) return observed.document;
  if (kind.keeper == nullptr) return Document();
  Draft draft(observed.document);
  draft.set(draft.root(), "apiVersion", wanted);
  return std::move(draft).finish();
}

// As the server would write it anew: nulls and what is not known are gone, defaults are there.
std::optional<Document> normal_form(const Document& object, const client::KindForm& kind) {
  auto decoded = api::decode(object, {kind.schema, kind.resource.kind, kind.resource.version}, api::FieldValidation::kIgnore);
  if (!decoded.ok()) return std::nullopt;
  api::apply_defaults(decoded->draft, decoded->draft.root(), *kind.schema);
  return std::move(decoded->draft).finish();
}

}  // namespace

ParentInstance parent_of(const client::Object& instance, const ApiSchema& api) {
  ParentInstance out{instance, api.api_version(), api.group, api.version, api.kind, ""};
  out.set_id = apply_set_id({instance.name, instance.name_space, api.kind, api.group});
  return out;
}

Document mark_child(const Document& rendered, const ParentInstance& parent, const Node& node, const CollectionPlace* place) {
  Draft draft(rendered);
  Value& metadata = draft.member(draft.root(), "metadata");
  const client::Resource& resource = node.kind.resource;
  if (resource.namespaced && metadata["namespace"].as_string().empty())
    draft.set(metadata, "namespace", parent.object.name_space);
  set_labels(draft, draft.member(metadata, "labels"), parent, node, place);
  Value& annotations = draft.member(metadata, "annotations");
  if (!annotations.is_object()) annotations = draft.object();
  draft.set(annotations, kApplyOrderAnnotation, std::to_string(node.apply_order));
  if (may_own(parent, resource, metadata["namespace"].as_string())) {
    draft.set(annotations, kOwnerMarkAnnotation, parent.object.uid);
    Value& references = draft.member(metadata, "ownerReferences");
    Value reference = owner_reference(draft, parent);
    // There is one controller at most; an author may have named another.
    if (has_controller(references)) draft.set(reference, "controller", Value::of(false));
    draft.push(references, reference);
  }
  return std::move(draft).finish();
}

std::string ChildKey::text() const { return kind + " " + (name_space.empty() ? name : name_space + "/" + name); }

ChildKey key_of_child(const client::Object& object) {
  return {object.resource.group, object.resource.kind, object.name_space, object.name};
}

Document unmark_patch(const client::Object& child, std::string_view instance_uid) {
  Draft draft;
  draft.root() = draft.object();
  bool any = drop_marks(draft, child.metadata()["labels"], "labels");
  any = drop_marks(draft, child.metadata()["annotations"], "annotations") || any;
  Value kept = draft.array();
  bool owned = false;
  for (const Value& reference : child.metadata()["ownerReferences"].items()) {
    if (reference["uid"].as_string() == instance_uid)
      owned = true;
    else
      draft.push(kept, draft.clone(reference));
  }
  if (owned) draft.member_path(draft.root(), {"metadata", "ownerReferences"}) = kept;
  return any || owned ? std::move(draft).finish() : Document();
}

bool is_applied(const client::View& view, const client::KindForm& kind, const client::Object& observed,
                const Document& configuration) {
  auto managers = api::ManagedFields::parse_json(view.managed_fields(observed));
  if (!managers.ok() || managers->empty()) return false;
  const std::string api_version = kind.resource.api_version();
  const Document live = at_version(observed, kind);
  if (live.is_null()) return false;
  api::ApplyInput input;
  input.scope.schema = kind.schema;
  input.scope.api_version = api_version;
  input.scope.kind = kind.resource.kind;
  input.live = live;
  input.live_managers = &*managers;
  input.config = configuration;
  input.manager = kChildManager;
  input.force = true;
  auto applied = api::apply(input);
  if (!applied.ok() || !applied->managers.same_but_times(*managers)) return false;
  if (!applied->changed) return true;
  // Written otherwise, but perhaps the same. A status that somebody else wrote may hold nulls.
  const auto next = normal_form(applied->object, kind);
  if (!next) return false;
  if (equal(next->root(), live.root())) return true;
  const auto now = normal_form(live, kind);
  return now && equal(next->root(), now->root());
}

}  // namespace plinth::compose
