// Writes the status of one pod: the newest one that is asked for, one request at a time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/value.h"
#include "base/world.h"
#include "client/transport.h"
#include "node/pod/pod.h"

namespace plinth::node {

// On the node's loop.
class StatusWriter {
 public:
  StatusWriter(client::Transport& transport, Loop& loop) : transport_(transport), loop_(loop) {}
  ~StatusWriter() { *alive_ = false; }

  // `status` is what pod_status() made. Nothing is sent when `pod` has it already.
  void want(const Pod& pod, const Value& status);
  // Everything that was wanted is in the API, as far as it said.
  bool settled() const { return !sending_ && !wanted_; }
  // Called when a request has been answered.
  void on_answer(std::function<void()> answered) { answered_ = std::move(answered); }

 private:
  void send();

  static constexpr Duration kRetry = std::chrono::seconds(1);
  client::Transport& transport_;
  Loop& loop_;
  std::string path_;
  std::optional<std::string> wanted_;  // body of the patch
  std::string last_accepted_;          // likewise
  std::uint64_t accepted_revision_ = 0;
  bool sending_ = false;
  std::function<void()> answered_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace plinth::node
