// What of a pod only its node can serve. Declared here, filled by a node at assembly; a server without a node answers 503.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/resource_usage.h"
#include "server/exchange.h"
#include "server/streams/process_client.h"

namespace plinth::server {

// pods/log, checked: the pod is bound to a node and has the container.
struct PodLogQuery {
  std::string name_space, pod, container;
  bool follow = false, previous = false, timestamps = false;
  std::optional<std::int64_t> since_ns;  // wall time
  std::optional<std::uint64_t> tail_lines, limit_bytes;
  std::optional<bool> error_output;  // only standard error, or only standard output
};

// pods/exec and pods/attach, checked: as above, and the client asks for a protocol of streams that is served.
struct PodProcessQuery {
  std::string name_space, pod, container;
  bool attach = false;
  std::vector<std::string> command;  // of exec
  ProcessStreams streams;
};

// pods/portforward, checked: the pod is bound to a node.
struct PodForwardQuery {
  std::string name_space, pod;
  std::vector<std::uint16_t> ports;  // of protocols that name them in the request; others name one for each connection
};

// Called on the exchange's loop; answered there.
class NodeSlots {
 public:
  virtual ~NodeSlots() = default;
  // The answer is an error, or accept_process() (server/streams/pod_streams.h).
  virtual void serve_process(PodProcessQuery query, ExchangePtr exchange) = 0;
  // The answer is an error, or accept_port_forward().
  virtual void serve_forward(PodForwardQuery query, ExchangePtr exchange) = 0;
  virtual void serve_log(PodLogQuery query, ExchangePtr exchange) = 0;
  // The node's name. Any thread.
  virtual const std::string& node_name() const = 0;
  // nodes/proxy: what the node itself serves under that path ("/stats/summary"); 404 where it serves nothing.
  virtual void serve_path(std::string path, ExchangePtr exchange) = 0;
  // What was measured last, for metrics.k8s.io; null: nothing yet. Any thread.
  virtual api::UsageTablePtr usage() const = 0;
};

}  // namespace plinth::server
