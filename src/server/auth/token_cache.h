// Tokens whose signature was verified already. Bounded; the least recently used go first. The tokens themselves are not kept,
// only their hashes.
#pragma once

#include <cstddef>
#include <cstring>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "server/auth/digest.h"

namespace plinth::server::auth {

// Any thread. `Entry` is copied out, so it is small or a shared pointer.
template <typename Entry>
class TokenCache {
 public:
  explicit TokenCache(std::size_t entries_max) : entries_max_(entries_max) {}

  std::optional<Entry> find(const Sha256& hash) {
    std::lock_guard lock(mutex_);
    const auto found = by_hash_.find(hash);
    if (found == by_hash_.end()) return std::nullopt;
    order_.splice(order_.begin(), order_, found->second);
    return found->second->second;
  }

  void put(const Sha256& hash, Entry entry) {
    std::lock_guard lock(mutex_);
    const auto found = by_hash_.find(hash);
    if (found != by_hash_.end()) {
      found->second->second = std::move(entry);
      order_.splice(order_.begin(), order_, found->second);
      return;
    }
    order_.emplace_front(hash, std::move(entry));
    by_hash_.emplace(hash, order_.begin());
    if (by_hash_.size() <= entries_max_) return;
    by_hash_.erase(order_.back().first);
    order_.pop_back();
  }

  void erase(const Sha256& hash) {
    std::lock_guard lock(mutex_);
    const auto found = by_hash_.find(hash);
    if (found == by_hash_.end()) return;
    order_.erase(found->second);
    by_hash_.erase(found);
  }

  std::size_t size() const {
    std::lock_guard lock(mutex_);
    return by_hash_.size();
  }

 private:
  struct Hash {
    std::size_t operator()(const Sha256& hash) const {
      std::size_t out;
      std::memcpy(&out, hash.data(), sizeof(out));
      return out;
    }
  };
  using Order = std::list<std::pair<Sha256, Entry>>;

  const std::size_t entries_max_;
  mutable std::mutex mutex_;
  Order order_;  // most recently used first
  std::unordered_map<Sha256, typename Order::iterator, Hash> by_hash_;
};

}  // namespace plinth::server::auth
