// All volumes of a pod: set up together, refreshed, taken away; and what of them a container mounts.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/world.h"
#include "node/host/host_files.h"
#include "node/pod/container_config.h"
#include "node/volumes/volume_plugin.h"

namespace plinth::node {

// Of one pod whose volumes are set up.
using VolumeMap = std::map<std::string, VolumeReady>;

struct ContainerMountInputs {
  std::shared_ptr<const Pod> pod;
  std::string container;
  std::uint32_t attempt = 0;
  Environment environment;  // for subPathExpr
  VolumeMap volumes;
  std::map<std::string, std::string> images;  // of image volumes, by volume: what the runtime knows them by
  std::string hosts_file;                     // content; "": the pod has none of its own
};

struct ContainerMounts {
  std::vector<Mount> mounts;
  std::vector<Device> devices;
  std::string termination_log;  // its path on the node
};

class PodVolumes {
 public:
  // `root` is where pods' directories are ("/var/lib/kubelet"). Everything outlives this.
  PodVolumes(Loop& loop, Pool& pool, HostFiles& files, std::string root);
  ~PodVolumes();

  void add(std::unique_ptr<VolumePlugin> plugin);

  // All of them, or the error of the first that is not ready. `refresh`: only those whose content follows objects.
  // `tell`: Events about the pod.
  void set_up(std::shared_ptr<const Pod> pod, std::shared_ptr<const client::View> view, DownwardFacts facts, bool refresh,
              VolumeTell tell, Done<VolumeMap> done);
  // Whether one of the pod's volumes waits for that object, or follows it.
  bool concerns(const Pod& pod, const client::Object& changed) const;
  // Of one of the pod's volumes.
  void usage(const Pod& pod, const Value& volume, Done<std::optional<VolumeUsage>> done);
  // At a start, once every pod has its worker.
  void sweep();
  // What is on the node for this pod, whatever the pod says: its volumes, then its directory.
  void tear_down(std::string pod_uid, Done<void> done);
  // Directories of pods that are there, by uid: what a start finds.
  void pods_on_disk(Done<std::vector<std::string>> done);
  // Makes the files that a container gets besides its volumes, and binds subPaths.
  void prepare_container(ContainerMountInputs inputs, Done<ContainerMounts> done);
  // Content of a termination log, cut to what the kubelet takes (4096 bytes); "" when there is none. Where it is empty and
  // `log_path` is not, the end of that log (80 lines, 2048 bytes).
  void termination_message(std::string pod_uid, std::string container, std::uint32_t attempt, std::string log_path,
                           Done<std::string> done);

  const std::string& root() const { return root_; }
  std::string pod_directory(std::string_view pod_uid) const { return root_ + "/pods/" + std::string(pod_uid); }

 private:
  struct SetUp;
  struct TearDown;
  VolumePlugin* find(const Value& volume) const;
  VolumePlugin* by_directory(std::string_view name) const;
  std::string volume_directory(std::string_view pod_uid, const VolumePlugin& plugin, std::string_view name) const;
  void set_up_next(std::shared_ptr<SetUp> work);
  void tear_down_next(std::shared_ptr<TearDown> work);

  Loop& loop_;
  Pool& pool_;
  HostFiles& files_;
  std::string root_;
  std::vector<std::unique_ptr<VolumePlugin>> plugins_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// Runs `work` on the pool and `done` with its outcome on the loop; an error when the pool is full.
template <typename T>
void on_pool(Loop& loop, Pool& pool, std::shared_ptr<bool> alive, std::function<Result<T>()> work, Done<T> done) {
  auto finish = std::make_shared<Done<T>>(std::move(done));
  auto posted = pool.run([&loop, alive, finish, work = std::move(work)] {
    auto outcome = std::make_shared<Result<T>>(work());
    loop.post([alive, finish, outcome] {
      if (*alive) (*finish)(std::move(*outcome));
    });
  });
  if (posted.ok()) return;
  auto error = std::make_shared<Error>(std::move(posted).error());
  loop.post([alive, finish, error] {
    if (*alive) (*finish)(std::move(*error));
  });
}

}  // namespace plinth::node
