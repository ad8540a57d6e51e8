// A client that watches over all lives of a platform: lists, watches, goes on from where it was after a cut, and lists again
// when it is told that its place is no longer known. What it is sent must be the history, no more and no less.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "server/local_responder.h"
#include "sim/history.h"
#include "sim/sim_platform.h"

namespace plinth::sim {

class Watcher {
 public:
  // `collection` is the path that is watched, `prefix` the keys under it; `labelled`: only what has app=x.
  Watcher(std::string collection, std::string prefix, bool labelled);
  ~Watcher() { drop(); }

  // Goes on if it is not connected.
  void resume(SimPlatform& platform);
  // The connection dies.
  void drop();
  // Compares what has come with the history. With `quiet` everything that has happened must have come. What is wrong, or "".
  std::string check(const History& history, bool quiet);
  std::uint64_t bytes_digest() const { return received_digest_; }
  std::size_t events_seen() const { return events_seen_; }

 private:
  struct Seen {
    std::string type, key;
    store::Revision revision = 0;
    std::uint64_t digest = 0;
  };
  void list(SimPlatform& platform);
  void watch(SimPlatform& platform);
  void take(std::string_view bytes);
  void take_line(std::string_view line);
  std::vector<Seen> expected(const History& history, store::Revision until) const;

  const std::string collection_, prefix_;
  const bool labelled_;
  store::Revision from_ = 0;      // 0: lists first
  store::Revision position_ = 0;  // of the last event or bookmark
  std::vector<Seen> seen_;
  std::string input_, wrong_;
  std::shared_ptr<server::LocalResponder> responder_;
  std::shared_ptr<int> life_ = std::make_shared<int>(0);
  std::uint64_t received_digest_ = 0;
  std::size_t events_seen_ = 0;
};

}  // namespace plinth::sim
