// Labels and annotations of sandboxes and containers: those of the kubelet, by which tools (crictl, log collectors) find their
// way, and one of our own. After a restart everything is found again by them.
#pragma once

#include <string_view>

namespace plinth::node {

inline constexpr std::string_view kPodNameLabel = "io.kubernetes.pod.name";
inline constexpr std::string_view kPodNamespaceLabel = "io.kubernetes.pod.namespace";
inline constexpr std::string_view kPodUidLabel = "io.kubernetes.pod.uid";
inline constexpr std::string_view kContainerNameLabel = "io.kubernetes.container.name";
inline constexpr std::string_view kContainerHash = "io.kubernetes.container.hash";
inline constexpr std::string_view kRestartCount = "io.kubernetes.container.restartCount";
inline constexpr std::string_view kTerminationMessagePath = "io.kubernetes.container.terminationMessagePath";
inline constexpr std::string_view kTerminationMessagePolicy = "io.kubernetes.container.terminationMessagePolicy";
inline constexpr std::string_view kPodGracePeriod = "io.kubernetes.pod.terminationGracePeriod";
// Whose they are: what has no such label, or another node's, is never touched.
inline constexpr std::string_view kNodeLabel = "plinth.dev/node";
// Of a container's annotations: it is expected to end by itself. For runtimes that only play.
inline constexpr std::string_view kRunsToCompletion = "plinth.dev/runs-to-completion";

// Of a container's annotations: the images of its volumes as the runtime knows them, by comma. They are in use as its own is.
inline constexpr std::string_view kImageVolumes = "plinth.dev/image-volumes";

}  // namespace plinth::node
