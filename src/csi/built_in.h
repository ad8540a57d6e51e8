// The built-in driver as a child of this process, and the objects that come with it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/processes.h"
#include "client/controller.h"
#include "csi/csi_client.h"

namespace plinth::csi {

struct BuiltInOptions {
  std::string program;    // this one
  std::string socket;     // of the driver
  std::string state_dir;  // of its volumes
  std::string node_name;
};

// Starts the driver, and again when it ends, or does not answer any more. On one loop; the driver ends with it.
class BuiltInChild final : private ChildEvents {
 public:
  static constexpr Duration kPauseMin = std::chrono::milliseconds(200), kPauseMax = std::chrono::seconds(30);
  // It is asked so often; after so many times without an answer it is ended. One that has lived so long begins anew with short
  // pauses.
  static constexpr Duration kProbePause = std::chrono::seconds(10);
  static constexpr int kUnansweredMax = 3, kStableProbes = 6;
  // `client`: of its socket.
  BuiltInChild(Loop& loop, Processes& processes, Logger log, BuiltInOptions options, std::shared_ptr<CsiClient> client)
      : loop_(loop), processes_(processes), log_(std::move(log)), options_(std::move(options)), client_(std::move(client)) {}
  ~BuiltInChild() override;
  void start() { spawn(); }

 private:
  void spawn();
  void spawn_later();
  void probe_later();
  void probed(bool answered);
  void on_output(std::string_view) override {}
  void on_error_output(std::string_view bytes) override;
  void on_exit(ExitStatus status) override;

  Loop& loop_;
  Processes& processes_;
  Logger log_;
  BuiltInOptions options_;
  std::shared_ptr<CsiClient> client_;
  std::unique_ptr<ChildProcess> child_;
  TimerId timer_ = 0;
  int restarts_ = 0, answered_ = 0, unanswered_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// The classes `managed` (default) and `managed-xfs`, the snapshot class `managed`, and last the CSIDriver, by which a later
// start sees that they were made: what an administrator took away stays away. Empty when there is nothing to make.
std::vector<client::Request> first_objects(const client::View& view, const std::string& driver, std::string_view manager);

}  // namespace plinth::csi
