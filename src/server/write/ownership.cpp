#include "server/write/ownership.h"

#include "api/apply.h"
#include "server/object_codec.h"
#include "server/write/kind_versions.h"
#include "server/write/object_form.h"

namespace plinth::server {
namespace {

// An OwnershipScope and what it points to.
struct Scope {
  Scope(const ResolvedKind& kind, const WriteContext& write)
      : api_version(group_version(kind.row->group, kind.version->name)), versions(kind, write.subresource) {
    scope.schema = kind.version->schema;
    scope.api_version = api_version;
    scope.kind = kind.row->kind;
    scope.subresource = write.subresource;
    scope.reset = endpoint_filter(kind, write.subresource);
    scope.others = versions.has_others() ? &versions : nullptr;
    scope.now_s = write.now_s;
  }
  std::string api_version;
  KindVersions versions;
  api::OwnershipScope scope;
};

Document without_revision(const Document& object) {
  if (object.is_null()) return object;
  Draft draft(object);
  draft.remove(draft.member(draft.root(), "metadata"), "resourceVersion");
  return std::move(draft).finish();
}

}  // namespace

WriteContext write_context(const ServerContext& context, const Exchange& exchange, const WriteOptions& options) {
  WriteContext write;
  write.decoded = context.decoded;
  write.manager = manager_name(options.field_manager, exchange.request.headers.get("user-agent"));
  write.subresource = exchange.info.subresource;
  write.now_s = context.now_s();
  write.force = options.force.value_or(false);
  return write;
}

Ownership Ownership::of_creation(const ResolvedKind& kind, const Document& sent, const Document& object,
                                 const WriteContext& write) {
  return of_entries(tracked(kind, api::UpdateInput(), sent, object, write));
}

Ownership Ownership::of_update(const ResolvedKind& kind, const store::RecordPtr& old_record, const Document& old_object,
                               const Document& sent, const Document& object, const WriteContext& write) {
  OwnersPtr live;
  if (auto stored = write.decoded->owners(old_record); stored.ok()) live = std::move(*stored);
  api::UpdateInput input;
  input.live = without_revision(old_object);
  if (live && !live->empty()) input.live_managers = live.get();
  return after(old_record, live, tracked(kind, std::move(input), sent, object, write));
}

api::ManagedFields Ownership::tracked(const ResolvedKind& kind, api::UpdateInput input, const Document& sent,
                                      const Document& object, const WriteContext& write) {
  Scope scope(kind, write);
  input.scope = scope.scope;
  input.next = object;
  input.requested_managers = sent.at(sent.root()["metadata"]["managedFields"]);
  input.manager = write.manager;
  return api::track_update(input);
}

Ownership Ownership::after(const store::RecordPtr& old_record, const OwnersPtr& live, const api::ManagedFields& owners) {
  Ownership made;
  if (live && owners.adapted_to() == live->adapted_to() && owners.same_as(*live)) {
    made.json_ = managed_fields_text(*old_record);
    made.owners_ = live;
  } else {
    made.json_ = owners.to_json();
    made.owners_ = std::make_shared<const api::ManagedFields>(owners.compact());
  }
  return made;
}

Ownership Ownership::stored(const store::Record& record) {
  Ownership made;
  made.json_ = managed_fields_text(record);
  return made;
}

Ownership Ownership::of_entries(const api::ManagedFields& entries) {
  Ownership made;
  made.json_ = entries.to_json();
  return made;
}

Result<Applied> Ownership::apply(const ResolvedKind& kind, const store::RecordPtr& old_record, const Document& old_object,
                                 Document config, const WriteContext& write) {
  Scope scope(kind, write);
  OwnersPtr live;
  if (old_record != nullptr) live = TRY(write.decoded->owners(old_record));
  api::ApplyInput input;
  input.scope = scope.scope;
  input.live = without_revision(old_object);
  input.live_managers = live && !live->empty() ? live.get() : nullptr;
  input.config = std::move(config);
  input.manager = write.manager;
  input.force = write.force;
  api::ApplyOutput output = TRY(api::apply(input));
  Applied applied;
  applied.merged = std::move(output.object);
  applied.ownership = live ? after(old_record, live, output.managers) : of_entries(output.managers);
  return applied;
}

bool Ownership::same_as_stored(const store::Record& record) const {
  const std::string_view text = managed_fields_text(record);
  if (text == json_ || (text.empty() && json_ == "[]")) return true;
  auto mine = api::ManagedFields::parse_json(json_);
  auto theirs = api::ManagedFields::parse_json(text);
  return mine.ok() && theirs.ok() && mine->same_but_times(*theirs);
}

}  // namespace plinth::server
