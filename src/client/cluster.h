// A cluster that controllers work on: in this process or behind a network. One cache of it for all controllers, a way to make
// requests for each of them.
#pragma once

#include <memory>
#include <string_view>

#include "base/function.h"
#include "client/cache.h"
#include "client/transport.h"

namespace plinth::client {

// What a cluster tells as its view moves on. Changes of one object come in order; between kinds there is no order.
class ClusterEvents {
 public:
  virtual ~ClusterEvents() = default;
  virtual void on_change(const Change& change, const View& view) = 0;
  // The view may have seen more than before, also where no change was told.
  virtual void on_progress() = 0;
  // Changes may have been missed: look at everything again.
  virtual void on_reset() = 0;
};

// Used on one loop.
class Cluster {
 public:
  virtual ~Cluster() = default;
  // `ready` runs once the view is complete; what changes from then on is told to `events`, which lives until stop().
  virtual void start(ClusterEvents& events, UniqueFunction<void(Result<void>)> ready) = 0;
  virtual void stop() = 0;
  // The present state. Cheap; hold it for the time of a step.
  virtual std::shared_ptr<const View> view() = 0;
  // Requests made as the controller of that name.
  virtual std::unique_ptr<Transport> transport(std::string_view controller) = 0;
};

}  // namespace plinth::client
