// One storage driver at a socket: asked what it is until it says, then the sidecars' roles for it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/log.h"
#include "client/cluster.h"
#include "csi/csi_client.h"

namespace plinth::csi {

struct SiteParts {
  Loop* loop = nullptr;
  Clock* clock = nullptr;
  Network* network = nullptr;
  std::function<std::unique_ptr<client::Cluster>()> make_cluster;
  Logger log;
};

// Whether the platform does the controller's part too; others may (a driver that comes with its own sidecars).
enum class Controls : bool { kNo, kYes };

class Sidecar;

// On one loop.
class DriverSite {
 public:
  static constexpr Duration kPauseMin = std::chrono::milliseconds(200), kPauseMax = std::chrono::seconds(30);
  // `address`: "unix:/...". `known` runs once the driver has said what it is, and its roles run.
  DriverSite(SiteParts parts, std::string address, Controls controls, std::function<void()> known);
  ~DriverSite();
  void start();
  // Nothing before it has answered.
  const std::shared_ptr<const DriverFacts>& facts() const { return facts_; }
  // One that went away stays: calls under way still end. It is asked anew when it comes back.
  bool hidden() const { return hidden_; }
  void hide() { hidden_ = true; }
  void show();
  const std::shared_ptr<CsiClient>& client() const { return client_; }
  const std::string& address() const { return address_; }

 private:
  void ask();
  void ask_later();
  void run_roles();

  SiteParts parts_;
  std::string address_;
  Controls controls_;
  std::function<void()> known_;
  std::shared_ptr<CsiClient> client_;
  std::shared_ptr<const DriverFacts> facts_;
  std::unique_ptr<Sidecar> sidecar_;
  TimerId timer_ = 0;
  int asks_ = 0;
  bool hidden_ = false;
  std::string told_;  // why it is not known, in the log once
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace plinth::csi
