#include "node/agent/event_recorder.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"
#include "base/time_text.h"

namespace plinth::node {

void EventRecorder::record(const EventSubject& subject, bool warning, std::string reason, std::string message) {
  if (queue_.size() >= kQueueMax) {
    ++dropped_;
    return;
  }
  if (message.size() > kMessageBytesMax) message.resize(kMessageBytesMax);
  std::string key = join(std::vector<std::string>{subject.kind, subject.name_space, subject.name, subject.uid,
                                                  subject.field_path, warning ? "W" : "N", reason, message},
                         "\n");
  queue_.push_back({subject, warning, std::move(reason), std::move(message), std::move(key)});
  send_next();
}

client::Request EventRecorder::make_request(const Entry& entry) {
  // Events of a Node, which has no namespace, are kept in "default".
  const std::string name_space = entry.subject.name_space.empty() ? "default" : entry.subject.name_space;
  const std::string collection = "/api/v1/namespaces/" + escape_path_segment(name_space) + "/events";
  const std::int64_t now = clock_.wall_ns();
  if (known_.size() >= kRememberedMax) known_.clear();
  Known& known = known_[entry.key];
  Draft draft;
  Value& root = draft.root();
  if (known.count++ > 0) {
    draft.set(root, "count", Value::of(known.count));
    draft.set(root, "lastTimestamp", format_rfc3339(now));
    return {"PATCH", collection + "/" + escape_path_segment(known.name), "application/merge-patch+json", to_json(root)};
  }
  known.name = fmt::format("{}.{:x}", entry.subject.name, static_cast<std::uint64_t>(now) + ++last_id_);
  known.first_ns = now;
  draft.set(root, "apiVersion", "v1");
  draft.set(root, "kind", "Event");
  Value& metadata = draft.member(root, "metadata");
  draft.set(metadata, "name", known.name);
  draft.set(metadata, "namespace", name_space);
  Value involved = draft.object(8);
  draft.set(involved, "kind", entry.subject.kind);
  draft.set(involved, "apiVersion", entry.subject.api_version);
  draft.set(involved, "name", entry.subject.name);
  if (!entry.subject.name_space.empty()) draft.set(involved, "namespace", entry.subject.name_space);
  draft.set(involved, "uid", entry.subject.uid);
  if (!entry.subject.field_path.empty()) draft.set(involved, "fieldPath", entry.subject.field_path);
  draft.set(root, "involvedObject", involved);
  draft.set(root, "reason", entry.reason);
  draft.set(root, "message", entry.message);
  draft.set(root, "type", entry.warning ? "Warning" : "Normal");
  Value source = draft.object();
  draft.set(source, "component", "kubelet");
  draft.set(source, "host", host_);
  draft.set(root, "source", source);
  draft.set(root, "reportingComponent", "kubelet");
  draft.set(root, "reportingInstance", host_);
  draft.set(root, "firstTimestamp", format_rfc3339(now));
  draft.set(root, "lastTimestamp", format_rfc3339(now));
  draft.set(root, "count", Value::of(1));
  return {"POST", collection, "", to_json(root)};
}

void EventRecorder::send_next() {
  if (sending_ || queue_.empty()) return;
  sending_ = true;
  const Entry entry = std::move(queue_.front());
  queue_.pop_front();
  transport_.call(make_request(entry), [this, key = entry.key, alive = alive_](Result<client::Response> response) {
    if (!*alive) return;
    sending_ = false;
    // One that is gone (events do not live long) is made anew next time.
    if (!response.ok() || !client::check_response(*response).ok()) known_.erase(key);
    send_next();
  });
}

}  // namespace plinth::node
