// What must be known of a volume on the node to undo it, on disk: a restart of the platform may lie between. Calls block.
//
//   ROOT/pods/UID/volumes/kubernetes.io~csi/NAME/vol_data.json             beside a pod's mount, before the first call for it
//   ROOT/plugins/kubernetes.io/csi/DRIVER/SHA256(handle)/vol_data.json     beside the staging folder, likewise
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "node/host/host_files.h"

namespace plinth::csi {

struct VolumeData {
  std::string driver, handle;
  std::string volume;   // the PersistentVolume, or the pod's volume
  std::string staging;  // "": it is not staged
  std::string target;   // where it is published
  bool block = false, ephemeral = false;
  bool same_volume(const VolumeData& other) const { return driver == other.driver && handle == other.handle; }
};

// Replaces what is there by a rename: whole or not at all. The directory is there.
Result<void> write_volume_data(node::HostFiles& files, const std::string& directory, const VolumeData& data);
// Nothing when there is none; BadRequest when it is damaged.
Result<std::optional<VolumeData>> read_volume_data(node::HostFiles& files, const std::string& directory);

// Whether a pod's volume on this node, other than the one of `directory`, is that volume.
Result<bool> used_elsewhere(node::HostFiles& files, const std::string& root, const std::string& directory,
                            const VolumeData& data);

// The folder of a staged volume's record.
std::string staging_folder(const std::string& root, const std::string& driver, const std::string& handle);
// All that are, or may be, staged.
Result<std::vector<VolumeData>> staged_volumes(node::HostFiles& files, const std::string& root);

}  // namespace plinth::csi
