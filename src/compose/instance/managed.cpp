#include "compose/instance/managed.h"

#include <algorithm>
#include <functional>

#include "compose/marks.h"

namespace plinth::compose {
namespace {

using client::Object;

constexpr std::string_view kOrphanFinalizer = "orphan";

// The head of a configuration for the instance itself. The uid keeps an apply from making a deleted instance anew.
Draft own_configuration(const InstanceInput& in, const ParentInstance& parent) {
  Draft draft;
  draft.root() = draft.object();
  draft.set(draft.root(), "apiVersion", parent.api_version);
  draft.set(draft.root(), "kind", parent.kind);
  Value metadata = draft.object();
  draft.set(metadata, "name", in.instance.name);
  if (!in.instance.name_space.empty()) draft.set(metadata, "namespace", in.instance.name_space);
  draft.set(metadata, "uid", in.instance.uid);
  draft.member(draft.root(), "metadata") = metadata;
  return draft;
}

std::map<std::string, std::string> own_labels(const InstanceInput& in) {
  std::map<std::string, std::string> out{{std::string(kOwnedLabel), "true"},
                                         {std::string(kVersionLabel), std::string(kKroVersion)},
                                         {std::string(kDefinitionIdLabel), in.owner.uid},
                                         {std::string(kDefinitionNameLabel), in.owner.name}};
  if (!in.owner.name_space.empty()) out[std::string(kDefinitionNamespaceLabel)] = in.owner.name_space;
  return out;
}

bool has_all(const Value& texts, const std::map<std::string, std::string>& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& w) { return texts[w.first].as_string() == w.second; });
}

Value texts_value(Draft& draft, const std::map<std::string, std::string>& texts) {
  Value out = draft.object(texts.size());
  for (const auto& [key, value] : texts) draft.set(out, key, value);
  return out;
}

std::optional<client::Resource> resource_of(const std::vector<client::Resource>& all, std::string_view group_kind) {
  for (const client::Resource& r : all) {
    if (group_kind_text(r.group, r.kind) == group_kind) return r;
  }
  return std::nullopt;
}

bool is_in_inventory(const Object& object, const ParentInstance& parent) {
  const Value annotations = parent.object.metadata()["annotations"];
  if (!inventory_is_intact(parent.set_id, annotations)) return false;
  return read_inventory(annotations).group_kinds.count(group_kind_text(object.resource.group, object.resource.kind)) > 0;
}

// The label alone says little: Endpoints and EndpointSlices have all labels of their Service. A child has us as an owner, or a
// mark of ours beside the labels; one that lost these counts where nobody else owns it and the inventory has its kind.
bool is_child(const Object& object, const ParentInstance& parent) {
  if (object.label(kPartOfLabel) != parent.set_id || object.uid == parent.object.uid) return false;
  const auto owners = object.owners();
  const auto is_ours = [&](const client::OwnerReference& o) { return o.uid == parent.object.uid; };
  if (std::any_of(owners.begin(), owners.end(), is_ours)) return true;
  const Value annotations = object.metadata()["annotations"];
  for (std::string_view mark : {kApplyOrderAnnotation, kOwnerMarkAnnotation}) {
    if (!annotations[mark].is_null()) return true;
  }
  return owners.empty() && is_in_inventory(object, parent);
}

// Others copy labels: the Endpoints and EndpointSlices of a child have all marks of their Service. An instance without an
// inventory has none yet, or has lost it.
bool may_hold(const Inventory& inventory, const client::Resource& resource) {
  return inventory.group_kinds.empty() || inventory.group_kinds.count(group_kind_text(resource.group, resource.kind)) > 0;
}

// Children by label, in those places of the inventory that owner references do not reach.
void list_unreached(const InstanceInput& in, const ParentInstance& parent, const std::function<bool(const Object&)>& take) {
  const Value annotations = in.instance.metadata()["annotations"];
  if (!inventory_is_intact(parent.set_id, annotations)) return;
  const PruneScope scope = prune_scope(read_inventory(annotations), in.instance.name_space);
  std::vector<client::Resource> all;
  for (const std::string& group_kind : scope.group_kinds) {
    if (in.instance.name_space.empty()) return;  // it may own everything
    if (all.empty()) all = in.view.resources();
    const auto resource = resource_of(all, group_kind);
    if (!resource) continue;
    if (!resource->namespaced) {
      in.view.list(*resource, "", take);
      continue;
    }
    for (const std::string& name_space : scope.namespaces) {
      if (name_space != in.instance.name_space) in.view.list(*resource, name_space, take);
    }
  }
}

}  // namespace

