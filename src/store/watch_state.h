// One watch as the history sees it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "store/history.h"

namespace plinth::store {

// The parts of "/group/plural/namespace/name" that the history sorts by; empty where the key or prefix does not reach so far.
struct KeyParts {
  std::string_view group;  // "/group/"
  std::string_view kind;   // "/group/plural/"
  std::string_view scope;  // "/group/plural/namespace/"
  explicit KeyParts(std::string_view key);
  std::string_view whole() const { return !scope.empty() ? scope : !kind.empty() ? kind : group; }
};
std::uint32_t short_hash(std::string_view text);

class WatchState : public std::enable_shared_from_this<WatchState> {
 public:
  WatchState(std::string_view prefix, Revision after, Loop& loop, Task wake);
  const std::string prefix;
  const Revision after;
  Loop& loop;
  Task wake;
  const std::string home;        // the whole parts of the prefix; watches are found by it
  std::uint32_t scope_hash = 0;  // 0: any
  std::atomic<bool> closed{false};

  // Guarded by the history's mutex.
  History::Channel* channel = nullptr;  // null: everything
  bool pending = false;                 // there may be something from `cursor` on
  bool woken = false;                   // a wake-up is under way or was not answered yet
  std::uint64_t cursor = 0;
  std::size_t slot = 0;  // in the list of watches with this home
};

using WatchStatePtr = std::shared_ptr<WatchState>;

// Runs the wake-ups on their loops, a bounded number in one task.
void post_wakes(std::vector<WatchStatePtr> woken);

}  // namespace plinth::store
