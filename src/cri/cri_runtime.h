// The node's runtime over a CRI v1 socket: containerd, CRI-O, any other.
#pragma once

#include <memory>
#include <string>

#include "base/log.h"
#include "base/namespace_network.h"
#include "base/processes.h"
#include "base/world.h"
#include "node/runtime/runtime.h"

namespace plinth::cri {

// All used on `loop`; they outlive the runtime.
struct CriParts {
  Loop* loop = nullptr;
  Network* network = nullptr;
  Clock* clock = nullptr;
  Entropy* entropy = nullptr;
  Disk* disk = nullptr;
  Pool* pool = nullptr;                    // for the control groups of removed pods; null: they stay
  Processes* processes = nullptr;          // for exec; null: exec goes through the runtime's streaming address
  NamespaceNetwork* namespaces = nullptr;  // for port_forward; null: likewise
  Logger log;
};

struct CriOptions {
  std::string address;                   // "unix:/run/containerd/containerd.sock"
  std::string id_scheme = "containerd";  // before "://" in container ids
  // Of a runtime that others use too: sandboxes are marked with it, and only those that carry it are listed. Empty: all are
  // ours.
  std::string instance;
  // Where exec finds the containers: the OCI runtime and its state folder. Empty: exec goes through the runtime's streaming
  // address, which has no end of the input but in a terminal.
  std::string oci_program, oci_root;
  std::string scratch_dir;  // for pid files of exec'ed processes
};

// Connects when it is first used, and again whenever the connection was lost.
std::unique_ptr<node::Runtime> make_cri_runtime(CriParts parts, CriOptions options);

}  // namespace plinth::cri
