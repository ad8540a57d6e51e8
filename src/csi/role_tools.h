// What roles write: marks and Events.
#pragma once

#include "client/events.h"
#include "csi/sidecar.h"

namespace plinth::csi {

// What a role is made of.
struct RoleParts {
  Clock* clock = nullptr;
  CsiClient* driver = nullptr;
  std::function<std::shared_ptr<const client::View>()> view;  // as it is now: when a call has ended
};

Value without_finalizer(Draft& draft, const client::Object& object, std::string_view finalizer);
// The object with the mark, or without it, under the condition that nobody wrote meanwhile.
client::Request finalizer_request(const client::Object& object, std::string_view finalizer, bool wanted,
                                  std::string_view manager);

// Events of one look, each once.
class Teller {
 public:
  Teller(const client::View& view, std::string_view component, Clock& clock, client::Plan& plan)
      : events_(view, component, clock.wall_ns(), plan) {}
  void warn(const client::Object& about, std::string_view reason, const std::string& message) {
    events_.warning_once(about, reason, message);
  }
  void say(const client::Object& about, std::string_view reason, const std::string& message) {
    events_.normal_once(about, reason, message);
  }

 private:
  client::EventRecorder events_;
};

}  // namespace plinth::csi
