// Which selectors a change of a pod concerns: those that match it, and those that matched it before.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "api/label_selector.h"
#include "client/cache.h"

namespace plinth::workloads {

// Remembers of each pod what was last told of it; made again after a start, when everything is looked at anyway.
class PodSelection {
 public:
  // `digest` gives what matters of a pod besides its labels: a change that leaves both as they were concerns nobody.
  using Digest = std::function<std::string(const client::Object& pod)>;
  explicit PodSelection(Digest digest) : digest_(std::move(digest)) {}

  struct Concerned {
    bool any = false;
    api::Labels now, before;
    bool matches(const api::LabelSelector& selector) const {
      return any && (selector.matches(now) || selector.matches(before));
    }
  };
  Concerned take(const client::Change& change);

 private:
  struct Entry {
    api::Labels labels;
    std::string digest;
  };
  const Digest digest_;
  std::map<std::string, Entry> entries_;  // by uid
};

}  // namespace plinth::workloads
