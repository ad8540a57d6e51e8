// Images from an archive into a layout's folder.
#pragma once

#include <string>
#include <vector>

#include "base/world.h"

namespace plinth::oci {

struct Imported {
  std::vector<std::string> names;      // whole names
  std::uint64_t blobs = 0, bytes = 0;  // that were not there before
};

// `archive` is a tar of an OCI image layout (skopeo copy ... oci-archive:, docker save of today, buildah push oci-archive:) or
// what docker save made before (docker-archive:), whose layers are told by path and not checked against anything. Every other
// blob is checked against its digest; names replace those of before once all blobs are durable. An image without a name in the
// archive needs `name`; with it, the archive must hold one image. BadRequest says what is wrong with the archive. Blocks.
Result<Imported> import_archive(Disk& disk, const std::string& archive, const std::string& folder, const std::string& name);

}  // namespace plinth::oci
