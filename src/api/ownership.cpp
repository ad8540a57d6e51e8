#include "api/ownership.h"

#include <algorithm>

namespace plinth::api {

Result<Ownership::Versioned> Ownership::at(const Document& object, std::string_view api_version) const {
  // An object that does not exist looks the same in every version.
  bool empty = object.root().size() == 0;
  const Value* own = object->find("apiVersion");
  bool here = own != nullptr ? own->as_string() == api_version : scope_.api_version == api_version;
  const Schema* schema = api_version == scope_.api_version ? scope_.schema
                         : scope_.others != nullptr        ? scope_.others->schema(api_version)
                                                           : nullptr;
  if (schema == nullptr) return Versioned{};
  if (here || empty || scope_.others == nullptr) return Versioned{object_type(*schema), object};
  return Versioned{object_type(*schema), TRY(scope_.others->convert(object, api_version))};
}

FieldSet Ownership::without_reset(const FieldSet& set, std::string_view api_version) const {
  const FieldFilter* filter = api_version == scope_.api_version ? scope_.reset
                              : scope_.others != nullptr        ? scope_.others->reset(api_version)
                                                                : nullptr;
  return filter == nullptr || filter->passes_all() ? set : filter->filter(set);
}

Result<void> Ownership::reconcile(const Document& live) const {
  // Of a built-in kind with one version there is one schema, and it never changes.
  const Schema* only = scope_.others == nullptr && scope_.schema->builtin ? scope_.schema : nullptr;
  if (only != nullptr && storage_.adapted_to() == only) return {};
  for (ManagedEntry& entry : storage_.entries()) {
    Versioned versioned = TRY(at(live, entry.api_version));
    if (versioned.type) reconcile_set(versioned.type, entry.fields);
  }
  storage_.set_adapted_to(only);
  return {};
}

Result<const Ownership::Change*> Ownership::change_at(std::string_view api_version, const Document& live,
                                                      const Document& next) {
  for (const auto& [version, change] : changes_) {
    if (version == api_version) return change.get();
  }
  auto change = std::make_unique<Change>();
  Versioned left = TRY(at(live, api_version)), right = TRY(at(next, api_version));
  change->gone = !left.type || !right.type;
  if (!change->gone) {
    storage_.retain(left.object);
    storage_.retain(right.object);
    Comparison all = compare_typed(left.type, left.object.root(), right.object.root(), storage_.arena(), zeros_);
    change->filtered.added = without_reset(all.added, api_version);
    change->filtered.modified = without_reset(all.modified, api_version);
    change->filtered.removed = without_reset(all.removed, api_version);
    change->touched = change->filtered.added.unite(change->filtered.modified);
  }
  changes_.emplace_back(std::string(api_version), std::move(change));
  return changes_.back().second.get();
}

namespace {

void note_conflicts(const ManagedEntry& entry, const FieldSet& fields, OwnershipConflicts& out) {
  std::string identity = entry.identity(), text = entry.text();
  fields.for_each([&](Path path) { out.push_back({identity, text, {path.begin(), path.end()}}); });
}

}  // namespace

Result<Comparison> Ownership::take(const Document& live, const Document& next, std::vector<ManagedEntry>& entries,
                                   const ManagedEntry* writer, bool force, OwnershipConflicts* conflicts) {
  changes_.clear();
  std::vector<FieldSet> taken(entries.size());
  bool any = false;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    ManagedEntry& entry = entries[i];
    if (writer != nullptr && entry.same_identity(*writer)) continue;
    const Change* change = TRY(change_at(entry.api_version, live, next));
    if (change->gone) {
      entry.fields = {};
      continue;
    }
    taken[i] = entry.fields.intersect(change->touched);
    any = any || !taken[i].empty();
    if (!force && !taken[i].empty()) note_conflicts(entry, taken[i], *conflicts);
  }
  if (!force && any) return conflict_error(*conflicts);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    ManagedEntry& entry = entries[i];
    if (entry.fields.empty() || (writer != nullptr && entry.same_identity(*writer))) continue;
    if (!taken[i].empty()) entry.fields = entry.fields.minus(taken[i]);
    const Change* change = TRY(change_at(entry.api_version, live, next));
    if (!change->filtered.removed.empty()) entry.fields = entry.fields.minus(change->filtered.removed);
  }
  entries.erase(std::remove_if(entries.begin(), entries.end(), [](const ManagedEntry& e) { return e.fields.empty(); }),
                entries.end());
  const Change* own = TRY(change_at(scope_.api_version, live, next));
  return Comparison{own->filtered.added, own->filtered.modified, own->filtered.removed};
}

