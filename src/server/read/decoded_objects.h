// What stored records say, decoded: one document and one set of owners for each revision, shared by all who read it. Least
// recently used ones go when the cache holds more than its bytes.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "api/managed_fields.h"
#include "base/result.h"
#include "base/value.h"
#include "server/kind_registry.h"
#include "store/store.h"

namespace plinth::server {

using OwnersPtr = std::shared_ptr<const api::ManagedFields>;

// Any thread.
class DecodedObjects {
 public:
  explicit DecodedObjects(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // A record as an object of the resolved version, apiVersion and kind set, without managedFields but with resourceVersion.
  Result<Document> object(const ResolvedKind& kind, const store::RecordPtr& record);
  // Its managedFields. Errors are BadRequest: entries that cannot be read.
  Result<OwnersPtr> owners(const store::RecordPtr& record);

  // `record` was just committed in the place of `old_record` (which is dropped) and says this.
  void replace(const store::RecordPtr& old_record, const store::RecordPtr& record, Document object, OwnersPtr owners);
  void drop(const store::RecordPtr& record);

 private:
  // Records never change, so one's address names it for as long as the entry holds it.
  struct Entry {
    store::RecordPtr record;
    Document object;   // null: not asked for yet
    OwnersPtr owners;  // likewise
    std::size_t bytes = 0;
  };
  using Entries = std::list<Entry>;

  Entry find(const store::RecordPtr& record);
  void put(Entry entry);
  void erase(Entries::iterator at);

  const std::size_t bytes_max_;
  std::mutex mutex_;
  Entries recent_;  // most recent first
  std::unordered_map<const store::Record*, Entries::iterator> index_;
  std::size_t bytes_ = 0;
};

}  // namespace plinth::server
