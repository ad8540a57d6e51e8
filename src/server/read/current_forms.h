// Records as they read under today's schema and the asked version: a record that was encoded under another schema, or that
// must be converted, is decoded, pruned, defaulted and encoded again, without a new revision. Cached within a byte budget.
#pragma once

#include <cstddef>
#include <list>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/result.h"
#include "server/kind_registry.h"
#include "store/store.h"

namespace plinth::server {

class CurrentForms {
 public:
  explicit CurrentForms(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // The record itself when it is already in form. Any thread.
  Result<store::RecordPtr> get(const ResolvedKind& kind, const store::RecordPtr& record);

 private:
  struct Entry {
    std::string id;
    store::RecordPtr form;
  };
  store::RecordPtr find(const std::string& id);
  void insert(std::string id, store::RecordPtr form);

  const std::size_t bytes_max_;
  std::mutex mutex_;
  std::list<Entry> recent_;  // most recent first
  std::unordered_map<std::string, std::list<Entry>::iterator> index_;
  std::size_t bytes_ = 0;
};

// A copy of `record` whose revision slot says `revision`; for DELETED events that show an earlier state.
store::RecordPtr with_revision(const store::Record& record, store::Revision revision);

}  // namespace plinth::server
