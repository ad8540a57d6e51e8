#include "client/events.h"

#include "base/time_text.h"

namespace plinth::client {
namespace {

constexpr std::string_view kCombined = "(combined from similar events): ";

Resource events_resource() { return {"", "v1", "events", "Event", true}; }

std::string name_of(const Object& about, std::string_view component, std::string_view type, std::string_view reason, int slot) {
  std::uint64_t hash = 14695981039346656037ull;  // FNV-1a
  auto mix = [&hash](std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
    hash = (hash ^ 0xff) * 1099511628211ull;
  };
  mix(about.uid.empty() ? about.name : about.uid);
  mix(component);
  mix(type);
  mix(reason);
  mix(std::to_string(slot));
  constexpr std::size_t kNameMax = 236;  // with a dot and 16 digits a subdomain name
  return fmt::format("{}.{:016x}", about.name.substr(0, kNameMax), hash);
}

// At the beginning of a character.
void cut(std::string& text, std::size_t size_max) {
  if (text.size() <= size_max) return;
  while (size_max > 0 && (static_cast<unsigned char>(text[size_max]) & 0xC0) == 0x80) --size_max;
  text.resize(size_max);
}

std::string namespace_of(const Object& about) { return about.name_space.empty() ? "default" : about.name_space; }

Value involved_object(Draft& draft, const Object& about) {
  Value out = draft.object(6);
  draft.set(out, "kind", about.resource.kind);
  if (!about.name_space.empty()) draft.set(out, "namespace", about.name_space);
  draft.set(out, "name", about.name);
  draft.set(out, "uid", about.uid);
  draft.set(out, "apiVersion", about.resource.api_version());
  if (about.revision != 0) draft.set(out, "resourceVersion", std::to_string(about.revision));
  return out;
}

}  // namespace

bool EventRecorder::is_told(const Object& about, std::string_view type, std::string_view reason,
                            const std::string& message) const {
  for (int slot = 0; slot <= kMessagesMax; ++slot) {
    const auto event = view_.get(events_resource(), namespace_of(about), name_of(about, component_, type, reason, slot));
    if (event && (*event)["message"].as_string().ends_with(message)) return true;
  }
  return false;
}

// Slots instead of a memory of what was told: the same step on another day, or after a restart, finds the same Events.
void EventRecorder::record(const Object& about, std::string_view type, std::string_view reason, std::string message) {
  cut(message, kMessageBytesMax - kCombined.size());
  std::optional<Object> outdated;
  std::string unused;
  for (int slot = 0; slot < kMessagesMax; ++slot) {
    const std::string name = name_of(about, component_, type, reason, slot);
    if (const auto planned = planned_.find(name); planned != planned_.end()) {
      if (planned->second == message) return;
      continue;
    }
    auto event = view_.get(events_resource(), namespace_of(about), name);
    if (!event) {
      if (unused.empty()) unused = name;
      continue;
    }
    if ((*event)["message"].as_string() == message) return count_up(*event, message);
    const auto last = parse_rfc3339((*event)["lastTimestamp"].as_string());
    if (!outdated && (!last || wall_ns_ - last->wall_ns() > kWindowNs)) outdated = std::move(event);
  }
  if (!unused.empty()) return create(unused, about, type, reason, message);
  if (outdated) return count_up(*outdated, message);
  const std::string name = name_of(about, component_, type, reason, kMessagesMax);
  if (planned_.count(name) > 0) return;
  message.insert(0, kCombined);
  if (const auto event = view_.get(events_resource(), namespace_of(about), name)) return count_up(*event, message);
  create(name, about, type, reason, message);
}

void EventRecorder::create(const std::string& name, const Object& about, std::string_view type, std::string_view reason,
                           const std::string& message) {
  planned_[name] = message;
  const std::string now = format_rfc3339(wall_ns_);
  Draft event;
  event.root() = event.object(16);
  Value& root = event.root();
  event.set(root, "apiVersion", "v1");
  event.set(root, "kind", "Event");
  Value metadata = event.object();
  event.set(metadata, "name", name);
  event.set(metadata, "namespace", namespace_of(about));
  event.set(root, "metadata", metadata);
  event.set(root, "involvedObject", involved_object(event, about));
  event.set(root, "reason", reason);
  event.set(root, "message", message);
  Value source = event.object();
  event.set(source, "component", component_);
  event.set(root, "source", source);
  event.set(root, "firstTimestamp", now);
  event.set(root, "lastTimestamp", now);
  event.set(root, "count", Value::of(1));
  event.set(root, "type", type);
  event.set(root, "reportingComponent", component_);
  Request request = create_request(events_resource(), namespace_of(about), root, component_);
  request.optional = true;
  plan_.requests.push_back(std::move(request));
}

// Another message in an old slot is another Event: its count begins anew.
void EventRecorder::count_up(const Object& event, const std::string& message) {
  planned_[event.name] = message;
  const bool same = event["message"].as_string() == message || message.starts_with(kCombined);
  const std::string now = format_rfc3339(wall_ns_);
  Draft patch;
  patch.root() = patch.object();
  patch.set(patch.root(), "count", Value::of(same ? event["count"].as_int() + 1 : std::int64_t{1}));
  patch.set(patch.root(), "message", message);
  patch.set(patch.root(), "lastTimestamp", now);
  if (!same) patch.set(patch.root(), "firstTimestamp", now);
  Request request = merge_patch_request(event, "", std::move(patch), /*same_revision=*/false, component_);
  request.optional = true;
  plan_.requests.push_back(std::move(request));
}

}  // namespace plinth::client
