#include "sim/history.h"

#include <fmt/core.h>

#include "platform/store_view.h"

namespace plinth::sim {
namespace {

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  std::uint64_t z = a * 0x9E3779B97F4A7C15ull + b;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  return z ^ (z >> 27);
}

std::uint64_t hash_text(std::string_view text) {
  std::uint64_t h = 14695981039346656037ull;
  for (char c : text) h = (h ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  return h;
}

// Members in any order.
std::uint64_t digest(const Value& value, int depth) {
  switch (value.type()) {
    case Value::Type::kObject: {
      std::uint64_t sum = 1;
      for (const Member& m : value.members()) {
        if (depth == 0 && (m.key() == "kind" || m.key() == "apiVersion")) continue;
        if (depth == 1 && m.key() == "managedFields") continue;
        sum += mix(hash_text(m.key()), digest(m.value, depth + 1));
      }
      return sum;
    }
    case Value::Type::kArray: {
      std::uint64_t h = 2;
      for (const Value& item : value.items()) h = mix(h, digest(item, depth + 2));
      return h;
    }
    case Value::Type::kString:
      return hash_text(value.as_string());
    case Value::Type::kBool:
      return value.as_bool() ? 3 : 4;
    case Value::Type::kNull:
      return 5;
    default:
      return mix(6, static_cast<std::uint64_t>(value.as_int()));
  }
}

State state_of(const Value& object, store::Revision revision) {
  State state;
  state.revision = revision;
  state.digest = digest_of(object);
  const Value metadata = object["metadata"];
  state.uid = metadata["uid"].as_string();
  state.value = object["data"]["v"].as_string();
  state.labelled = metadata["labels"]["app"].as_string() == "x";
  state.deleting = metadata.find("deletionTimestamp") != nullptr;
  state.owned = metadata["ownerReferences"].size() > 0;
  return state;
}

std::map<std::string, State> stored_state(const store::Snapshot& snapshot, server::KindRegistry& registry, std::string& wrong) {
  std::map<std::string, State> out;
  snapshot.scan("", "", [&](const store::RecordPtr& record) {
    store::Event event;
    event.current = record;
    const auto change = platform::change_of(registry, event);
    if (!change) {
      wrong = fmt::format("{} at {} cannot be read", record->key(), record->revision());
      return false;
    }
    if (change->object.metadata()["resourceVersion"].as_string() != std::to_string(record->revision())) {
      wrong = fmt::format("{} says another revision than {}", record->key(), record->revision());
    }
    out[std::string(record->key())] = state_of(change->object.document.root(), record->revision());
    return true;
  });
  return out;
}

}  // namespace

std::uint64_t digest_of(const Value& object) { return digest(object, 0); }

std::string History::follow(store::Store& store, server::KindRegistry& registry, Loop& loop) {
  registry_ = &registry;
  const store::Revision now = store.snapshot()->revision();
  if (now < told_ || now < last_)
    return fmt::format("the revision went back: {} was told, the store is at {}", std::max(told_, last_), now);
  gap_ = false;
  if (!begun_) {
    begun_ = true;
    return rebase(store).empty() ? follow(store, registry, loop) : "the first state cannot be read";
  }
  auto watch = store.watch("/", last_, loop, nullptr);
  if (watch.ok()) {
    watch_ = std::move(*watch);
    return pull();
  }
  if (watch.error().reason() != Reason::kExpired && watch.error().reason() != Reason::kGone)
    return "the change stream: " + watch.error().message();
  before_gap_ = state_;
  if (std::string wrong = rebase(store); !wrong.empty()) return wrong;
  watch = store.watch("/", last_, loop, nullptr);
  if (!watch.ok()) return "a watch from now on is refused: " + watch.error().message();
  watch_ = std::move(*watch);
  gap_ = true;
  return "";
}

std::string History::rebase(store::Store& store) {
  const auto snapshot = store.snapshot();
  std::string wrong;
  state_ = base_state_ = stored_state(*snapshot, *registry_, wrong);
  base_ = last_ = snapshot->revision();
  events_.clear();
  return wrong;
}

std::string History::pull() {
  while (watch_ != nullptr) {
    store::Revision progress = 0;
    auto events = watch_->next(64, progress);
    if (!events.ok()) return "the change stream broke: " + events.error().message();
    if (events->empty()) break;
    for (const store::EventPtr& event : *events) {
      if (std::string wrong = add(*event); !wrong.empty()) return wrong;
    }
  }
  return "";
}

std::string History::add(const store::Event& event) {
  HistoryEvent out;
  out.key = event.current->key();
  out.deleted = event.type == store::EventType::kDelete;
  if (event.revision <= last_) return fmt::format("revision {} of {} comes after {}", event.revision, out.key, last_);
  last_ = event.revision;
  const auto change = platform::change_of(*registry_, event);
  if (change) {
    out.state = state_of(change->object.document.root(), event.revision);
    const std::string_view said = change->object.metadata()["resourceVersion"].as_string();
    if (said != std::to_string(event.revision)) return fmt::format("{} at {} says revision {}", out.key, event.revision, said);
  } else {
    out.state.revision = event.revision;  // its kind is gone
  }
  const auto before = state_.find(out.key);
  if (before != state_.end()) out.before = before->second;
  if ((event.previous != nullptr) != out.before.has_value())
    return fmt::format("{} at {}: another state before", out.key, event.revision);
  if (out.deleted)
    state_.erase(out.key);
  else
    state_[out.key] = out.state;
  events_.emplace(event.revision, std::move(out));
  return "";
}

std::string History::compare_with_store(store::Store& store, server::KindRegistry& registry) const {
  std::string wrong;
  const auto stored = stored_state(*store.snapshot(), registry, wrong);
  if (!wrong.empty()) return wrong;
  for (const auto& [key, state] : state_) {
    const auto found = stored.find(key);
    if (found == stored.end()) return fmt::format("{} at {} is lost", key, state.revision);
    if (found->second.revision != state.revision)
      return fmt::format("{} is at {}, its last change was {}", key, found->second.revision, state.revision);
    if (state.digest != 0 && found->second.digest != state.digest)
      return fmt::format("{} at {} has another content than its last change", key, state.revision);
  }
  for (const auto& [key, state] : stored) {
    if (state_.count(key) == 0) return fmt::format("{} at {} is stored, but no change made it", key, state.revision);
  }
  return "";
}

std::string History::compare_contents(store::Store& store, server::KindRegistry& registry) const {
  std::string wrong;
  for (const auto& [key, state] : stored_state(*store.snapshot(), registry, wrong)) {
    const auto event = events_.find(state.revision);
    const auto base = base_state_.find(key);
    const State* known = event != events_.end() ? &event->second.state : base != base_state_.end() ? &base->second : nullptr;
    if (known == nullptr || (known->digest != 0 && known->digest != state.digest))
      return fmt::format("{} at {} was never so", key, state.revision);
  }
  return wrong;
}

std::map<std::string, State> History::state_at(store::Revision revision) const {
  std::map<std::string, State> out = base_state_;
  for (const auto& [at, event] : events_) {
    if (at > revision) break;
    if (event.deleted)
      out.erase(event.key);
    else
      out[event.key] = event.state;
  }
  return out;
}

}  // namespace plinth::sim
