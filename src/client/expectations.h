// What a controller wrote for a key and its view has not shown yet. A step on a view from before its own last write would do
// the same again, or undo it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "client/cache.h"
#include "client/transport.h"

namespace plinth::client {

// One write that was answered with success.
struct OwnWrite {
  std::string group, plural;
  std::string name_space, name;
  std::string uid;             // of what was deleted
  std::uint64_t revision = 0;  // 0: of a deletion that was answered without one
  // The view shows it, or something later.
  bool seen_in(const View& view) const;
};

// What a request that succeeded has written; nothing when its answer does not say.
std::optional<OwnWrite> own_write(std::string_view method, std::string_view target, const Response& response);

// Used on one loop.
class Expectations {
 public:
  // After this long a key is looked at even if its writes never showed up (the kind is not followed, or its watch is broken):
  // writes are conditional, so that a step on an old view can fail but not harm.
  static constexpr std::int64_t kWaitNsMax = 30'000'000'000;
  // Writes remembered of one key; of more the later ones stand for all (plans are carried out in order).
  static constexpr std::size_t kWritesMax = 64;

  void add(const std::string& key, OwnWrite write, std::int64_t now_ns);
  // Whether the view has seen everything that was written for the key; forgets it then, or when it waited too long.
  bool fulfilled(const std::string& key, const View& view, std::int64_t now_ns);
  bool empty() const { return entries_.empty(); }
  std::size_t given_up() const { return given_up_; }

 private:
  struct Entry {
    std::vector<OwnWrite> writes;
    std::int64_t since_ns = 0;
  };
  std::map<std::string, Entry> entries_;
  std::size_t given_up_ = 0;
};

}  // namespace plinth::client
