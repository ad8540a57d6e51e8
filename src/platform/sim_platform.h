// For tests: the whole control plane on one simulated loop, over a simulated disk and clock.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "platform/control_plane.h"
#include "platform/direct_transport.h"
#include "server/local_responder.h"
#include "world_sim/sim_world.h"

namespace plinth::platform {

// Boot, ask, crash, boot again.
class SimPlatform {
 public:
  explicit SimPlatform(std::uint64_t seed) : world_(seed), loop_(world_.new_loop("control")) {}
  ~SimPlatform() { stop(); }

  // Opens the store, seeds the cluster, starts the controllers.
  Result<void> boot();
  // Ends it as a power cut would; boot() again afterwards.
  void crash();
  // Ends the process at once while the machine, and what else runs on it, goes on; boot() again afterwards.
  void kill() { stop(); }

  // One request as the administrator; virtual time passes until it is answered. Status 0: no answer came (the world crashed).
  server::LocalAnswer call(const std::string& method, const std::string& target, const std::string& body = "");
  // The same without waiting: requests that are under way together. The answer is there once it came.
  using Answer = std::shared_ptr<std::optional<server::LocalAnswer>>;
  Answer begin(const std::string& method, const std::string& target, const std::string& body = "");
  void wait_for(const std::vector<Answer>& answers);
  // Lets controllers work until nothing more happens, or `limit` of virtual time is over.
  void settle(Duration limit = std::chrono::seconds(30)) { world_.run_for(limit); }

  world_sim::SimWorld& world() { return world_; }
  ControlPlane& control() { return *control_; }
  store::SnapshotPtr snapshot() const { return control_->store().snapshot(); }
  // A transaction past the pipeline: what another release, or damage, may have left.
  void commit(store::Transaction transaction);
  api::AllocationSettings allocation;      // of the next boot
  MakeNodeHost make_node;                  // likewise
  std::string ca_pem, front_proxy_ca_pem;  // likewise

 private:
  void stop();
  world_sim::SimWorld world_;
  world_sim::SimLoop& loop_;
  std::unique_ptr<ControlPlane> control_;
};

inline Result<void> SimPlatform::boot() {
  ControlPlaneOptions options;
  options.data_dir = "/data";
  options.advertised_address = "127.0.0.1:6443";
  options.store_segment_bytes = 1 << 20;
  options.allocation = allocation;
  options.make_node = make_node;
  control_ = TRY(ControlPlane::open(world_.world(), options, &loop_));
  control_->set_ca(ca_pem);
  control_->set_front_proxy_ca(front_proxy_ca_pem);
  std::optional<Result<void>> started;
  control_->start(loop_, [&](Result<void> outcome) { started = std::move(outcome); });
  world_.run_until([&] { return started.has_value(); }, std::chrono::seconds(60));
  if (!started) return internal_error("the platform did not start within a minute");
  return std::move(*started);
}

inline void SimPlatform::stop() {
  if (!control_) return;
  control_->stop_controllers();
  control_->close();
  control_.reset();
}

inline void SimPlatform::crash() {
  world_.crash();
  stop();
  world_.restart();
}

inline void SimPlatform::commit(store::Transaction transaction) {
  bool done = false;
  control_->store().commit(std::move(transaction), loop_, [&done](store::CommitOutcome) { done = true; });
  world_.run_until([&] { return done; }, std::chrono::seconds(60));
}

inline SimPlatform::Answer SimPlatform::begin(const std::string& method, const std::string& target, const std::string& body) {
  auto user = std::make_shared<server::auth::UserInfo>();
  user->name = "kubernetes-admin";
  user->groups = {std::string(server::auth::kPrivilegedGroup), std::string(server::auth::kAuthenticatedGroup)};
  net::HttpRequest request;
  request.method = method;
  request.target = target;
  request.body = body;
  if (method == "PATCH") request.headers.add("content-type", "application/merge-patch+json");
  auto answer = std::make_shared<std::optional<server::LocalAnswer>>();
  auto responder = server::collect_answer(loop_, [answer](server::LocalAnswer given) { *answer = std::move(given); });
  control_->api().dispatch(std::move(request), std::move(user), responder);
  return answer;
}

inline void SimPlatform::wait_for(const std::vector<Answer>& answers) {
  world_.run_until(
      [&] {
        for (const Answer& answer : answers) {
          if (!answer->has_value()) return false;
        }
        return true;
      },
      std::chrono::seconds(60));
}

inline server::LocalAnswer SimPlatform::call(const std::string& method, const std::string& target, const std::string& body) {
  const Answer answer = begin(method, target, body);
  wait_for({answer});
  return answer->value_or(server::LocalAnswer());
}

}  // namespace plinth::platform
