#include "server/write/update.h"

#include "api/field_error.h"
#include "base/text.h"
#include "server/object_codec.h"
#include "server/read/decoded_objects.h"
#include "server/status.h"
#include "server/write/metadata.h"
#include "server/write/object_form.h"

namespace plinth::server {

Result<Proposal> ReplaceOperation::replace(Draft object, const Document* sent, store::RecordPtr old_record,
                                           Document old_object) {
  const api::KindRow& row = *kind_.row;
  TRY(match_url(object, kind_, name_space(), exchange_->info.name));
  const Value metadata = object.root()["metadata"];
  Proposal proposal;
  proposal.operation = Operation::kUpdate;

  const std::string_view revision = metadata["resourceVersion"].as_string();
  if (!revision.empty()) {
    auto asked = parse_integer<std::uint64_t>(revision);
    if (!asked) {
      return api::invalid(row.group, row.kind, exchange_->info.name,
                          {api::field_invalid("metadata.resourceVersion", revision, "must be a decimal number")});
    }
    if (*asked != 0 && *asked != old_record->revision()) return modified_conflict(row.group, row.plural, exchange_->info.name);
    proposal.retry_on_conflict = *asked == 0;
  }
  const std::string_view uid = metadata["uid"].as_string();
  if (!uid.empty() && uid != old_record->uid()) {
    return conflict(row.group, row.plural, exchange_->info.name,
                    "Precondition failed: UID in precondition: " + std::string(uid) +
                        ", UID in object meta: " + std::string(old_record->uid()));
  }
  if (sent != nullptr) {
    proposal.ownership = Ownership::of_update(kind_, old_record, old_object, *sent, object.view(),
                                              write_context(context_, *exchange_, options_));
  }
  proposal.old_record = std::move(old_record);
  proposal.old_object = std::move(old_object);
  proposal.object = std::move(object);
  return proposal;
}

namespace {

class UpdateOperation : public ReplaceOperation {
 public:
  using ReplaceOperation::ReplaceOperation;

 protected:
  Result<Proposal> propose() override {
    if (!body_read_) {
      body_ = TRY(read_body(*exchange_, kind_, duplicates_));
      body_read_ = true;
    }
    Draft object = TRY(form_object(*exchange_, kind_, body_, options_.field_validation, duplicates_));
    drop_duplicate_owners(object, kDuplicateOwners);
    const Value metadata = object.root()["metadata"];
    store::RecordPtr old_record = stored();
    if (old_record == nullptr) {
      if (!kind_.row->create_on_update || !exchange_->info.subresource.empty()) return missing();
      return create(std::move(object));
    }
    if (metadata["resourceVersion"].as_string().empty() && !kind_.row->unconditional_update) {
      return api::invalid(kind_.row->group, kind_.row->kind, exchange_->info.name,
                          {api::FieldError{api::FieldErrorType::kInvalid, "metadata.resourceVersion", "0x0",
                                           "must be specified for an update"}});
    }
    Document old_object = TRY(context_.decoded->object(kind_, old_record));
    return replace(std::move(object), &body_, std::move(old_record), std::move(old_object));
  }

 private:
  Result<Proposal> create(Draft object) {
    const std::string uid(object.root()["metadata"]["uid"].as_string());
    if (!uid.empty()) {
      return conflict(kind_.row->group, kind_.row->plural, exchange_->info.name,
                      "Precondition failed: UID in precondition: " + uid + ", UID in object meta: ");
    }
    Proposal proposal = TRY(creation(std::move(object)));
    proposal.ownership =
        Ownership::of_creation(kind_, body_, proposal.object->view(), write_context(context_, *exchange_, options_));
    return proposal;
  }

  Document body_;
  std::vector<std::string> duplicates_;
  bool body_read_ = false;
};

}  // namespace

void serve_update(ServerContext& context, ExchangePtr exchange, const ResolvedKind& kind) {
  std::make_shared<UpdateOperation>(context, std::move(exchange), kind)->start();
}

}  // namespace plinth::server
