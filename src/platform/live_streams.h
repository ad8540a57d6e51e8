// What goes on between clients and processes or ports after a request has become a stream: how much of it there may be, and its
// end with the node.
#pragma once

#include <memory>
#include <mutex>
#include <set>

namespace plinth::platform {

// Has one part on an I/O loop and one on the node's.
class LiveStream {
 public:
  virtual ~LiveStream() = default;
  // Lets both go; when neither loop runs any more.
  virtual void drop() = 0;
};

// Thread-safe. Owns what it holds.
class LiveStreams {
 public:
  static constexpr std::size_t kMax = 1000;
  ~LiveStreams() {
    for (const auto& stream : streams_) stream->drop();
  }
  // False when there are too many.
  bool add(std::shared_ptr<LiveStream> stream) {
    const std::lock_guard lock(mutex_);
    return streams_.size() < kMax && streams_.insert(std::move(stream)).second;
  }
  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return streams_.size();
  }
  void remove(const std::shared_ptr<LiveStream>& stream) {
    const std::lock_guard lock(mutex_);
    streams_.erase(stream);
  }

 private:
  mutable std::mutex mutex_;
  std::set<std::shared_ptr<LiveStream>> streams_;
};

}  // namespace plinth::platform
