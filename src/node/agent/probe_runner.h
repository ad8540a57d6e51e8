// The probes of one running container: when each is made, and what follows from its answers.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>

#include "node/agent/node_parts.h"
#include "node/pod/pod.h"

namespace plinth::node {

enum class ProbeKind : std::uint8_t { kStartup, kLiveness, kReadiness };

// What a handler (of a probe or a hook) is run against.
struct HandlerTarget {
  std::shared_ptr<const Pod> pod;
  std::string container, container_id, pod_ip;
};

// Runs exec, httpGet, tcpSocket, grpc or sleep. `done` runs later, once, unless `alive` became false.
void run_handler(NodeParts& parts, const HandlerTarget& target, const Value& handler, Duration timeout,
                 std::function<void(Result<ProbeAnswer>)> done);

// What has become of a container's health, told when something changed.
struct ProbeFindings {
  bool started = false, ready = false;
  std::string unhealthy;  // which probe says that it must be restarted: "liveness" or "startup"; "" when it need not
  std::optional<std::int64_t> grace_s;
};

// On the node's loop. Ends (no callback follows) when it is destroyed.
class ProbeRunner {
 public:
  static constexpr int kAttemptsMax = 3;  // of a probe that could not be made

  ProbeRunner(NodeParts& parts, HandlerTarget target, ProbeFindings initial,
              std::function<void(const ProbeFindings&)> on_change);
  ~ProbeRunner();
  // A pod that ends is only asked whether it is ready.
  void set_ending();
  const std::string& container_id() const { return target_.container_id; }

 private:
  struct Probe {
    ProbeKind kind;
    Value spec;
    bool exists = false, running = false;
    int successes = 0, failures = 0;
    TimerId timer = 0;
  };
  Probe& probe(ProbeKind kind) { return probes_[static_cast<std::size_t>(kind)]; }
  void arm(Probe& probe, Duration delay);
  void run(Probe& probe, int attempts_left);
  void take(Probe& probe, const ProbeAnswer& answer);
  void begin_after_start();
  void tell(const Probe& probe, bool warning_outcome, const std::string& text);
  void changed();

  NodeParts& parts_;
  HandlerTarget target_;
  std::array<Probe, 3> probes_;
  ProbeFindings findings_;
  bool ending_ = false;
  std::int64_t began_ns_ = 0;
  std::function<void(const ProbeFindings&)> on_change_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace plinth::node
