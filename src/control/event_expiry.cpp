#include "control/event_expiry.h"

#include "base/time_text.h"

namespace plinth::control {
namespace {

using client::Change;
using client::Object;
using client::Plan;
using client::View;

// One key for all: a pass over the events, again when the oldest that is left comes of age.
constexpr std::string_view kSweep = "sweep";
constexpr std::size_t kDeletionsPerPass = 500;

std::int64_t last_seen_s(const Object& event) {
  for (std::string_view member : {"lastTimestamp", "eventTime"}) {
    if (auto t = parse_rfc3339(event[member].as_string())) return t->seconds;
  }
  if (auto t = parse_rfc3339(event["series"]["lastObservedTime"].as_string())) return t->seconds;
  auto created = parse_rfc3339(event.metadata()["creationTimestamp"].as_string());
  return created ? created->seconds : 0;
}

class EventExpiry final : public client::Controller {
 public:
  std::string_view name() const override { return "event-expiry"; }
  void keys_of(const Change&, const View&, std::vector<std::string>&) const override {}
  void initial_keys(const View&, std::vector<std::string>& keys) const override { keys.emplace_back(kSweep); }

  Plan step(const View& view, const std::string&, const client::StepContext& context) const override {
    Plan plan;
    const std::int64_t now = context.wall_ns / 1'000'000'000;
    std::int64_t next = kEventSeconds;
    view.list(*view.find_resource("", "events"), "", [&](const Object& event) {
      const std::int64_t left = last_seen_s(event) + kEventSeconds - now;
      if (left <= 0)
        plan.requests.push_back(client::delete_request(event, "", /*same_revision=*/true));
      else
        next = std::min(next, left);
      return plan.requests.size() < kDeletionsPerPass;
    });
    if (plan.requests.size() == kDeletionsPerPass) next = 1;
    plan.revisit_ns = std::max<std::int64_t>(next, 1) * 1'000'000'000;
    return plan;
  }
};

}  // namespace

std::unique_ptr<client::Controller> make_event_expiry() { return std::make_unique<EventExpiry>(); }

}  // namespace plinth::control
