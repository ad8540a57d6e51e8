#include "server/write/metadata.h"
#include "server/write/object_form.h"
#include "server/write/write_operation.h"

namespace plinth::server {
namespace {

class CreateOperation : public WriteOperation {
 public:
  using WriteOperation::WriteOperation;

 protected:
  Result<Proposal> propose() override {
    if (!body_read_) {
      body_ = TRY(read_body(*exchange_, kind_, duplicates_));
      body_read_ = true;
    }
    Proposal proposal = TRY(creation(TRY(form_object(*exchange_, kind_, body_, options_.field_validation, duplicates_))));
    drop_duplicate_owners(*proposal.object, kDuplicateOwners);
    proposal.ownership =
        Ownership::of_creation(kind_, body_, proposal.object->view(), write_context(context_, *exchange_, options_));
    return proposal;
  }

 private:
  Document body_;
  std::vector<std::string> duplicates_;
  bool body_read_ = false;
};

}  // namespace

void serve_create(ServerContext& context, ExchangePtr exchange, const ResolvedKind& kind) {
  std::make_shared<CreateOperation>(context, std::move(exchange), kind)->start();
}

}  // namespace plinth::server
