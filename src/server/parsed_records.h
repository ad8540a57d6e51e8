// What is parsed of the stored objects below one prefix, once for each revision of an object. Not for several threads at once.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "store/store.h"

namespace plinth::server {

template <typename Parsed>
class ParsedRecords {
 public:
  // `prefix` must outlive it.
  explicit ParsedRecords(std::string_view prefix) : prefix_(prefix) {}

  // Whether it has seen all that `snapshot` holds.
  bool covers(const store::Snapshot& snapshot) const { return snapshot.revision() <= checked_; }

  // Goes on to `snapshot`, with `parse(record)` for what is new; whether anything is different now.
  template <typename Parse>
  bool follow(const store::Snapshot& snapshot, const Parse& parse) {
    std::set<std::string_view> present;
    bool changed = false;
    snapshot.scan(prefix_, "", [&](const store::RecordPtr& record) {
      auto found = revisions_.find(std::string(record->key()));
      if (found == revisions_.end() || found->second != record->revision()) {
        found = revisions_.insert_or_assign(std::string(record->key()), record->revision()).first;
        parsed_.insert_or_assign(found->first, parse(*record));
        changed = true;
      }
      present.insert(found->first);
      return true;
    });
    checked_ = snapshot.revision();
    if (present.size() == revisions_.size()) return changed;
    std::erase_if(parsed_, [&](const auto& entry) { return present.count(entry.first) == 0; });
    std::erase_if(revisions_, [&](const auto& entry) { return parsed_.count(entry.first) == 0; });
    return true;
  }

  const std::map<std::string, Parsed>& by_key() const { return parsed_; }

 private:
  std::string_view prefix_;
  store::Revision checked_ = 0;
  std::map<std::string, store::Revision> revisions_;
  std::map<std::string, Parsed> parsed_;
};

}  // namespace plinth::server
