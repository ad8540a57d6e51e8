// get, list and the snapshots that paged lists pin.
#pragma once

#include <map>
#include <mutex>

#include "server/context.h"
#include "server/exchange.h"

namespace plinth::server {

// Roots that continue tokens refer to, kept within limits of time and number; past them a token gets 410.
class PinnedSnapshots {
 public:
  PinnedSnapshots(Clock& clock, Duration age_max, std::size_t count_max)
      : clock_(clock), age_max_(age_max), count_max_(count_max) {}
  void pin(store::SnapshotPtr snapshot);
  // Null when it is no longer (or never was) pinned.
  store::SnapshotPtr find(store::Revision revision);

 private:
  void drop_old(std::int64_t now);
  struct Pin {
    store::SnapshotPtr snapshot;
    std::int64_t used_ns;
  };
  Clock& clock_;
  const Duration age_max_;
  const std::size_t count_max_;
  std::mutex mutex_;
  std::map<store::Revision, Pin> pins_;
};

void serve_get(ServerContext& context, ExchangePtr exchange, const ResolvedKind& kind);
void serve_list(ServerContext& context, ExchangePtr exchange, const ResolvedKind& kind);

}  // namespace plinth::server
