#include "csi/volume_release.h"

#include "node/volumes/ownership.h"
#include "node/volumes/pod_volumes.h"

namespace plinth::csi {
namespace {

std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

// The folder above devices of one volume goes with the last of them.
Result<void> remove_if_empty(node::HostFiles& files, const std::string& folder) {
  if (!TRY(files.info(folder)).has_value() || !TRY(files.list(folder)).empty()) return {};
  return files.remove(folder);
}

}  // namespace

std::string turn_of(const VolumeData& data) { return data.driver + "/" + data.handle; }

struct VolumeRelease::Work {
  std::string directory;  // of the pod's volume; "": a volume that no pod has any more
  VolumeData data;
  NodeDriver driver;
  bool last = false;  // nobody else uses it: it is unstaged
  node::Done<void> done;
};

VolumeRelease::~VolumeRelease() {
  *alive_ = false;
  if (sweep_timer_ != 0) parts_.loop->cancel(sweep_timer_);
}

void VolumeRelease::tear_down(std::string directory, node::Done<void> done) {
  auto work = std::make_shared<Work>();
  work->directory = std::move(directory);
  work->done = std::move(done);
  node::HostFiles& files = *parts_.files;
  node::on_pool<std::optional<VolumeData>>(
      *parts_.loop, *parts_.pool, alive_, [&files, work] { return read_volume_data(files, work->directory); },
      [this, work](Result<std::optional<VolumeData>> data) {
        if (!data.ok() && data.error().reason() != Reason::kBadRequest) return work->done(std::move(data).error());
        if (!data.ok())
          parts_.log.warning("a volume's record is damaged; its mounts are taken away", {{"error", data.error()}});
        if (!data.ok() || !*data) return take_apart(work->directory, std::move(work->done));
        work->data = std::move(**data);
        auto driver = parts_.find_driver(work->data.driver);
        if (!driver) {
          return work->done(Error(Reason::kServiceUnavailable,
                                  "driver name " + work->data.driver + " not found in the list of registered CSI drivers"));
        }
        work->driver = std::move(*driver);
        turns_.take(turn_of(work->data), [this, work] { unpublish(work); });
      });
}

// Nothing is known but the directory: set_up did not come far, or the machine lost the record.
void VolumeRelease::take_apart(const std::string& directory, node::Done<void> done) {
  node::HostFiles& files = *parts_.files;
  node::on_pool<void>(
      *parts_.loop, *parts_.pool, alive_,
      [&files, directory]() -> Result<void> {
        TRY(node::release_directory(files, directory + "/mount"));
        return files.remove_all(directory);
      },
      std::move(done));
}

void VolumeRelease::unpublish(const WorkPtr& work) {
  work->driver.client->unpublish(work->data.handle, work->data.target, [this, work, alive = alive_](Reply<Nothing> reply) {
    if (!*alive) return;
    if (!reply.status.ok()) return end(work, net::to_error(reply.status));
    unstage_if_unused(work);
  });
}

void VolumeRelease::unstage_if_unused(const WorkPtr& work) {
  node::HostFiles& files = *parts_.files;
  node::on_pool<bool>(
      *parts_.loop, *parts_.pool, alive_,
      [&files, root = parts_.root, work] { return used_elsewhere(files, root, work->directory, work->data); },
      [this, work](Result<bool> used) {
        if (!used.ok()) return end(work, std::move(used).error());
        if (*used || work->data.staging.empty()) return remove_folders(work);
        unstage(work);
      });
}

void VolumeRelease::unstage(const WorkPtr& work) {
  work->driver.client->unstage(work->data.handle, work->data.staging, [this, work, alive = alive_](Reply<Nothing> reply) {
    if (!*alive) return;
    if (!reply.status.ok()) return end(work, net::to_error(reply.status));
    work->last = true;
    remove_folders(work);
  });
}

// The pod's record is the last to go: what is left before it is found again by it.
void VolumeRelease::remove_folders(const WorkPtr& work) {
  node::HostFiles& files = *parts_.files;
  node::on_pool<void>(
      *parts_.loop, *parts_.pool, alive_,
      [&files, root = parts_.root, work]() -> Result<void> {
        const VolumeData& data = work->data;
        if (work->last) {
          TRY(files.remove(data.staging));
          TRY(files.remove_all(staging_folder(root, data.driver, data.handle)));
        }
        if (work->directory.empty()) return {};
        if (data.block) {
          TRY(files.remove(data.target));
          TRY(remove_if_empty(files, parent_of(data.target)));
        }
        return files.remove_all(work->directory);
      },
      [this, work](Result<void> removed) { end(work, std::move(removed)); });
}

void VolumeRelease::end(const WorkPtr& work, Result<void> outcome) {
  work->done(std::move(outcome));
  turns_.next(turn_of(work->data));
}

void VolumeRelease::sweep() {
  using Staged = std::vector<VolumeData>;
  node::HostFiles& files = *parts_.files;
  node::on_pool<Staged>(
      *parts_.loop, *parts_.pool, alive_,
      [&files, root = parts_.root]() -> Result<Staged> {
        Staged unused;
        for (VolumeData& data : TRY(staged_volumes(files, root))) {
          if (!TRY(used_elsewhere(files, root, "", data))) unused.push_back(std::move(data));
        }
        return unused;
      },
      [this](Result<Staged> unused) {
        if (!unused.ok()) return sweep_later();
        sweep_all(std::move(*unused));
      });
}

void VolumeRelease::sweep_all(std::vector<VolumeData> staged) {
  bool missing = false;
  for (VolumeData& data : staged) {
    auto driver = parts_.find_driver(data.driver);
    if (!driver) {
      missing = true;
      continue;
    }
    auto work = std::make_shared<Work>();
    work->data = std::move(data);
    work->driver = std::move(*driver);
    work->done = [this, work = work.get()](Result<void> outcome) {
      if (outcome.ok()) return;
      parts_.log.warning("a volume that no pod uses is still staged",
                         {{"volume", work->data.volume}, {"error", outcome.error()}});
      sweep_later();
    };
    // Looked at again in its turn: a pod may have come meanwhile.
    turns_.take(turn_of(work->data), [this, work] { unstage_if_unused(work); });
  }
  if (missing) sweep_later();
}

void VolumeRelease::sweep_later() {
  if (sweep_timer_ != 0) return;
  sweep_timer_ = parts_.loop->after(kSweepPause, [this] {
    sweep_timer_ = 0;
    sweep();
  });
}

}  // namespace plinth::csi
