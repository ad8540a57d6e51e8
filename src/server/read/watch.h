// watch: a stream of changes for one client.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "server/context.h"
#include "server/exchange.h"

namespace plinth::server {

class WatchOperation;

// The watches that are open, so that those of a kind can be ended when its definition changes, and all at shutdown. Any thread.
class WatchBook {
 public:
  // False when there are too many already.
  bool add(const std::shared_ptr<WatchOperation>& watch, std::size_t watchers_max);
  void remove(const WatchOperation* watch);
  // `resources`: "group/plural".
  void end_kinds(const std::vector<std::string>& resources);
  void end_all();
  std::size_t size() const;

 private:
  mutable std::mutex mutex_;
  std::map<const WatchOperation*, std::weak_ptr<WatchOperation>> watches_;
};

void serve_watch(ServerContext& context, ExchangePtr exchange, const ResolvedKind& kind);

}  // namespace plinth::server
