// What update and patch share: from a formed object and the stored one to a proposal.
#pragma once

#include "server/write/write_operation.h"

namespace plinth::server {

// Base of the operations that replace an existing object with another state of it.
class ReplaceOperation : public WriteOperation {
 public:
  using WriteOperation::WriteOperation;

 protected:
  // `object` is formed; checks its resourceVersion and uid against the stored ones and makes it the whole new state. `sent` is
  // the document that it was formed from; null when the caller sets the proposal's ownership itself.
  Result<Proposal> replace(Draft object, const Document* sent, store::RecordPtr old_record, Document old_object);
};

}  // namespace plinth::server