namespace {

FieldSet named_set_of(TypeRef type, const Value& value, Arena& arena, Zeros zeros) {
  return with_named_fields(type, field_set_of(type, value, arena, zeros));
}

Document removed(TypeRef type, const Document& from, const FieldSet& items) {
  Draft draft(from);
  draft.root() = remove_typed(type, from.root(), items, draft);
  return std::move(draft).finish();
}

}  // namespace

Result<Document> Ownership::prune(const Document& merged, const std::vector<ManagedEntry>& entries,
                                  const ManagedEntry& last) const {
  Versioned base = TRY(at(merged, last.api_version));
  if (!base.type) return merged;
  Arena arena;
  FieldSet named_last = with_named_fields(base.type, last.fields);
  Document pruned = removed(base.type, base.object, named_last);
  pruned = TRY(add_back_owned(base.object, pruned, entries, last.api_version));
  // What is still missing but was never this manager's stays.
  Versioned at_last = TRY(at(pruned, last.api_version));
  FieldSet pruned_set = named_set_of(base.type, at_last.object.root(), arena, Zeros::kIgnore);
  FieldSet merged_set = named_set_of(base.type, base.object.root(), arena, Zeros::kCount);
  pruned = removed(base.type, base.object, merged_set.minus(pruned_set).intersect(named_last));
  return TRY(at(pruned, scope_.api_version)).object;
}

Result<Document> Ownership::add_back_owned(const Document& merged, const Document& pruned,
                                           const std::vector<ManagedEntry>& entries, std::string_view version) const {
  // The version of the removal first: fields that a conversion needs may be among those removed.
  std::vector<std::pair<std::string_view, FieldSet>> owned = {{version, {}}};
  for (const ManagedEntry& entry : entries) {
    auto same = std::find_if(owned.begin(), owned.end(), [&](const auto& o) { return o.first == entry.api_version; });
    if (same == owned.end())
      owned.emplace_back(entry.api_version, entry.fields);
    else
      same->second = same->second.unite(entry.fields);
  }
  Document whole = merged, rest = pruned;
  for (const auto& [api_version, fields] : owned) {
    Versioned left = TRY(at(whole, api_version));
    if (!left.type) continue;
    Versioned right = TRY(at(rest, api_version));
    Arena arena;
    FieldSet all = named_set_of(left.type, left.object.root(), arena, Zeros::kCount);
    FieldSet kept =
        named_set_of(left.type, right.object.root(), arena, Zeros::kIgnore).unite(with_named_fields(left.type, fields));
    whole = left.object;
    rest = removed(left.type, left.object, all.minus(kept));
  }
  return rest;
}

const FieldSet& unowned_fields() {
  static const FieldSet fields = FieldSet::of({{"apiVersion"},
                                               {"kind"},
                                               {"metadata"},
                                               {"metadata", "name"},
                                               {"metadata", "namespace"},
                                               {"metadata", "creationTimestamp"},
                                               {"metadata", "selfLink"},
                                               {"metadata", "uid"},
                                               {"metadata", "clusterName"},
                                               {"metadata", "generation"},
                                               {"metadata", "managedFields"},
                                               {"metadata", "resourceVersion"}});
  return fields;
}

}  // namespace plinth::api
