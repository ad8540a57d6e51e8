// Events of the node, as the kubelet writes them: the same one again only counts up.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>

#include "base/world.h"
#include "client/transport.h"

namespace plinth::node {

struct EventSubject {
  std::string kind = "Pod", api_version = "v1", name_space, name, uid, field_path;
};

// On the node's loop. Events are written one after the other; what goes wrong is not tried again.
class EventRecorder {
 public:
  static constexpr std::size_t kQueueMax = 1000;       // beyond, the newest is dropped
  static constexpr std::size_t kRememberedMax = 4096;  // events that can be counted up
  static constexpr std::size_t kMessageBytesMax = 1024;

  EventRecorder(client::Transport& transport, Clock& clock, std::string host)
      : transport_(transport), clock_(clock), host_(std::move(host)) {}
  ~EventRecorder() { *alive_ = false; }

  void record(const EventSubject& subject, bool warning, std::string reason, std::string message);
  std::size_t dropped() const { return dropped_; }

 private:
  struct Entry {
    EventSubject subject;
    bool warning = false;
    std::string reason, message, key;
  };
  struct Known {
    std::string name;
    std::int64_t count = 0, first_ns = 0;
  };
  void send_next();
  client::Request make_request(const Entry& entry);

  client::Transport& transport_;
  Clock& clock_;
  std::string host_;
  std::deque<Entry> queue_;
  bool sending_ = false;
  std::map<std::string, Known> known_;
  std::size_t dropped_ = 0;
  std::uint64_t last_id_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace plinth::node
