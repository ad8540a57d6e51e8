// The built-in driver as a child of this process, and the objects that come with it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/processes.h"
#include "client/controller.h"

namespace plinth::csi {

struct BuiltInOptions {
  std::string program;    // this one
  std::string socket;     // of the driver
  std::string state_dir;  // of its volumes
  std::string node_name;
};

// Starts the driver, and again when it ends. On one loop; the driver ends with it.
class BuiltInChild final : private ChildEvents {
 public:
  static constexpr Duration kPauseMin = std::chrono::milliseconds(200), kPauseMax = std::chrono::seconds(30);
  BuiltInChild(Loop& loop, Processes& processes, Logger log, BuiltInOptions options)
      : loop_(loop), processes_(processes), log_(std::move(log)), options_(std::move(options)) {}
  ~BuiltInChild() override;
  void start() { spawn(); }

 private:
  void spawn();
  void spawn_later();
  void on_output(std::string_view) override {}
  void on_error_output(std::string_view bytes) override;
  void on_exit(ExitStatus status) override;

  Loop& loop_;
  Processes& processes_;
  Logger log_;
  BuiltInOptions options_;
  std::unique_ptr<ChildProcess> child_;
  TimerId timer_ = 0;
  int restarts_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// The classes `managed` (default) and `managed-xfs`, the snapshot class `managed`, and last the CSIDriver, by which a later start
// sees that they were made: what an administrator took away stays away. Empty when there is nothing to make.
std::vector<client::Request> first_objects(const client::View& view, const std::string& driver, std::string_view manager);

}  // namespace plinth::csi
