// A containerd of the program's own: prepared, started, watched over, restarted.
#pragma once

#include <memory>
#include <string>

#include "base/log.h"
#include "base/processes.h"
#include "base/world.h"
#include "cri/containerd/containerd_config.h"
#include "cri/containerd/host_probe.h"
#include "node/runtime/runtime.h"
#include "oci/image.h"

namespace plinth::cri {

struct ContainerdParts {
  Loop* loop = nullptr;
  Network* network = nullptr;
  Clock* clock = nullptr;
  Disk* disk = nullptr;
  Processes* processes = nullptr;
  Pool* pool = nullptr;  // for a look at the machine's processes; null: shims that a killed containerd forgot stay
  Logger log;
};

// On one loop. containerd ends with this process, its containers do not: the next one takes them over.
class Containerd {
 public:
  virtual ~Containerd() = default;
  // `ready` runs once: when the runtime and its network are ready, or why they are not. Later ends of containerd are logged and
  // it is started again, with growing pauses.
  virtual void start(node::Done<void> ready) = 0;
  // Ends it; `done` runs when it is gone. Containers go on.
  virtual void stop(Task done) = 0;
};

// Fills in what the machine offers; ServiceUnavailable tells what is missing.
Result<ContainerdOptions> choose_options(const HostFacts& facts, std::string data_dir, std::string run_dir);

// Writes the configuration and listens for containerd's questions about images: those of `images` can be pulled, under the name
// of any registry, before anything else; the sandbox's own image is among them. Makes small writes: for the start of a program.
Result<std::unique_ptr<Containerd>> make_containerd(ContainerdParts parts, ContainerdOptions options, oci::ImageSource* images);

}  // namespace plinth::cri
