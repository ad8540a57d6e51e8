// What one simulated platform has made durable, over all its lives: every change in order, and the state that follows.
// Everything that anybody was answered, was sent by a watch, or read, must be in it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/value.h"
#include "server/kind_registry.h"
#include "store/store.h"

namespace plinth::sim {

// What is compared of an object: everything but its type and managedFields.
std::uint64_t digest_of(const Value& object);

// One state of one object.
struct State {
  store::Revision revision = 0;
  std::uint64_t digest = 0;
  std::string uid, value;  // `value`: data.v of what clients write
  bool labelled = false;   // app=x, what selectors ask for
  bool deleting = false, owned = false;
};

struct HistoryEvent {
  bool deleted = false;
  std::string key;
  State state;
  std::optional<State> before;
};

class History {
 public:
  // Reads on in a platform's change stream, from a life before or the beginning. What is wrong, or "".
  std::string follow(store::Store& store, server::KindRegistry& registry, Loop& loop);
  // Everything that there is to read now.
  std::string pull();
  // Before the store goes.
  void let_go() { watch_.reset(); }
  // Whether what is stored is what the changes lead to.
  std::string compare_with_store(store::Store& store, server::KindRegistry& registry) const;

  // Whether what is stored was so at the revisions that it has.
  std::string compare_contents(store::Store& store, server::KindRegistry& registry) const;

  // Somebody was told a revision: the platform may never be before it again.
  void told(store::Revision revision) { told_ = std::max(told_, revision); }
  // From here on every change is known; before, only the state at it.
  store::Revision base() const { return base_; }
  store::Revision last() const { return last_; }
  // The stream could not be read on at the last start (its beginning was cut): unseen changes lie between two bases.
  bool gap() const { return gap_; }
  const std::map<std::string, State>& state() const { return state_; }
  const std::map<std::string, State>& state_before_gap() const { return before_gap_; }
  const std::map<store::Revision, HistoryEvent>& events() const { return events_; }
  std::map<std::string, State> state_at(store::Revision revision) const;

 private:
  std::string rebase(store::Store& store);
  std::string add(const store::Event& event);

  server::KindRegistry* registry_ = nullptr;
  std::unique_ptr<store::Watch> watch_;
  store::Revision base_ = 0, last_ = 0, told_ = 0;
  bool gap_ = false, begun_ = false;
  std::map<std::string, State> state_, base_state_, before_gap_;
  std::map<store::Revision, HistoryEvent> events_;
};

}  // namespace plinth::sim
