#include "node/agent/status_writer.h"

#include "base/json.h"
#include "base/text.h"
#include "client/object.h"
#include "node/pod/pod_status.h"

namespace plinth::node {

void StatusWriter::want(const Pod& pod, const Value& status) {
  Draft patch;
  Value& metadata = patch.member(patch.root(), "metadata");
  patch.set(metadata, "uid", pod.uid);
  patch.set(patch.root(), "status", patch.clone(status));
  std::string body = to_json(patch.root());
  path_ = client::object_path(pod.object.resource, pod.name_space, pod.name) + "/status";
  // Up to that revision the API has what was accepted last, in whatever form it keeps it.
  const bool view_is_behind = pod.object.revision <= accepted_revision_;
  if (view_is_behind ? body == last_accepted_ : status_is_told(status, pod.status())) {
    wanted_.reset();
    return;
  }
  wanted_ = std::move(body);
  send();
}

void StatusWriter::send() {
  if (sending_ || !wanted_) return;
  sending_ = true;
  std::string body = std::move(*wanted_);
  wanted_.reset();
  client::Request request{"PATCH", path_ + "?fieldManager=kubelet", "application/strategic-merge-patch+json", body};
  transport_.call(std::move(request), [this, body, alive = alive_](Result<client::Response> response) {
    if (!*alive) return;
    auto outcome = response.ok() ? client::check_response(*response) : Result<void>(std::move(response).error());
    if (outcome.ok()) {
      last_accepted_ = body;
      if (auto answer = parse_json(response->body); answer.ok())
        accepted_revision_ =
            parse_integer<std::uint64_t>((*answer)["metadata"]["resourceVersion"].as_string()).value_or(accepted_revision_);
    }
    // What is gone, or another pod by now, needs no status. Everything else is tried again.
    const Reason reason = outcome.ok() ? Reason::kNone : outcome.error().reason();
    const bool again =
        !outcome.ok() && reason != Reason::kNotFound && reason != Reason::kConflict && reason != Reason::kInvalid;
    if (again && !wanted_) wanted_ = body;
    if (!again)
      sending_ = false;
    else {
      loop_.after(kRetry, [this, alive] {
        if (!*alive) return;
        sending_ = false;
        send();
      });
      return;
    }
    send();
    if (answered_) answered_();
  });
}

}  // namespace plinth::node
