#include "platform/push_events.h"

#include <fmt/core.h>

#include "base/ids.h"
#include "base/json.h"
#include "base/time_text.h"

namespace plinth::platform {
namespace {

std::string event_body(const registry::Push& push, const std::string& node, const std::string& name, std::int64_t now_ns) {
  Draft draft;
  Value& root = draft.root();
  draft.set(root, "apiVersion", "v1");
  draft.set(root, "kind", "Event");
  Value& metadata = draft.member(root, "metadata");
  draft.set(metadata, "name", name);
  draft.set(metadata, "namespace", "default");
  Value annotations = draft.object();
  draft.set(annotations, "plinth.dev/image", push.name);
  draft.set(annotations, "plinth.dev/digest", push.digest);
  draft.set(metadata, "annotations", annotations);
  Value involved = draft.object();
  draft.set(involved, "kind", "Node");
  draft.set(involved, "apiVersion", "v1");
  draft.set(involved, "name", node);
  draft.set(involved, "uid", node);  // as the kubelet's Events of nodes
  draft.set(root, "involvedObject", involved);
  draft.set(root, "reason", "ImagePushed");
  draft.set(root, "message", fmt::format("Image {} is {}", push.name, push.digest));
  draft.set(root, "type", "Normal");
  Value source = draft.object();
  draft.set(source, "component", "plinth-registry");
  draft.set(source, "host", node);
  draft.set(root, "source", source);
  draft.set(root, "reportingComponent", "plinth-registry");
  draft.set(root, "reportingInstance", node);
  draft.set(root, "firstTimestamp", format_rfc3339(now_ns));
  draft.set(root, "lastTimestamp", format_rfc3339(now_ns));
  draft.set(root, "count", Value::of(1));
  return to_json(root);
}

}  // namespace

std::function<void(const registry::Push&)> push_events(const NodeHostParts& parts, const std::string& node) {
  std::shared_ptr<client::Transport> transport = node_transport(parts, node);
  return [transport, node, clock = parts.world.clock, entropy = parts.world.entropy,
          log = parts.log.named("registry")](const registry::Push& push) mutable {
    constexpr std::size_t kSuffixLength = 10;
    const std::string name = node + "." + random_suffix(*entropy, kSuffixLength);
    client::Request request{"POST", "/api/v1/namespaces/default/events", "", event_body(push, node, name, clock->wall_ns())};
    transport->call(std::move(request), [log, image = push.name](Result<client::Response> response) mutable {
      auto told = response.ok() ? client::check_response(*response) : Result<void>(std::move(response).error());
      if (!told.ok()) log.error("a push could not be told as an Event", {{"image", image}, {"error", told.error()}});
    });
  };
}

}  // namespace plinth::platform
