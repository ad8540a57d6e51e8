#include "api/conversions/event_conversion.h"

namespace plinth::api {
namespace {

struct Renamed {
  std::string_view events, core;
};
constexpr Renamed kRenamed[] = {
    {"note", "message"},
    {"regarding", "involvedObject"},
    {"reportingController", "reportingComponent"},
    {"deprecatedSource", "source"},
    {"deprecatedFirstTimestamp", "firstTimestamp"},
    {"deprecatedLastTimestamp", "lastTimestamp"},
    {"deprecatedCount", "count"},
};

void rename(Draft& draft, std::string_view from, std::string_view to) {
  const Value* member = draft.root().find(from);
  if (member == nullptr) return;
  const Value value = *member;
  draft.remove(draft.root(), from);
  draft.set(draft.root(), to, value);
}

}  // namespace

void event_to_core(Draft& draft) {
  for (const Renamed& member : kRenamed) rename(draft, member.events, member.core);
  draft.set(draft.root(), "apiVersion", Value::ref("v1"));
}

void event_from_core(Draft& draft) {
  for (const Renamed& member : kRenamed) rename(draft, member.core, member.events);
  draft.set(draft.root(), "apiVersion", Value::ref("events.k8s.io/v1"));
}

}  // namespace plinth::api
