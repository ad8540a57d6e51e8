// Images in a folder: the OCI image layout (image-layout.md), read while others add to it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/world.h"
#include "oci/image_source.h"

namespace plinth::oci {

// An entry of index.json.
struct LayoutEntry {
  std::string name;  // whole: "docker.io/library/busybox:1.36"; empty where the index tells none
  std::string media_type, digest;
  std::uint64_t size = 0;
};

constexpr std::size_t kIndexBytesMax = 8 * 1024 * 1024;

// BadRequest names what is wrong. Names come from the annotation io.containerd.image.name, else from
// org.opencontainers.image.ref.name where that is a whole name.
Result<std::vector<LayoutEntry>> parse_index(std::string_view text);
std::string print_index(const std::vector<LayoutEntry>& entries);

// The file that is locked (Disk::lock) by whoever changes index.json or removes blobs.
std::string lock_path(const std::string& folder);
std::string blob_path(const std::string& folder, std::string_view digest);

// Serves a layout. Files are read on `pool`, answers come on `loop`.
class LayoutImages final : public ImageSource {
 public:
  LayoutImages(Disk& disk, Pool& pool, Loop& loop, std::string folder)
      : disk_(disk), pool_(pool), loop_(loop), folder_(std::move(folder)) {}
  void manifest(ManifestQuery query, ManifestDone done) override;
  void blob(std::string digest, BlobDone done) override;

 private:
  Disk& disk_;
  Pool& pool_;
  Loop& loop_;
  std::string folder_;
};

}  // namespace plinth::oci
