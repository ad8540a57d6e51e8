// delete of one object: at once, or by a deletionTimestamp that finalizers and grace wait under.
#pragma once

#include "server/write/delete_options.h"
#include "server/write/write_operation.h"

namespace plinth::server {

class DeleteOperation : public WriteOperation {
 public:
  DeleteOperation(ServerContext& context, ExchangePtr exchange, ResolvedKind kind, DeleteOptions options);

 protected:
  Result<Proposal> propose() override;
  void answer(const Proposal& proposal, const store::RecordPtr& record) override;

 private:
  Result<void> check_preconditions(const store::Record& record) const;
  bool mark(Draft& object, const Value& old) const;
  DeleteOptions delete_options_;
};

}  // namespace plinth::server
