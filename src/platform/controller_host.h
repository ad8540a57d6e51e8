// Runs the controllers of this process on one loop: one cursor over the store's change stream feeds all of them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "client/reconcile_loop.h"
#include "platform/direct_transport.h"
#include "server/api_server.h"
#include "store/store.h"

namespace plinth::platform {

class ControllerHost {
 public:
  ControllerHost(server::ApiServer& api, store::Store& store, Loop& loop, Clock& clock, Logger log)
      : api_(api), store_(store), loop_(loop), clock_(clock), log_(log.named("controllers")) {}
  void add(std::unique_ptr<client::Controller> controller);
  Result<void> start();
  void stop();

 private:
  struct Entry {
    std::unique_ptr<client::Controller> controller;
    std::unique_ptr<DirectTransport> transport;
    std::unique_ptr<client::ReconcileLoop> loop;
  };
  Result<void> open_stream();
  void pump();

  server::ApiServer& api_;
  store::Store& store_;
  Loop& loop_;
  Clock& clock_;
  Logger log_;
  std::vector<Entry> entries_;
  std::unique_ptr<store::Watch> watch_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace plinth::platform
