#include "workloads/common/pod_selection.h"

namespace plinth::workloads {

PodSelection::Concerned PodSelection::take(const client::Change& change) {
  const client::Object& pod = change.object;
  Concerned out;
  out.now = api::labels_of(pod.metadata()["labels"]);
  const auto found = entries_.find(pod.uid);
  if (change.deleted) {
    out.any = true;
    out.before = found != entries_.end() ? found->second.labels : out.now;
    if (found != entries_.end()) entries_.erase(found);
    return out;
  }
  std::string digest = digest_(pod);
  if (found == entries_.end()) {
    out.any = true;
    out.before = out.now;
    entries_.emplace(pod.uid, Entry{out.now, std::move(digest)});
    return out;
  }
  out.any = found->second.labels != out.now || found->second.digest != digest;
  out.before = std::exchange(found->second.labels, out.now);
  found->second.digest = std::move(digest);
  return out;
}

}  // namespace plinth::workloads
