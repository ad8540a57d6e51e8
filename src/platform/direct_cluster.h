// The cluster of this process: a view is a snapshot of the store, changes come from one cursor over its change stream, requests
// enter the server's pipeline.
#pragma once

#include <memory>

#include "client/cluster.h"
#include "server/api_server.h"
#include "store/store.h"

namespace plinth::platform {

class DirectCluster final : public client::Cluster {
 public:
  DirectCluster(server::ApiServer& api, store::Store& store, Loop& loop) : api_(api), store_(store), loop_(loop) {}
  ~DirectCluster() override { stop(); }

  void start(client::ClusterEvents& events, UniqueFunction<void(Result<void>)> ready) override;
  void stop() override;
  std::shared_ptr<const client::View> view() override;
  std::unique_ptr<client::Transport> transport(std::string_view controller) override;

 private:
  Result<void> open_stream();
  void pump();

  server::ApiServer& api_;
  store::Store& store_;
  Loop& loop_;
  client::ClusterEvents* events_ = nullptr;
  std::unique_ptr<store::Watch> watch_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace plinth::platform
