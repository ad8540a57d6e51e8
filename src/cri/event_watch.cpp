#include "cri/event_watch.h"

#include "events.pb.h"
#include "runtime.pb.h"

namespace plinth::cri {
namespace {

namespace containerd = ::containerd::services::events::v1;

constexpr Duration kRepairInterval = std::chrono::seconds(30);  // what an event did not tell
constexpr Duration kPollInterval = std::chrono::seconds(1);     // of a runtime that tells nothing
constexpr Duration kRetryMin = std::chrono::milliseconds(100), kRetryMax = std::chrono::seconds(5);
constexpr const char* kContainerdPath = "/containerd.services.events.v1.Events/Subscribe";
constexpr const char* kCriPath = "/runtime.v1.RuntimeService/GetContainerEvents";

enum class Source { kContainerd, kCri, kNone };

bool read_cri_event(std::string_view message, node::RuntimeEvent& event) {
  ::runtime::v1::ContainerEventResponse response;
  if (!response.ParseFromArray(message.data(), static_cast<int>(message.size()))) return false;
  constexpr node::EventType kTypes[] = {node::EventType::kCreated, node::EventType::kStarted, node::EventType::kStopped,
                                        node::EventType::kDeleted};
  if (response.container_event_type() < 0 || response.container_event_type() > 3) return false;
  event.type = kTypes[response.container_event_type()];
  event.id = response.container_id();
  return true;
}

class Watch final : public EventWatch {
 public:
  Watch(net::GrpcChannel& channel, Loop& loop, std::function<void(node::RuntimeEvent)> tell)
      : channel_(channel), loop_(loop), tell_(std::move(tell)) {
    timer_ = loop_.after(Duration(0), [this] { subscribe(); });
  }
  ~Watch() override {
    *alive_ = false;
    if (cancel_) cancel_();
    loop_.cancel(timer_);
  }

 private:
  // The timer is the next repair while subscribed, the next attempt otherwise.
  void subscribe() {
    if (source_ == Source::kNone) return poll();
    ::containerd::services::events::v1::SubscribeRequest request;
    request.add_filters("namespace==k8s.io");
    net::GrpcCallOptions options;
    options.timeout = Duration(0);
    const bool containerd_speaks = source_ == Source::kContainerd;
    cancel_ = channel_.stream(
        containerd_speaks ? kContainerdPath : kCriPath, containerd_speaks ? request.SerializeAsString() : std::string(),
        std::move(options), [this](std::string message) { receive(message); },
        [this](net::GrpcStatus status) { ended(std::move(status)); });
    repair();
  }

  void receive(std::string_view message) {
    retry_ = kRetryMin;
    node::RuntimeEvent event;
    const bool known = source_ == Source::kContainerd ? read_containerd_event(message, event) : read_cri_event(message, event);
    if (known) tell_(std::move(event));
  }

  void ended(net::GrpcStatus status) {
    cancel_ = nullptr;
    if (status.code == net::GrpcCode::kUnimplemented) source_ = source_ == Source::kContainerd ? Source::kCri : Source::kNone;
    loop_.cancel(timer_);
    timer_ = loop_.after(retry_, [this] { subscribe(); });
    retry_ = std::min(retry_ * 2, kRetryMax);
  }

  void repair() {
    const std::shared_ptr<bool> alive = alive_;
    tell_({node::EventType::kMissed, "", ""});
    if (*alive) timer_ = loop_.after(kRepairInterval, [this] { repair(); });
  }

  void poll() {
    const std::shared_ptr<bool> alive = alive_;
    tell_({node::EventType::kMissed, "", ""});
    if (*alive) timer_ = loop_.after(kPollInterval, [this] { poll(); });
  }

  net::GrpcChannel& channel_;
  Loop& loop_;
  std::function<void(node::RuntimeEvent)> tell_;
  net::GrpcChannel::Cancel cancel_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  Source source_ = Source::kContainerd;
  Duration retry_ = kRetryMin;
  TimerId timer_ = 0;
};

}  // namespace

bool read_containerd_event(std::string_view bytes, node::RuntimeEvent& event) {
  containerd::Envelope envelope;
  if (!envelope.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) || envelope.namespace_() != "k8s.io") return false;
  const std::string& topic = envelope.topic();
  if (topic == "/tasks/exit") {
    containerd::TaskExit exit;
    if (!exit.ParseFromString(envelope.event().value()) || exit.id() != exit.container_id()) return false;
    event.type = node::EventType::kStopped;
    event.id = exit.container_id();
    return true;
  }
  if (topic == "/tasks/create")
    event.type = node::EventType::kCreated;
  else if (topic == "/tasks/start")
    event.type = node::EventType::kStarted;
  else if (topic == "/containers/delete")
    event.type = node::EventType::kDeleted;
  else if (topic == "/tasks/oom")
    event.type = node::EventType::kOutOfMemory;
  else
    return false;
  containerd::TaskEvent task;  // a container's own events name it first, too
  if (!task.ParseFromString(envelope.event().value())) return false;
  event.id = task.container_id();
  return true;
}

std::unique_ptr<EventWatch> watch_events(net::GrpcChannel& channel, Loop& loop, std::function<void(node::RuntimeEvent)> tell) {
  return std::make_unique<Watch>(channel, loop, std::move(tell));
}

}  // namespace plinth::cri
