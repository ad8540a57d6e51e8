// One simulated machine with a control plane on it: boot, ask, crash, boot again. The same assembly that `plinth up` runs, over
// a simulated world; what is slow and has no part in what is tested (key pairs, certificates) comes ready-made.
#pragma once

#include <memory>
#include <string>

#include "log/log.h"
#include "platform/control_plane.h"
#include "server/local_responder.h"
#include "world_sim/sim_world.h"

namespace plinth::sim {

using Sabotage = log::LogOptions::Sabotage;

// What controllers see the cluster through.
enum class ClientKind : std::uint8_t {
  kDirect,   // the store of this process
  kLagging,  // a view that is behind
  kRemote,   // lists and watches over HTTP
};

struct SimPlatformOptions {
  ClientKind client = ClientKind::kDirect;
  Sabotage sabotage;  // breaks the log on purpose: what the tests are tested with
  std::uint64_t segment_bytes = 256 << 10;
  std::uint64_t history_bytes_max = 0;  // 0: the store's own default
  bool workloads = false;               // controllers of pods run too
  bool verbose = false;                 // the platform's log on standard error
};

class SimPlatform {
 public:
  explicit SimPlatform(std::uint64_t seed, SimPlatformOptions options = {});
  ~SimPlatform();

  // Opens the store, seeds the cluster, starts the controllers.
  Result<void> boot();
  // The first part of it: the store is open, nothing runs.
  Result<void> open();
  bool running() const { return control_ != nullptr; }
  // Ends it as a power cut would; boot() again afterwards.
  void crash(world_sim::CrashPolicy policy = world_sim::CrashPolicy::kRandom);
  // Ends the process: what was written stays written, as after kill -9. With `clean`, as after SIGTERM.
  void kill(bool clean);

  // One request as the administrator; virtual time passes until it is answered. Status 0: no answer came.
  server::LocalAnswer call(const std::string& method, const std::string& target, const std::string& body = "",
                           const std::string& content_type = "");
  // As call, without waiting; `done` runs when the answer comes, if it does.
  void send(const std::string& method, const std::string& target, const std::string& body, const std::string& content_type,
            UniqueFunction<void(server::LocalAnswer)> done);
  // A request whose answer is a stream, such as a watch.
  void stream(const std::string& target, std::shared_ptr<net::Responder> responder);
  // Lets controllers work for so much virtual time.
  void settle(Duration time = std::chrono::seconds(30)) { world_.run_for(time); }

  world_sim::SimWorld& world() { return world_; }
  world_sim::SimLoop& loop() { return loop_; }
  platform::ControlPlane& control() { return *control_; }
  // What a client of the served API connects to, as the administrator by certificate.
  static constexpr const char* kAddress = "127.0.0.1:6443";
  std::unique_ptr<Network> network_of_administrator();

 private:
  void stop();
  void serve();
  std::unique_ptr<client::Cluster> make_cluster(server::ApiServer& api, store::Store& store, Loop& loop);
  const SimPlatformOptions options_;
  DescriptorLogSink log_sink_;
  world_sim::SimWorld world_;
  world_sim::SimLoop& loop_;
  world_sim::SimLoop& io_loop_;
  std::unique_ptr<Network> network_;  // of the controllers, where they are remote
  std::unique_ptr<platform::ControlPlane> control_;
  std::unique_ptr<net::HttpServer> http_;
  std::unique_ptr<Listener> listener_;
};

}  // namespace plinth::sim
