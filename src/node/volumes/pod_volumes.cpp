#include "node/volumes/pod_volumes.h"

#include <fmt/format.h>

#include "base/text.h"
#include "node/logs/log_tail.h"
#include "node/volumes/container_mounts.h"

namespace plinth::node {
namespace {

// "kubernetes.io/empty-dir" -> "kubernetes.io~empty-dir"
std::string directory_name(std::string_view plugin) {
  std::string out(plugin);
  for (char& c : out) {
    if (c == '/') c = '~';
  }
  return out;
}

std::string last_part(const std::string& path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

struct PodVolumes::SetUp {
  std::shared_ptr<const Pod> pod;
  std::shared_ptr<const client::View> view;
  DownwardFacts facts;
  bool refresh = false;
  VolumeTell tell;
  std::size_t at = 0;
  VolumeMap ready;
  Done<VolumeMap> done;
};

struct PodVolumes::TearDown {
  std::string uid;
  std::vector<std::pair<std::string, std::string>> volumes;  // plugin's folder, directory
  std::size_t at = 0;
  Done<void> done;
};

PodVolumes::PodVolumes(Loop& loop, Pool& pool, HostFiles& files, std::string root)
    : loop_(loop), pool_(pool), files_(files), root_(std::move(root)) {}
PodVolumes::~PodVolumes() { *alive_ = false; }

void PodVolumes::add(std::unique_ptr<VolumePlugin> plugin) { plugins_.push_back(std::move(plugin)); }

VolumePlugin* PodVolumes::find(const Value& volume) const {
  for (const auto& plugin : plugins_) {
    if (plugin->serves(volume)) return plugin.get();
  }
  return nullptr;
}

VolumePlugin* PodVolumes::by_directory(std::string_view name) const {
  for (const auto& plugin : plugins_) {
    if (directory_name(plugin->name()) == name) return plugin.get();
  }
  return nullptr;
}

void PodVolumes::set_up(std::shared_ptr<const Pod> pod, std::shared_ptr<const client::View> view, DownwardFacts facts,
                        bool refresh, VolumeTell tell, Done<VolumeMap> done) {
  auto work = std::make_shared<SetUp>();
  work->pod = std::move(pod);
  work->view = std::move(view);
  work->facts = std::move(facts);
  work->refresh = refresh;
  work->tell = std::move(tell);
  work->done = std::move(done);
  const std::string directory = pod_directory(work->pod->uid);
  on_pool<void>(
      loop_, pool_, alive_, [this, directory] { return files_.make_directories(directory, 0750); },
      [this, work](Result<void> made) {
        if (!made.ok()) return work->done(std::move(made).error());
        set_up_next(work);
      });
}

bool PodVolumes::concerns(const Pod& pod, const client::Object& changed) const {
  for (const Value& volume : pod.spec()["volumes"].items()) {
    const VolumePlugin* plugin = find(volume);
    if (plugin != nullptr && plugin->concerns(pod, volume, changed)) return true;
  }
  return false;
}

std::string PodVolumes::volume_directory(std::string_view pod_uid, const VolumePlugin& plugin, std::string_view name) const {
  return fmt::format("{}/volumes/{}/{}", pod_directory(pod_uid), directory_name(plugin.name()), name);
}

void PodVolumes::usage(const Pod& pod, const Value& volume, Done<std::optional<VolumeUsage>> done) {
  VolumePlugin* plugin = find(volume);
  if (plugin == nullptr) return done(std::optional<VolumeUsage>());
  plugin->usage(volume_directory(pod.uid, *plugin, volume["name"].as_string()), std::move(done));
}

void PodVolumes::sweep() {
  for (const auto& plugin : plugins_) plugin->sweep();
}

void PodVolumes::set_up_next(std::shared_ptr<SetUp> work) {
  const Value volumes = work->pod->spec()["volumes"];
  while (work->at < volumes.size()) {
    const Value volume = volumes.items()[work->at++];
    const std::string name(volume["name"].as_string());
    VolumePlugin* plugin = find(volume);
    if (plugin == nullptr)
      return work->done(Error(Reason::kMethodNotAllowed, "volume \"" + name + "\" is of a kind that this node does not serve"));
    if (work->refresh && !plugin->follows_objects()) continue;
    VolumeRequest request;
    request.pod = work->pod;
    request.volume = volume;
    request.name = name;
    request.directory = volume_directory(work->pod->uid, *plugin, name);
    request.view = work->view;
    request.facts = work->facts;
    request.tell = work->tell;
    return plugin->set_up(std::move(request), [this, work, name, alive = alive_](Result<VolumeReady> ready) {
      if (!*alive) return;
      if (!ready.ok()) {
        Error error = std::move(ready).error();
        return work->done(
            Error(error.reason(), fmt::format("MountVolume.SetUp failed for volume \"{}\" : {}", name, error.message())));
      }
      work->ready[name] = std::move(*ready);
      set_up_next(work);
    });
  }
  work->done(std::move(work->ready));
}

void PodVolumes::tear_down(std::string pod_uid, Done<void> done) {
  auto work = std::make_shared<TearDown>();
  work->uid = std::move(pod_uid);
  work->done = std::move(done);
  using Found = std::vector<std::pair<std::string, std::string>>;
  const std::string directory = pod_directory(work->uid);
  on_pool<Found>(
      loop_, pool_, alive_,
      [this, directory]() -> Result<Found> {
        Found found;
        TRY(release_subpaths(files_, directory));
        const std::string volumes = directory + "/volumes";
        if (!TRY(files_.info(volumes)).has_value()) return found;
        for (const DirectoryEntry& plugin : TRY(files_.list(volumes))) {
          for (const DirectoryEntry& volume : TRY(files_.list(volumes + "/" + plugin.name)))
            found.emplace_back(plugin.name, volumes + "/" + plugin.name + "/" + volume.name);
        }
        return found;
      },
      [this, work](Result<Found> found) {
        if (!found.ok()) return work->done(std::move(found).error());
        work->volumes = std::move(*found);
        tear_down_next(work);
      });
}

void PodVolumes::tear_down_next(std::shared_ptr<TearDown> work) {
  if (work->at < work->volumes.size()) {
    const auto& [folder, directory] = work->volumes[work->at++];
    VolumePlugin* plugin = by_directory(folder);
    if (plugin == nullptr)
      return work->done(internal_error("nothing is known about the volume in " + directory + "; it is left alone"));
    return plugin->tear_down(
        work->uid, directory, [this, work, name = last_part(directory), alive = alive_](Result<void> gone) {
          if (!*alive) return;
          if (!gone.ok()) {
            return work->done(Error(gone.error().reason(), fmt::format("UnmountVolume.TearDown failed for volume \"{}\" : {}",
                                                                       name, gone.error().message())));
          }
          tear_down_next(work);
        });
  }
  on_pool<void>(
      loop_, pool_, alive_, [this, directory = pod_directory(work->uid)] { return files_.remove_all(directory); },
      [work](Result<void> gone) { work->done(std::move(gone)); });
}

void PodVolumes::pods_on_disk(Done<std::vector<std::string>> done) {
  using Uids = std::vector<std::string>;
  on_pool<Uids>(
      loop_, pool_, alive_,
      [this]() -> Result<Uids> {
        Uids uids;
        if (!TRY(files_.info(root_ + "/pods")).has_value()) return uids;
        for (const DirectoryEntry& entry : TRY(files_.list(root_ + "/pods"))) uids.push_back(entry.name);
        return uids;
      },
      std::move(done));
}

void PodVolumes::prepare_container(ContainerMountInputs inputs, Done<ContainerMounts> done) {
  on_pool<ContainerMounts>(
      loop_, pool_, alive_,
      [this, inputs = std::make_shared<ContainerMountInputs>(std::move(inputs))] {
        return make_container_mounts(files_, pod_directory(inputs->pod->uid), *inputs);
      },
      std::move(done));
}

void PodVolumes::termination_message(std::string pod_uid, std::string container, std::uint32_t attempt, std::string log_path,
                                     Done<std::string> done) {
  constexpr std::size_t kMessageBytesMax = 4096, kLogBytesMax = 2048, kLogLinesMax = 80;
  const std::string path = termination_log_path(pod_directory(pod_uid), container, attempt);
  on_pool<std::string>(
      loop_, pool_, alive_,
      [this, path, log_path = std::move(log_path)]() -> Result<std::string> {
        std::string message;
        if (TRY(files_.info(path)).has_value()) message = TRY(files_.read(path, 0, kMessageBytesMax));
        if (message.empty() && !log_path.empty()) message = TRY(last_log_text(files_, log_path, kLogLinesMax, kLogBytesMax));
        return message;
      },
      std::move(done));
}

}  // namespace plinth::node
