// A cluster whose view is behind: the changes of each kind arrive in their order, but late, and the kinds pass each other, as
// with a watch for each kind over a slow network. Now and then a kind's watch is lost and its list comes anew. Requests go
// straight to the server.
#pragma once

#include <deque>
#include <map>
#include <memory>

#include "client/object_cache.h"
#include "platform/direct_cluster.h"
#include "world_sim/sim_random.h"

namespace plinth::sim {

struct LagOptions {
  Duration delay_max = std::chrono::milliseconds(400);  // of a kind's next change
  unsigned relists_per_million = 20'000;                // chance per change that the kind's watch is lost with it
};

class LaggingCluster final : public client::Cluster, private client::ClusterEvents {
 public:
  LaggingCluster(server::ApiServer& api, store::Store& store, Loop& loop, std::uint64_t seed, LagOptions options = {})
      : source_(api, store, loop), loop_(loop), random_(seed), options_(options), cache_(described_by(source_)) {}
  ~LaggingCluster() override { stop(); }

  void start(client::ClusterEvents& events, UniqueFunction<void(Result<void>)> ready) override;
  void stop() override;
  std::shared_ptr<const client::View> view() override { return cache_.view(); }
  std::unique_ptr<client::Transport> transport(std::string_view controller) override { return source_.transport(controller); }

 private:
  static client::ObjectCache::Source described_by(platform::DirectCluster& source);
  struct Queue {
    std::deque<client::Change> changes;
    bool timer = false;
  };
  void on_change(const client::Change& change, const client::View& view) override;
  void on_progress() override {}
  void on_reset() override;
  // Kinds come and go with what the source serves.
  void follow_kinds();
  void relist(const client::Resource& resource);
  void deliver_later(const client::Resource& resource);
  void deliver(const client::Resource& resource);
  void tell(const std::vector<client::Change>& changes);

  platform::DirectCluster source_;
  Loop& loop_;
  world_sim::SimRandom random_;
  LagOptions options_;
  client::ObjectCache cache_;
  client::ClusterEvents* events_ = nullptr;
  std::map<client::Resource, Queue> queues_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace plinth::sim
