// Which runtimes mount images into containers. CRI does not tell: the kubelet sends the fields to any runtime, and one that
// does not know them starts the container without the volume, or with more of the image than was asked for.
#pragma once

#include <vector>

#include "node/runtime/runtime.h"

namespace plinth::cri {

bool has_image_mounts(const std::vector<node::Mount>& mounts);

// MethodNotAllowed where it is known that `runtime` does not do what `mounts` ask for; the message says which versions do. A
// runtime that nobody here knows is asked.
// containerd: 2.1 (github.com/containerd/containerd/pull/10579), folders of images 2.2 (pull/11578); CRI-O: 1.31, 1.33.
Result<void> check_image_mounts(const node::RuntimeVersion& runtime, const std::vector<node::Mount>& mounts);

}  // namespace plinth::cri
