#include "api/apply.h"

#include <algorithm>

#include <fmt/format.h>

#include "api/last_applied.h"
#include "api/ownership.h"

namespace plinth::api {
namespace {

constexpr std::string_view kBeforeFirstApply = "before-first-apply";

const Document& nothing() {
  static const Document document(nullptr, Value::empty_object());
  return document;
}

const Document& or_nothing(const Document& document) { return document.is_null() ? nothing() : document; }

// "apps/v1, Kind=Deployment"; core kinds have an empty group.
std::string gvk_text(std::string_view api_version, std::string_view kind) {
  return fmt::format("{}{}, Kind={}", api_version.find('/') == std::string_view::npos ? "/" : "", api_version, kind);
}

std::string object_text(const Document& object) {
  Value metadata = object["metadata"];
  return fmt::format("{}/{}; {}", metadata["namespace"].as_string(), metadata["name"].as_string(),
                     gvk_text(object["apiVersion"].as_string(), object["kind"].as_string()));
}

ManagedEntry make_entry(const OwnershipScope& scope, std::string_view manager, ManagedOperation operation,
                        ManagedFields& storage) {
  ManagedEntry entry;
  entry.manager = storage.arena().copy(manager.empty() ? "unknown" : manager);
  entry.operation = operation;
  entry.api_version = storage.arena().copy(scope.api_version);
  entry.subresource = storage.arena().copy(scope.subresource);
  return entry;
}

// The step that all writes other than apply share: the writer gets what it changed, the others lose it.
Result<void> track(const OwnershipScope& scope, const Document& live, const Document& next, std::string_view manager,
                   ManagedFields& managers) {
  managers.retain(live);
  managers.retain(next);
  Ownership ownership(scope, managers, Zeros::kCount);
  TRY(ownership.reconcile(live));
  Comparison change = TRY(ownership.take(live, next, managers.entries(), nullptr, true, nullptr));
  FieldSet fields = change.modified.unite(change.added).minus(unowned_fields());
  if (!fields.empty()) {
    ManagedEntry entry = make_entry(scope, manager, ManagedOperation::kUpdate, managers);
    entry.time_s = scope.now_s;
    if (ManagedEntry* previous = managers.find(entry)) {
      previous->fields = fields.unite(previous->fields);
      previous->time_s = entry.time_s;
    } else {
      entry.fields = std::move(fields);
      managers.entries().push_back(std::move(entry));
    }
  }
  managers.limit_updaters();
  managers.sort();
  return {};
}

Result<void> check_config(const ApplyInput& input) {
  const Document& config = input.config;
  if (config["apiVersion"].as_string() != input.scope.api_version || config["kind"].as_string() != input.scope.kind) {
    return bad_request("invalid object type: " + gvk_text(config["apiVersion"].as_string(), config["kind"].as_string()));
  }
  const Value* managed = config->find_path({"metadata", "managedFields"});
  if (managed != nullptr && !managed->is_null()) return bad_request("metadata.managedFields must be nil");
  return {};
}

// What the configuration says something about. Errors when it does not fit the schema.
Result<FieldSet> applied_fields(const ApplyInput& input, Arena& arena) {
  TypeRef type = object_type(*input.scope.schema);
  bool fits = false;
  FieldSet fields = field_set_of(type, input.config.root(), arena, Zeros::kIgnore, &fits);
  if (fits) return fields;
  auto errors = check_typed(type, input.config.root(), false);
  if (errors.empty()) return fields;
  return bad_request(
      fmt::format("failed to create typed patch object ({}): {}", object_text(input.config), typed_errors_text(errors)));
}

Document merged_document(TypeRef type, const Document& live, const Document& config) {
  Draft draft(live);
  draft.adopt(config);
  draft.root() = merge_typed(type, live.root(), config.root(), draft);
  return std::move(draft).finish();
}

// One attempt; `conflicts` are left behind when it fails with them.
Result<ApplyOutput> attempt(const ApplyInput& input, const Document& live, const ManagedFields& tracked,
                            const FieldSet& applied, bool force, OwnershipConflicts& conflicts) {
  ApplyOutput out;
  out.managers = tracked.derive();
  Ownership ownership(input.scope, out.managers, Zeros::kIgnore);
  std::vector<ManagedEntry>& entries = out.managers.entries();
  TRY(ownership.reconcile(live));

  ManagedEntry self = make_entry(input.scope, input.manager, ManagedOperation::kApply, out.managers);
  self.fields = ownership.without_reset(applied, input.scope.api_version);
  ManagedEntry last;
  if (ManagedEntry* previous = out.managers.find(self)) {
    last = *previous;
    self.time_s = previous->time_s;
    *previous = self;
  } else {
    entries.push_back(self);
  }

  FieldSet owned = self.fields.minus(unowned_fields());
  const bool same_fields = owned == last.fields;
  if (same_fields) owned = last.fields;  // its elements are those of the live entry: comparing them again costs nothing

  out.object = merged_document(ownership.type(), live, input.config);
  // Nothing was dropped from the configuration: nothing to prune.
  bool same_version = last.api_version == input.scope.api_version;
  if (!last.fields.empty() && !(same_version && (same_fields || last.fields.is_subset_of(self.fields)))) {
    out.object = TRY(ownership.prune(out.object, entries, last));
  }
  TRY(ownership.take(live, out.object, entries, &self, force, &conflicts));
  out.changed = !equal(live.root(), out.object.root());
  if (ManagedEntry* mine = out.managers.find(self)) {
    mine->fields = std::move(owned);
    if (out.changed) mine->time_s = input.scope.now_s;
  }
  out.managers.erase_empty();
  out.managers.sort();
  return out;
}

}  // namespace

Result<ApplyOutput> apply(const ApplyInput& input) {
  TRY(check_config(input));
  const Document& live = or_nothing(input.live);
  ManagedFields tracked = input.live_managers != nullptr ? input.live_managers->derive() : ManagedFields();
  if (tracked.empty()) TRY(track(input.scope, nothing(), live, kBeforeFirstApply, tracked));
  tracked.retain(input.config);
  FieldSet applied = TRY(applied_fields(input, tracked.arena()));
  OwnershipConflicts conflicts;
  Result<ApplyOutput> out = attempt(input, live, tracked, applied, input.force, conflicts);
  if (input.manager != kClientSideApplier) return out;
  if (!out.ok() && !conflicts.empty()) {
    OwnershipConflicts rest = conflicts_beyond_last_applied(input, conflicts);
    if (!rest.empty()) return conflict_error(rest);
    out = attempt(input, live, tracked, applied, true, conflicts);
  }
  if (!out.ok()) return out;
  out->object = with_last_applied(out->object, input.config);
  out->changed = out->changed || !equal(live.root(), out->object.root());
  return out;
}

ManagedFields track_update(const UpdateInput& input) {
  ManagedFields start = input.live_managers != nullptr ? input.live_managers->derive() : ManagedFields();
  if (input.scope.subresource.empty()) {
    if (ManagedFields::is_reset(input.requested_managers.root())) {
      start = ManagedFields();
    } else if (Result<ManagedFields> requested = ManagedFields::parse(input.requested_managers);
               requested.ok() && !requested->empty()) {
      start = std::move(*requested);
    }
  }
  const Document& live = or_nothing(input.live);
  bool create = live["metadata"]["uid"].as_string().empty();
  // Objects without entries stay so, until somebody applies them.
  if (start.empty() && !create) return start;
  ManagedFields out = start.derive();
  if (track(input.scope, live, input.next, input.manager, out).ok()) return out;
  return input.live_managers != nullptr ? input.live_managers->derive() : ManagedFields();
}

}  // namespace plinth::api
