#include "server/write/write_operation.h"

#include "api/strategies/object_meta.h"
#include "base/json.h"
#include "server/admission/admission_policies.h"
#include "server/admission/resource_quota.h"
#include "server/admission/webhooks.h"
#include "server/costly_work.h"
#include "server/object_codec.h"
#include "server/read/decoded_objects.h"
#include "server/read/representation.h"
#include "server/status.h"
#include "server/write/after_commit.h"
#include "server/write/allocation.h"
#include "server/write/metadata.h"
#include "server/write/object_form.h"
#include "server/write/strategy_steps.h"

namespace plinth::server {
namespace {

constexpr std::string_view kDuplicateOwnersAfterAdmission =
    ".metadata.ownerReferences contains duplicate entries after mutating admission happens";

}  // namespace

WriteOperation::WriteOperation(ServerContext& context, ExchangePtr exchange, ResolvedKind kind)
    : context_(context), exchange_(std::move(exchange)), kind_(std::move(kind)) {}

std::string WriteOperation::name_space() const {
  return kind_.row->scope == api::Scope::kCluster ? std::string() : exchange_->info.name_space;
}

std::string WriteOperation::key(std::string_view name) const { return object_key(*kind_.row, name_space(), name); }

store::RecordPtr WriteOperation::stored() const { return snapshot()->get(key(exchange_->info.name)); }

Error WriteOperation::missing() const { return not_found(kind_.row->group, kind_.row->plural, exchange_->info.name); }

Result<Proposal> WriteOperation::creation(Draft object) const {
  TRY(clear_new_metadata(object, kind_, name_space(), exchange_->info.name));
  Proposal proposal;
  proposal.operation = Operation::kCreate;
  proposal.success_code = 201;
  proposal.object = std::move(object);
  return proposal;
}

void WriteOperation::drop_duplicate_owners(Draft& object, std::string_view words) {
  std::string uids;
  for (const std::string& uid : api::remove_duplicate_owners(object)) uids += (uids.empty() ? "" : ", ") + uid;
  if (uids.empty()) return;
  exchange_->warn(std::string(words) +
                  "; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; "
                  "please fix your requests; duplicate UID(s) observed: " +
                  uids);
}

void WriteOperation::start() {
  const std::string& verb = exchange_->info.verb;
  const std::string_view what = verb == "create"   ? "CreateOptions"
                                : verb == "update" ? "UpdateOptions"
                                : verb == "patch"  ? "PatchOptions"
                                                   : "DeleteOptions";
  auto options = parse_write_options(exchange_->info.query, what);
  if (!options.ok()) return fail(options.error());
  options_ = std::move(*options);
  attempt();
}

void WriteOperation::fail(const Error& error) {
  for (const std::string& warning : admission_.warnings) exchange_->warn(warning);
  exchange_->fail(error);
}

void WriteOperation::attempt() {
  ++attempts_;
  snapshot_ = context_.store->snapshot();
  if (attempts_ > 1 && !renew_kind()) return fail(unknown_path());
  auto proposal = propose();
  if (!proposal.ok()) return fail(proposal.error());
  proposal_ = std::move(*proposal);
  if (proposal_.operation == Operation::kCreate && kind_.custom && kind_.custom->terminating()) {
    return fail(method_not_allowed(kind_.row->group, kind_.row->plural, "create")
                    .set_message("create not allowed while custom resource definition is terminating")
                    .clone());
  }

  admission_ = AdmissionRequest();
  admission_.operation = proposal_.operation;
  admission_.kind = kind_;
  admission_.name_space = name_space();
  admission_.name = exchange_->info.name;
  admission_.subresource = exchange_->info.subresource;
  admission_.user = exchange_->user;
  admission_.dry_run = options_.dry_run;
  admission_.options = request_options_;
  admission_.old_object = proposal_.old_object;
  admission_.snapshot = snapshot_;
  if (proposal_.operation != Operation::kDelete) {
    admission_.object = &*proposal_.object;
    if (admission_.name.empty()) admission_.name = proposal_.object->root()["metadata"]["name"].as_string();
  }
  mutate();
}

bool WriteOperation::renew_kind() {
  if (!kind_.custom) return true;
  context_.registry->sync(*snapshot_);
  ResolvedKind now = context_.registry->table()->find(kind_.row->group, kind_.version->name, kind_.row->plural);
  if (!now.custom) return false;
  kind_ = std::move(now);
  kind_.custom->ensure_schema(*kind_.version);
  return true;
}

void WriteOperation::mutate() {
  if (admission_.object == nullptr) return validate();
  auto mutated = context_.admission->mutate(context_, admission_);
  if (!mutated.ok()) return refuse_or_wait(mutated.error());
  auto self = shared_from_this();
  call_mutating_webhooks(context_, exchange_->loop(), admission_, [self](Result<bool> changed) {
    if (!changed.ok()) return self->fail(changed.error());
    if (*changed) {
      self->proposal_.in_form = nullptr;  // what a webhook moved is no longer where it was stored
      auto decoded = decode_changed(self->kind_, *self->admission_.object);
      if (!decoded.ok()) return self->fail(decoded.error());
    }
    self->complete();
  });
}

// A pod that follows its namespace at once would otherwise be refused for want of the account that a controller makes there.
void WriteOperation::refuse_or_wait(const Error& refusal) {
  if (!admission_.is_awaited || waits_ >= context_.limits.admission_waits_max) return fail(refusal);
  ++waits_;
  snapshot_.reset();
  admission_.snapshot.reset();
  auto self = shared_from_this();
  exchange_->loop().after(context_.limits.admission_wait, [self] {
    self->attempts_ = 0;
    self->attempt();
  });
}

// What mutation left is brought into form again: a plugin or a webhook may have added containers that need defaults.
void WriteOperation::complete() {
  Draft& object = *admission_.object;
  drop_duplicate_owners(object, kDuplicateOwnersAfterAdmission);
  auto formed = default_object(kind_, object, proposal_.in_form);
  if (formed.ok()) formed = match_url(object, kind_, name_space(), "");
  if (!formed.ok()) return fail(formed.error());
  prepare();
  auto checked = context_.admission->prepare(context_, admission_);
  if (checked.ok()) checked = allocate(context_, admission_);
  if (!checked.ok()) return fail(checked.error());
  check();
}

// Upstream's BeforeCreate and BeforeUpdate: after mutating admission, so that it sees what the client sent.
void WriteOperation::prepare() {
  Draft& object = *admission_.object;
  const Document& old = proposal_.old_object;
  if (proposal_.operation == Operation::kCreate) {
    name_was_generated_ = fill_new_metadata(object, kind_, *context_.clock, *context_.entropy);
    prepare_for_create(kind_, object);
    if (admission_.name.empty()) admission_.name = object.root()["metadata"]["name"].as_string();
    return;
  }
  if (!proposal_.is_prepared) {
    prepare_for_update(kind_, exchange_->info.subresource, object, old);
    update_generation(object, old.root(), kind_);
  }
  restore_system_metadata(object, old.root());
}

void WriteOperation::check() {
  struct Findings {
    api::FieldErrors errors;
    std::vector<std::string> old_errors;
  };
  const auto find = [](const WriteOperation& self, api::CostAllowance& allowance) {
    const Document& old_object = self.proposal_.old_object;
    const Value* old = old_object.is_null() ? nullptr : &old_object.root();
    Findings found;
    found.errors = validate_object(self.kind_, self.exchange_->info.subresource, self.admission_.object->root(), old,
                                   found.old_errors, self.proposal_.in_form, allowance);
    return found;
  };
  if (kind_.row->builtin) {
    api::CostAllowance none_needed;
    return checked(find(*this, none_needed).errors, {});
  }
  auto self = shared_from_this();
  auto found = std::make_shared<Findings>();
  run_costly(
      context_, exchange_->loop(), [self, found, find](api::CostAllowance& allowance) { *found = find(*self, allowance); },
      [self, found](Result<void> ran) {
        if (!ran.ok()) return self->fail(ran.error());
        self->checked(std::move(found->errors), std::move(found->old_errors));
      });
}

void WriteOperation::checked(api::FieldErrors errors, std::vector<std::string> old_errors) {
  const Value* old = proposal_.old_object.is_null() ? nullptr : &proposal_.old_object.root();
  for (std::string& warning : old_errors) exchange_->warn(std::move(warning));
  if (!errors.empty()) return fail(api::invalid(kind_.row->group, kind_.row->kind, admission_.name, errors));
  for (std::string& warning : object_warnings(kind_, admission_.object->root(), old)) exchange_->warn(std::move(warning));
  canonicalize(kind_, *admission_.object);
  validate();
}

void WriteOperation::validate() {
  if (!concerns_policies(context_, admission_)) return ask_webhooks();
  auto self = shared_from_this();
  auto found = std::make_shared<PolicyFindings>();
  run_costly(
      context_, exchange_->loop(),
      [self, found](api::CostAllowance& allowance) { *found = evaluate_policies(self->context_, self->admission_, allowance); },
      [self, found](Result<void> ran) {
        if (!ran.ok()) return self->fail(ran.error());
        for (std::string& warning : found->warnings) self->admission_.warnings.push_back(std::move(warning));
        if (found->refused) return self->fail(*found->refused);
        self->ask_webhooks();
      });
}

void WriteOperation::ask_webhooks() {
  auto self = shared_from_this();
  call_validating_webhooks(context_, exchange_->loop(), admission_, [self](Result<void> allowed) {
    if (!allowed.ok()) return self->fail(allowed.error());
    auto admitted = self->context_.admission->validate(self->context_, self->admission_);
    if (!admitted.ok()) return self->fail(admitted.error());
    self->commit();
  });
}

Result<store::Transaction> WriteOperation::transaction() {
  store::Transaction transaction;
  store::Precondition own;
  own.key = key(admission_.name);
  own.kind = proposal_.old_record ? store::Precondition::Kind::kAtRevision : store::Precondition::Kind::kAbsent;
  if (proposal_.old_record) own.revision = proposal_.old_record->revision();
  transaction.preconditions.push_back(own);
  for (store::Precondition& p : admission_.preconditions) transaction.preconditions.push_back(std::move(p));
  if (kind_.custom) {
    transaction.preconditions.push_back({store::Precondition::Kind::kAtRevision,
                                         "/apiextensions.k8s.io/customresourcedefinitions//" + kind_.custom->crd_name(),
                                         kind_.custom->revision(), ""});
  }
  transaction.reservations = std::move(admission_.reservations);
  store::Write write;
  write.key = own.key;
  write.lease = kind_.row->group == "coordination.k8s.io";
  if (proposal_.object) {
    store::EncodedObject encoded = encode_for_storage(kind_, proposal_.object->root(), proposal_.ownership);
    if (encoded.body.size() > context_.limits.object_bytes_max) {
      return Error(Reason::kRequestEntityTooLarge,
                   "the object would take " + std::to_string(encoded.body.size()) + " bytes, the limit is " +
                       std::to_string(context_.limits.object_bytes_max) + " (etcdserver: request is too large)");
    }
    if (is_ready_to_be_removed(kind_, proposal_.object->root()))
      write.last_state = std::move(encoded);
    else
      write.put = std::move(encoded);
  }
  const Value kept = write.put ? proposal_.object->root() : Value();
  reserve_claims(kind_, proposal_.old_object.root(), kept, transaction.reservations);
  TRY(charge_quotas(context_, admission_, proposal_.old_object.root(), kept, transaction.reservations));
  transaction.writes.push_back(std::move(write));
  TRY(add_writes(transaction));
  return transaction;
}

void WriteOperation::commit() {
  for (const std::string& warning : admission_.warnings) exchange_->warn(warning);
  const bool unchanged = proposal_.object && proposal_.old_record &&
                         is_unchanged(proposal_.old_object.root(), proposal_.object->root()) &&
                         proposal_.ownership.same_as_stored(*proposal_.old_record);
  if (unchanged) return answer(proposal_, proposal_.old_record);

  auto prepared = transaction();
  if (!prepared.ok()) return refuse_or_wait(prepared.error());
  if (options_.dry_run) {
    if (!proposal_.old_record && snapshot()->get(key(admission_.name))) return fail(name_is_taken());
    store::Write& write = prepared->writes.front();
    if (write.put) return finish_dry_run(std::move(*write.put));
    if (write.last_state) return finish_dry_run(std::move(*write.last_state));
    return answer(proposal_, proposal_.old_record);
  }
  if (proposal_.operation == Operation::kCreate && exchange_->info.verb == "create") {
    if (auto is_new = check_new_revision(proposal_.object->root()); !is_new.ok()) return fail(is_new.error());
  }
  auto self = shared_from_this();
  context_.store->commit(std::move(*prepared), exchange_->loop(),
                         [self](store::CommitOutcome outcome) { self->committed(std::move(outcome)); });
}

void WriteOperation::finish_dry_run(store::EncodedObject encoded) {
  const store::Revision revision = proposal_.old_record ? proposal_.old_record->revision() : 0;
  auto record = make_record(key(admission_.name), revision, revision, encoded);
  if (!record.ok()) return fail(record.error());
  answer(proposal_, *record);
}

Error WriteOperation::name_is_taken() const {
  const api::KindRow& row = *kind_.row;
  if (name_was_generated_) return generated_name_exists(row.group, row.plural, admission_.name);
  store::RecordPtr there = context_.store->snapshot()->get(key(admission_.name));
  return already_exists(row.group, row.plural, admission_.name, there && is_being_deleted(*there));
}

// On a later turn of the loop, against a newer snapshot.
void WriteOperation::try_again(Error otherwise) {
  if (attempts_ >= context_.limits.write_attempts_max) return fail(otherwise);
  auto self = shared_from_this();
  exchange_->loop().post([self] { self->attempt(); });
}

void WriteOperation::committed(store::CommitOutcome outcome) {
  const api::KindRow& row = *kind_.row;
  switch (outcome.kind) {
    case store::CommitOutcome::Kind::kCommitted: {
      after_commit(context_, kind_);
      remember(outcome.committed.records.front());
      return answer(proposal_, outcome.committed.records.front());
    }
    case store::CommitOutcome::Kind::kPreconditionFailed: {
      const bool own = outcome.failed_index == 0;
      if (own && !proposal_.old_record && exchange_->info.verb == "create") {
        return name_was_generated_ ? try_again(name_is_taken()) : fail(name_is_taken());
      }
      Error overtaken = modified_conflict(row.group, row.plural, admission_.name);
      return own && !proposal_.retry_on_conflict ? fail(overtaken) : try_again(std::move(overtaken));
    }
    case store::CommitOutcome::Kind::kReservationFailed:
      return try_again(modified_conflict(row.group, row.plural, admission_.name));
    case store::CommitOutcome::Kind::kError:
      return fail(*outcome.error);
  }
}

// Whoever writes the object next, and controllers that look at it, need not decode it again. Of a custom kind the stored text
// may say less than the proposal (1.0 is stored as 1).
void WriteOperation::remember(const store::RecordPtr& record) {
  if (!proposal_.old_record) return;
  const bool known = proposal_.operation == Operation::kUpdate && kind_.row->builtin && kind_.version->conversion.empty() &&
                     !is_ready_to_be_removed(kind_, proposal_.object->root());
  if (!known) return context_.decoded->drop(proposal_.old_record);
  Draft object;
  object.root() = object.clone(proposal_.object->root());
  object.set(object.member(object.root(), "metadata"), "resourceVersion", std::to_string(record->revision()));
  context_.decoded->replace(proposal_.old_record, record, std::move(object).finish(), proposal_.ownership.owners());
}

void WriteOperation::answer(const Proposal& proposal, const store::RecordPtr& record) {
  auto accepted = negotiate_object(exchange_->request.headers.get("accept"), kind_.row->builtin);
  if (!accepted.ok()) return fail(accepted.error());
  auto representation = Representation::make(context_, kind_, *accepted, exchange_->info.query);
  if (!representation.ok()) return fail(representation.error());
  auto body = (*representation)->object(record);
  if (!body.ok()) return fail(body.error());
  exchange_->reply(proposal.success_code, std::move(*body), *accepted);
}

}  // namespace plinth::server
