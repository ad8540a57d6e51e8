// Probes and hooks that go over the network, from the node to a pod. A virtual node answers them itself.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/function.h"
#include "base/result.h"
#include "base/world.h"

namespace plinth::node {

enum class ProbeOutcome : std::uint8_t {
  kSuccess,
  kWarning,  // counts as success; the text goes into an Event (ProbeWarning)
  kFailure,
};

struct ProbeAnswer {
  ProbeOutcome outcome = ProbeOutcome::kFailure;
  std::string text;  // what kubectl describe shows: "HTTP probe failed with statuscode: 500"
};

// Which container is asked about; the virtual node's prober goes by it.
struct ProbeSubject {
  std::string pod_uid, container_id;
};

struct HttpProbe {
  ProbeSubject subject;
  bool tls = false;        // not verified
  std::string host, path;  // path with query
  std::uint16_t port = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  Duration timeout = std::chrono::seconds(1);
};

struct TcpProbe {
  ProbeSubject subject;
  std::string host;
  std::uint16_t port = 0;
  Duration timeout = std::chrono::seconds(1);
};

struct GrpcProbe {
  ProbeSubject subject;
  std::string host, service;
  std::uint16_t port = 0;
  Duration timeout = std::chrono::seconds(1);
};

// On one loop; `done` runs there, never before the call returned. An error means that the probe could not be made at all (it
// is made again); a target that refuses or does not answer is kFailure.
class Prober {
 public:
  using Answered = UniqueFunction<void(Result<ProbeAnswer>)>;
  virtual ~Prober() = default;
  // GET; redirects to the same host are followed, ten at most, another host is kWarning; 200 to 399 is success. The body is
  // read up to 10 KiB.
  virtual void http(HttpProbe probe, Answered done) = 0;
  virtual void tcp(TcpProbe probe, Answered done) = 0;
  // grpc.health.v1.Health/Check in plain text.
  virtual void grpc(GrpcProbe probe, Answered done) = 0;
};

}  // namespace plinth::node
