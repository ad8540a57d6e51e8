// Events about objects, written as part of a plan. Told again, one that is there counts up; of many different messages for one
// reason the later ones share one Event, as upstream's recorder does.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "client/controller.h"

namespace plinth::client {

// Lives for one step. Its requests are optional ones: a plan does not fail because an Event could not be written.
class EventRecorder {
 public:
  // Different messages of an object, reason and type within kWindowNs; more are told by one Event, of the latest message.
  static constexpr int kMessagesMax = 10;
  static constexpr std::int64_t kWindowNs = 600'000'000'000;
  static constexpr std::size_t kMessageBytesMax = 1024;  // the API refuses longer ones

  EventRecorder(const View& view, std::string_view component, std::int64_t wall_ns, Plan& plan)
      : view_(view), component_(component), wall_ns_(wall_ns), plan_(plan) {}

  void normal(const Object& about, std::string_view reason, std::string message) {
    record(about, "Normal", reason, std::move(message));
  }
  void warning(const Object& about, std::string_view reason, std::string message) {
    record(about, "Warning", reason, std::move(message));
  }
  // Told only where no such Event is there: for what holds at every look at an object, until somebody changes something.
  void normal_once(const Object& about, std::string_view reason, const std::string& message) {
    if (!is_told(about, "Normal", reason, message)) normal(about, reason, message);
  }
  void warning_once(const Object& about, std::string_view reason, const std::string& message) {
    if (!is_told(about, "Warning", reason, message)) warning(about, reason, message);
  }

 private:
  bool is_told(const Object& about, std::string_view type, std::string_view reason, const std::string& message) const;
  void record(const Object& about, std::string_view type, std::string_view reason, std::string message);
  void create(const std::string& name, const Object& about, std::string_view type, std::string_view reason,
              const std::string& message);
  void count_up(const Object& event, const std::string& message);

  const View& view_;
  const std::string component_;
  const std::int64_t wall_ns_;
  Plan& plan_;
  std::map<std::string, std::string> planned_;  // messages by name of Events of this plan
};

}  // namespace plinth::client
