// Runs the controllers of this process on one loop over one cluster.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "client/cluster.h"
#include "client/reconcile_loop.h"

namespace plinth::client {

class ControllerHost final : private ClusterEvents {
 public:
  ControllerHost(std::unique_ptr<Cluster> cluster, Loop& loop, Clock& clock, Logger log)
      : cluster_(std::move(cluster)), loop_(loop), clock_(clock), log_(log.named("controllers")) {}
  ~ControllerHost() override { stop(); }

  void add(std::unique_ptr<Controller> controller);
  // `done` runs once every controller looks at its first keys.
  void start(UniqueFunction<void(Result<void>)> done);
  void stop();
  // Nothing waits, nothing is under way. Keys that are to be looked at later, or that wait for the view, do not count.
  bool idle() const;
  Cluster& cluster() { return *cluster_; }
  // Of every step that would be taken now for every key that the controllers name: how many requests they plan. On a settled
  // cluster it is 0 (a step on an unchanged view plans nothing); `what` gets the first of them.
  std::size_t planned_requests(std::string& what);

 private:
  void on_change(const Change& change, const View& view) override;
  void on_progress() override;
  void on_reset() override;

  struct Entry {
    std::unique_ptr<Controller> controller;
    std::unique_ptr<Transport> transport;
    std::unique_ptr<ReconcileLoop> loop;
  };
  std::unique_ptr<Cluster> cluster_;
  Loop& loop_;
  Clock& clock_;
  Logger log_;
  std::vector<Entry> entries_;
  bool stopped_ = false;
};

}  // namespace plinth::client
