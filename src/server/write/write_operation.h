// A write, from what is asked to what is stored: propose against a snapshot, mutating admission, prepare (the server's
// metadata, the kind's strategy), validate, validating admission, encode, commit; and again when the commit finds that the
// snapshot was overtaken (a bounded number of times).
//
// Lives on its exchange's loop. The stages run one after the other on the loop; only webhooks, the commit and costly
// expressions (server/costly_work.h) are waited for.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "server/admission/admission.h"
#include "server/context.h"
#include "server/exchange.h"
#include "server/write/ownership.h"

namespace plinth::server {

// What a request wants to become of one object.
struct Proposal {
  Operation operation = Operation::kCreate;
  store::RecordPtr old_record;     // null for a creation
  Document old_object;             // at the request's version, without managedFields
  std::optional<Draft> object;     // as sent, defaulted; without managedFields. Nothing: the object is removed
  const Arena* in_form = nullptr;  // storage_in_form() of old_object, where `object` was merged into it
  bool is_prepared = false;        // the object is the whole new state already: no strategy has a part in it (binding)
  Ownership ownership;             // managedFields of the new state
  bool retry_on_conflict = true;   // false when the request itself named a revision
  int success_code = 200;
};

inline constexpr std::string_view kDuplicateOwners = ".metadata.ownerReferences contains duplicate entries";

class WriteOperation : public std::enable_shared_from_this<WriteOperation> {
 public:
  WriteOperation(ServerContext& context, ExchangePtr exchange, ResolvedKind kind);
  virtual ~WriteOperation() = default;
  void start();

 protected:
  // The first stage: everything that follows from the request and `snapshot()`. Run again for each attempt.
  virtual Result<Proposal> propose() = 0;
  // How the outcome is told; the default answers with the object.
  virtual void answer(const Proposal& proposal, const store::RecordPtr& record);
  virtual void fail(const Error& error);
  // Further objects that change with this one, or not at all.
  virtual Result<void> add_writes(store::Transaction&) { return {}; }

  const store::SnapshotPtr& snapshot() const { return snapshot_; }
  // The object that the URL names; null when there is none.
  store::RecordPtr stored() const;
  Error missing() const;
  // A proposal to create `object`, which is formed: what only the server sets is cleared. BadRequest when it contradicts the
  // URL.
  Result<Proposal> creation(Draft object) const;
  // With a warning, in which `words` come before the uids.
  void drop_duplicate_owners(Draft& object, std::string_view words);
  // "" for cluster scope.
  std::string name_space() const;
  std::string key(std::string_view name) const;

  ServerContext& context_;
  ExchangePtr exchange_;
  ResolvedKind kind_;
  WriteOptions options_;
  // Set by propose(): what admission sees of the request's own options.
  Document request_options_;

 private:
  void attempt();
  // What overtook an attempt may have been the definition of a custom kind: the next one follows it. False when it is gone.
  bool renew_kind();
  void mutate();
  void refuse_or_wait(const Error& refusal);
  void complete();
  void prepare();
  void check();
  void checked(api::FieldErrors errors, std::vector<std::string> old_errors);
  void validate();
  void ask_webhooks();
  void commit();
  void committed(store::CommitOutcome outcome);
  void remember(const store::RecordPtr& record);
  void try_again(Error otherwise);
  Error name_is_taken() const;
  void finish_dry_run(store::EncodedObject encoded);
  Result<store::Transaction> transaction();

  store::SnapshotPtr snapshot_;
  Proposal proposal_;
  AdmissionRequest admission_;
  std::size_t attempts_ = 0;
  std::size_t waits_ = 0;
  bool name_was_generated_ = false;
};

void serve_create(ServerContext& context, ExchangePtr exchange, const ResolvedKind& kind);
void serve_update(ServerContext& context, ExchangePtr exchange, const ResolvedKind& kind);
void serve_patch(ServerContext& context, ExchangePtr exchange, const ResolvedKind& kind);
void serve_delete(ServerContext& context, ExchangePtr exchange, const ResolvedKind& kind);
void serve_delete_collection(ServerContext& context, ExchangePtr exchange, const ResolvedKind& kind);

}  // namespace plinth::server