void plan_managed(const InstanceInput& in, const ParentInstance& parent, client::Plan& plan) {
  const auto labels = own_labels(in);
  if (in.instance.has_finalizer(kFinalizer) && has_all(in.instance.metadata()["labels"], labels)) return;
  Draft draft = own_configuration(in, parent);
  Value& metadata = draft.member(draft.root(), "metadata");
  draft.member(metadata, "labels") = texts_value(draft, labels);
  draft.push(draft.member(metadata, "finalizers"), draft.text(kFinalizer));
  plan.requests.push_back(
      client::apply_request(in.instance.resource, in.instance.name_space, in.instance.name, draft.root(), kLabelManager));
}

void plan_inventory(const InstanceInput& in, const ParentInstance& parent, const Inventory& inventory, client::Plan& plan) {
  const auto annotations = inventory_annotations(parent.set_id, inventory);
  const std::map<std::string, std::string> labels{{std::string(kSetIdLabel), parent.set_id}};
  if (has_all(in.instance.metadata()["annotations"], annotations) && has_all(in.instance.metadata()["labels"], labels)) return;
  Draft draft = own_configuration(in, parent);
  Value& metadata = draft.member(draft.root(), "metadata");
  draft.member(metadata, "labels") = texts_value(draft, labels);
  draft.member(metadata, "annotations") = texts_value(draft, annotations);
  plan.requests.push_back(
      client::apply_request(in.instance.resource, in.instance.name_space, in.instance.name, draft.root(), kParentManager));
}

std::vector<Object> find_children(const InstanceInput& in, const ParentInstance& parent, Thoroughness thoroughness) {
  std::vector<Object> out;
  std::set<std::string> seen;
  auto take = [&](const Object& object) {
    if (is_child(object, parent) && seen.insert(object.uid).second) out.push_back(object);
    return true;
  };
  for (const Object& owned : in.view.owned_by(in.instance.uid)) take(owned);
  if (in.children != nullptr) {
    const Inventory inventory = read_inventory(in.instance.metadata()["annotations"]);
    for (const ChildIndex::Place& place : in.children->of_set(parent.set_id)) {
      if (!may_hold(inventory, place.resource)) continue;
      if (const auto object = in.view.get(place.resource, place.name_space, place.name)) take(*object);
    }
  }
  if (thoroughness == Thoroughness::kListed || in.children == nullptr) list_unreached(in, parent, take);
  return out;
}

void plan_wave(const std::vector<Object>& children, const std::string& service_account, client::Plan& plan) {
  std::vector<Orderable> order;
  for (std::size_t i = 0; i < children.size(); ++i) {
    order.push_back({i, std::string(children[i].metadata()["annotations"][kApplyOrderAnnotation].as_string())});
  }
  for (std::size_t i : next_deletion_wave(order)) {
    if (children[i].deleting()) continue;
    client::Request request = client::delete_request(children[i], "Background", /*same_revision=*/false);
    request.as_service_account = service_account;
    plan.requests.push_back(std::move(request));
  }
}

bool is_orphaned(const Object& instance, const Object& child) {
  if (instance.has_finalizer(kOrphanFinalizer)) return true;
  if (child.metadata()["annotations"][kOwnerMarkAnnotation].as_string() != instance.uid) return false;
  const auto owners = child.owners();
  return std::none_of(owners.begin(), owners.end(), [&](const client::OwnerReference& o) { return o.uid == instance.uid; });
}

client::Request release_request(const Object& child, std::string_view instance_uid) {
  Draft patch(unmark_patch(child, instance_uid));
  return client::merge_patch_request(child, "", std::move(patch), /*same_revision=*/true, kInstanceController);
}

client::Request drop_finalizer_request(const Object& instance) {
  Draft patch;
  patch.root() = patch.object();
  Value& finalizers = patch.member_path(patch.root(), {"metadata", "finalizers"});
  finalizers = patch.array();
  for (const Value& f : instance.metadata()["finalizers"].items()) {
    if (f.as_string() != kFinalizer) patch.push(finalizers, patch.clone(f));
  }
  return client::merge_patch_request(instance, "", std::move(patch), /*same_revision=*/true, kInstanceController);
}

std::string finalizers_text(const Object& object) {
  std::string out;
  for (const Value& f : object.metadata()["finalizers"].items()) out += (out.empty() ? "" : ", ") + std::string(f.as_string());
  return out.empty() ? "" : " (waits for finalizers: " + out + ")";
}

bool reads_schema_only(const Expression& expression) {
  return std::all_of(expression.variables.begin(), expression.variables.end(),
                     [](const std::string& name) { return name == "schema"; });
}

}  // namespace plinth::compose
