#include "api/strategies/object_meta.h"

#include <algorithm>
#include <vector>

#include <fmt/core.h>

#include "api/names.h"
#include "api/strategies/field_ref.h"

namespace plinth::api {
namespace {

constexpr std::string_view kOrphan = "orphan";
constexpr std::string_view kForeground = "foregroundDeletion";

void validate_name(const FieldRef& metadata, NameFormat format) {
  // Not generateName: the name that was made of it counts.
  const FieldRef name = metadata["name"];
  if (!name.require("name or generateName is required")) return;
  for (std::string& problem : check_object_name(format, name.text())) name.invalid(std::move(problem));
}

void validate_namespace(const FieldRef& metadata, bool namespaced) {
  const FieldRef name = metadata["namespace"];
  if (namespaced) return name.check_required(check_dns1123_label);
  if (!name.empty()) name.forbidden("not allowed on this type");
}

// "apps/v1" and "v1" are versions; "a/b/c" and "apps/" are not.
bool is_api_version(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return true;
  return slash + 1 < text.size() && text.find('/', slash + 1) == std::string_view::npos;
}

void validate_owner(const FieldRef& owner) {
  const FieldRef version = owner["apiVersion"];
  if (version.require("must not be empty") && !is_api_version(version.text())) {
    version.invalid("must be <group>/<version> or <version>");
  }
  for (const std::string_view member : {"kind", "name", "uid"}) owner[member].require("must not be empty");
  if (version.is("v1") && owner["kind"].is("Event")) owner.invalid("/v1, Kind=Event is disallowed from being an owner");
}

void validate_owners(const FieldRef& owners) {
  std::string controller;
  owners.each_item([&](const FieldRef& owner, std::size_t) {
    validate_owner(owner);
    if (!owner["controller"].flag()) return;
    const std::string name = fmt::format("{}/{}", owner["kind"].text(), owner["name"].text());
    if (controller.empty()) {
      controller = name;
    } else {
      owners.invalid(fmt::format(
          "Only one reference can have Controller set to true. Found \"true\" in references for {} and {}", controller, name));
    }
  });
}

void validate_finalizers(const FieldRef& finalizers) {
  bool orphan = false, foreground = false;
  finalizers.each_item([&](const FieldRef& finalizer, std::size_t) {
    for (std::string& problem : check_label_key(finalizer.text())) finalizers.invalid(finalizer.text(), std::move(problem));
    orphan = orphan || finalizer.is(kOrphan);
    foreground = foreground || finalizer.is(kForeground);
  });
  if (orphan && foreground) {
    finalizers.invalid(fmt::format("finalizer {} and {} cannot be both set", kOrphan, kForeground));
  }
}

// Rules that hold on create and on update.
void validate_common(const FieldRef& metadata) {
  const FieldRef generation = metadata["generation"];
  generation.at_least_zero();
  metadata["labels"].labels();
  const FieldRef annotations = metadata["annotations"];
  if (annotations.size() != 0) validate_annotations(annotations.value(), annotations.path(), annotations.errors());
  validate_owners(metadata["ownerReferences"]);
  validate_finalizers(metadata["finalizers"]);
}

// Parties may leave an object that is being deleted, but not join it.
void validate_no_new_finalizers(const FieldRef& finalizers, const Value& old) {
  std::vector<std::string_view> added;
  for (const Value& finalizer : finalizers.value().items()) {
    const bool known = std::any_of(old.items().begin(), old.items().end(), [&](const Value& o) { return equal(o, finalizer); });
    if (!known) added.push_back(finalizer.as_string());
  }
  if (added.empty()) return;
  std::sort(added.begin(), added.end());
  added.erase(std::unique(added.begin(), added.end()), added.end());
  std::string list;
  for (const std::string_view name : added) list += fmt::format("{}\"{}\"", list.empty() ? "" : ", ", name);
  finalizers.forbidden(
      fmt::format("no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}", list));
}

void validate_immutable(const FieldRef& metadata, const Value& old) {
  for (const std::string_view member :
       {"name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"}) {
    metadata[member].immutable(old[member]);
  }
}

// Objects of built-in kinds know only their own unqualified finalizers.
void validate_standard_finalizers(const FieldRef& metadata) {
  metadata["finalizers"].each_item([](const FieldRef& finalizer, std::size_t) {
    if (finalizer.text().find('/') != std::string_view::npos || finalizer.is(kOrphan) || finalizer.is(kForeground) ||
        finalizer.is("kubernetes") || finalizer.is("customresourcecleanup.apiextensions.k8s.io")) {
      return;
    }
    finalizer.invalid("name is neither a standard finalizer name nor is it fully qualified");
  });
}

}  // namespace

void validate_metadata(const Value& object, const KindRow& row, FieldErrors& errors) {
  if (row.builtin) validate_standard_finalizers(FieldRef(object["metadata"], "metadata", errors));
  validate_metadata_at(object["metadata"], "metadata", row.name_format, row.scope == Scope::kNamespaced, errors);
}

void validate_metadata_at(const Value& metadata, std::string_view path, NameFormat format, bool namespaced,
                          FieldErrors& errors) {
  const FieldRef at(metadata, path, errors);
  validate_name(at, format);
  validate_namespace(at, namespaced);
  validate_common(at);
}

void validate_metadata_update(const Value& object, const Value& old, const KindRow& row, FieldErrors& errors) {
  if (row.builtin) validate_standard_finalizers(FieldRef(object["metadata"], "metadata", errors));
  const Value before = old["metadata"];
  const Value now = object["metadata"];
  const FieldRef at(now, "metadata", errors);
  const FieldRef generation = at["generation"];
  if (!before["deletionTimestamp"].is_null()) validate_no_new_finalizers(at["finalizers"], before["finalizers"]);
  if (generation.number() < before["generation"].as_int()) generation.invalid("must not be decremented");
  validate_immutable(at, before);
  validate_common(at);
}

std::vector<std::string> remove_duplicate_owners(Draft& object) {
  std::vector<std::string> uids;
  const Value* owners = object.root().find_path({"metadata", "ownerReferences"});
  if (owners == nullptr) return uids;
  std::vector<bool> drop(owners->size());
  for (std::size_t i = 0; i < owners->size(); ++i) {
    for (std::size_t j = 0; j < i && !drop[i]; ++j) drop[i] = equal(owners->items()[i], owners->items()[j]);
    if (drop[i]) uids.emplace_back(owners->items()[i]["uid"].as_string());
  }
  if (!uids.empty()) object.remove_if(object.member_path(object.root(), {"metadata", "ownerReferences"}), drop);
  return uids;
}

}  // namespace plinth::api
