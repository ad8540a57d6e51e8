// A control plane served over TLS by the loops of the real world: what `plinth up` runs.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "base/result.h"
#include "platform/control_plane.h"
#include "platform/ingress_host.h"
#include "platform/pki.h"
#include "server/compressed_responder.h"

namespace plinth::platform {

struct ServiceOptions {
  std::string data_dir;
  std::string api_address = "127.0.0.1:6443";
  std::size_t io_loops = 0;  // 0: one for each processor
  std::uint64_t store_bytes_max = 0;
  api::AllocationSettings allocation;
  std::set<std::string> left_out;  // of controller_groups(): they run elsewhere
  server::Compression compression = server::Compression::kRemotePeers;
  bool workloads = false;             // see ControlPlaneOptions
  std::vector<Document> definitions;  // see ControlPlaneOptions
  MakeNodeHost make_node;             // null: no node
  ComposeChoices compose;
  IngressOptions ingress;
  std::string pod_gateway;  // see ControlPlaneOptions
};

class Service {
 public:
  // Everything up to a listening socket; requests are served from here on, /readyz says no until run() has seeded the cluster.
  static Result<std::unique_ptr<Service>> open(ServiceOptions options);
  ~Service();

  const std::string& api_address() const;  // with the port that was bound
  std::string kubeconfig() const;
  // Where the ingress router listens; empty texts when it does not.
  network::IngressPlace ingress_place() const;
  // Before run(): called on run()'s thread when certificates were renewed; new connections get the new one already, and
  // kubeconfig() holds the administrator's.
  void on_certificates_renewed(UniqueFunction<void()> renewed);

  // Serves until SIGTERM or SIGINT. `ready` runs once the API is ready. Returns after a clean end.
  Result<void> run(UniqueFunction<void()> ready);

 private:
  struct Parts;
  explicit Service(std::unique_ptr<Parts> parts);
  static Result<void> open_ingress(Parts& parts, const std::vector<Loop*>& loops, const Logger& log);
  static ServeApi serve_api_to_pods(Parts& parts);
  static void add_network_controllers(Parts& parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace plinth::platform
