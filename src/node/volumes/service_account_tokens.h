// Tokens of pods' service accounts, asked for once and again before they end.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/world.h"
#include "client/transport.h"
#include "node/pod/pod.h"
#include "node/runtime/runtime.h"
#include "node/volumes/payload.h"

namespace plinth::node {

// On the node's loop.
class ServiceAccountTokens {
 public:
  static constexpr std::size_t kTokensMax = 10'000;  // remembered; beyond, those that end first are asked for again

  ServiceAccountTokens(client::Transport& transport, Clock& clock) : transport_(transport), clock_(clock) {}
  ~ServiceAccountTokens() { *alive_ = false; }

  // All that are wished for, bound to the pod. Those that have used 80 % of their time, or 24 hours, are new.
  void get(std::shared_ptr<const Pod> pod, std::vector<TokenWish> wishes, Done<Tokens> done);
  void forget(const std::string& pod_uid);

 private:
  struct Known {
    GivenToken given;
    std::int64_t refresh_at_ns = 0;
  };
  struct Asking;
  void next(std::shared_ptr<Asking> asking);
  Result<void> keep(const Asking& asking, const client::Response& response);

  client::Transport& transport_;
  Clock& clock_;
  std::map<std::pair<std::string, TokenWish>, Known> known_;  // by pod uid and wish
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace plinth::node
