// A kind of volume. The plugin makes a volume's directory ready on the node, keeps its content fresh, and takes it away again.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "client/cache.h"
#include "node/pod/downward.h"
#include "node/runtime/runtime.h"
#include "node/volumes/volume_usage.h"

namespace plinth::node {

// Writes an Event about the pod.
using VolumeTell = std::function<void(bool warning, std::string reason, std::string message)>;

// One volume of one pod. Holds everything that setting it up needs, so that it may be used after the pod has changed.
struct VolumeRequest {
  std::shared_ptr<const Pod> pod;
  Value volume;  // of pod->spec().volumes
  std::string name;
  std::string directory;  // ROOT/pods/UID/volumes/PLUGIN/NAME, "/" of the plugin's name as "~"
  std::shared_ptr<const client::View> view;
  DownwardFacts facts;
  VolumeTell tell;  // for what is no failure of set_up(); may be called for as long as the pod's volumes are there
};

struct VolumeReady {
  std::string host_path;  // to be mounted into containers: the directory, or what it stands for
  bool readonly = false;  // whatever the container asks for
  bool device = false;    // a raw device, for volumeDevices
  bool image = false;     // the runtime mounts it: there is no path
};

// Used on the node's loop. Calls for one volume never overlap. What blocks runs on the node's pool.
class VolumePlugin {
 public:
  virtual ~VolumePlugin() = default;
  virtual std::string_view name() const = 0;  // "kubernetes.io/empty-dir"
  virtual bool serves(const Value& volume) const = 0;
  // Makes it ready, or fresh when it is there already: called again after a restart of Plinth, and whenever the pod or an
  // object that it names has changed. An error is told as FailedMount and tried again.
  virtual void set_up(VolumeRequest request, Done<VolumeReady> done) = 0;
  // Takes it away. Only the directory is known (a restart may lie between); succeeds when nothing is there.
  virtual void tear_down(std::string pod_uid, std::string directory, Done<void> done) = 0;
  // Its content follows other objects: set_up() again when they change.
  virtual bool follows_objects() const { return false; }
  // Whether a change of that object is one that set_up() waits for or follows. ConfigMaps and Secrets are looked at by the
  // pod's worker.
  virtual bool concerns(const Pod&, const Value& /*volume*/, const client::Object& /*changed*/) const { return false; }
  // Of one that is ready; nothing where nobody can tell. May answer at once.
  virtual void usage(std::string /*directory*/, Done<std::optional<VolumeUsage>> done) { done(std::optional<VolumeUsage>()); }
  // At a start: takes away what no pod of this node has any more and no pod's directory tells of.
  virtual void sweep() {}
};

}  // namespace plinth::node
