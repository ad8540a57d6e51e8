// securityContext of a pod and its containers as the runtime takes it.
#pragma once

#include "base/result.h"
#include "node/pod/pod.h"
#include "node/runtime/runtime.h"

namespace plinth::node {

SecurityContext sandbox_security(const Pod& pod);
// BadRequest where runAsNonRoot is not kept.
Result<SecurityContext> container_security(const Pod& pod, const PodContainer& container, const Image& image);

// The group of the pod's volumes, when there is one.
std::optional<std::int64_t> fs_group(const Pod& pod);

}  // namespace plinth::node
