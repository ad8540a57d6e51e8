#include "server/write/delete.h"

#include "api/strategies/strategy.h"
#include "base/time_text.h"
#include "server/object_codec.h"
#include "server/read/decoded_objects.h"
#include "server/status.h"
#include "server/write/metadata.h"
#include "server/write/object_form.h"

namespace plinth::server {
namespace {

constexpr std::string_view kOrphanFinalizer = "orphan";
constexpr std::string_view kForegroundFinalizer = "foregroundDeletion";

// The garbage collector's finalizers follow the policy; without one those that are there already decide.
void set_gc_finalizers(Draft& object, Propagation policy) {
  if (policy == Propagation::kUnset) return;
  Value& metadata = object.member(object.root(), "metadata");
  const std::string_view wanted = policy == Propagation::kOrphan       ? kOrphanFinalizer
                                  : policy == Propagation::kForeground ? kForegroundFinalizer
                                                                       : std::string_view();
  Value kept = object.array();
  for (const Value& f : metadata["finalizers"].items()) {
    if (f.as_string() != kOrphanFinalizer && f.as_string() != kForegroundFinalizer) object.push(kept, f);
  }
  if (!wanted.empty()) object.push(kept, object.text(wanted));
  if (kept.size() == 0)
    object.remove(metadata, "finalizers");
  else
    object.member(metadata, "finalizers") = kept;
}

// What is asked for; else what finalizers say that are there already; else what the kind does.
Propagation propagation_of(const DeleteOptions& options, const api::KindRow& row, const Value& object) {
  if (options.propagation != Propagation::kUnset) return options.propagation;
  const api::Strategy* strategy = api::find_strategy(row);
  if (strategy == nullptr || !strategy->orphans_by_default) return Propagation::kUnset;
  for (const Value& f : object["metadata"]["finalizers"].items()) {
    if (f.as_string() == kOrphanFinalizer || f.as_string() == kForegroundFinalizer) return Propagation::kUnset;
  }
  return Propagation::kOrphan;
}

}  // namespace

DeleteOperation::DeleteOperation(ServerContext& context, ExchangePtr exchange, ResolvedKind kind, DeleteOptions options)
    : WriteOperation(context, std::move(exchange), std::move(kind)), delete_options_(std::move(options)) {
  request_options_ = delete_options_.document;
}

Result<void> DeleteOperation::check_preconditions(const store::Record& record) const {
  const api::KindRow& row = *kind_.row;
  const std::string& name = exchange_->info.name;
  if (delete_options_.uid && *delete_options_.uid != record.uid()) {
    return conflict(row.group, row.plural, name,
                    "the UID in the precondition (" + *delete_options_.uid + ") does not match the UID in record (" +
                        std::string(record.uid()) + "). The object might have been deleted and then recreated");
  }
  if (delete_options_.resource_version && *delete_options_.resource_version != std::to_string(record.revision())) {
    return conflict(row.group, row.plural, name,
                    "the ResourceVersion in the precondition (" + *delete_options_.resource_version +
                        ") does not match the ResourceVersion in record (" + std::to_string(record.revision()) +
                        "). The object might have been modified");
  }
  return {};
}

// Puts the marks of a deletion on the object; false when nothing has to change (a deletion that runs already is not made
// longer).
bool DeleteOperation::mark(Draft& object, const Value& old) const {
  const std::int64_t now = context_.now_s();
  const api::Strategy* strategy = api::find_strategy(*kind_.row);
  const bool graceful = strategy != nullptr && strategy->deletion_grace != nullptr;
  const std::int64_t grace = graceful ? strategy->deletion_grace(old, delete_options_.grace_seconds) : 0;
  Value& metadata = object.member(object.root(), "metadata");
  const Value old_metadata = old["metadata"];
  if (old_metadata.find("deletionTimestamp") != nullptr) {
    const std::int64_t old_grace = old_metadata["deletionGracePeriodSeconds"].as_int();
    if (grace >= old_grace) return !is_unchanged(old, object.root());
    auto deadline = parse_rfc3339(old_metadata["deletionTimestamp"].as_string());
    const std::int64_t started = (deadline ? deadline->seconds : now) - old_grace;
    object.set(metadata, "deletionTimestamp", format_rfc3339(TimeStamp{started + grace, 0}));
  } else {
    object.set(metadata, "deletionTimestamp", format_rfc3339(TimeStamp{now + grace, 0}));
    if (kind_.row->keeps_generation) object.member(metadata, "generation") = Value::of(old_metadata["generation"].as_int() + 1);
    if (strategy != nullptr && strategy->mark_deletion != nullptr) strategy->mark_deletion(object, now);
  }
  object.member(object.member(object.root(), "metadata"), "deletionGracePeriodSeconds") = Value::of(grace);
  return true;
}

Result<Proposal> DeleteOperation::propose() {
  options_.dry_run = delete_options_.dry_run;
  Proposal proposal;
  proposal.operation = Operation::kDelete;
  proposal.old_record = stored();
  if (proposal.old_record == nullptr) return missing();
  TRY(check_preconditions(*proposal.old_record));
  proposal.retry_on_conflict = !delete_options_.resource_version.has_value();
  proposal.old_object = TRY(context_.decoded->object(kind_, proposal.old_record));
  proposal.ownership = Ownership::stored(*proposal.old_record);

  Draft object(proposal.old_object);
  set_gc_finalizers(object, propagation_of(delete_options_, *kind_.row, object.root()));
  mark(object, proposal.old_object.root());
  object.remove(object.member(object.root(), "metadata"), "resourceVersion");
  // Removed at once: watchers see the object as it was, without the marks of a deletion that never waited.
  if (!is_ready_to_be_removed(kind_, object.root())) proposal.object = std::move(object);
  return proposal;
}

void DeleteOperation::answer(const Proposal& proposal, const store::RecordPtr& record) {
  const bool still_there = proposal.object.has_value();
  if (still_there) return WriteOperation::answer(proposal, record);
  const api::KindRow& row = *kind_.row;
  exchange_->reply(200,
                   {SharedBytes(success_status_json(exchange_->info.name, row.group, row.plural, proposal.old_record->uid()))},
                   negotiate_status(exchange_->request.headers.get("accept")));
}

void serve_delete(ServerContext& context, ExchangePtr exchange, const ResolvedKind& kind) {
  auto options = read_delete_options(*exchange);
  if (!options.ok()) return exchange->fail(options.error());
  std::make_shared<DeleteOperation>(context, std::move(exchange), kind, std::move(*options))->start();
}

}  // namespace plinth::server
