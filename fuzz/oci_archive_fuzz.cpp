// An archive of images: no crash, nothing outside of the folder, and what was imported is named by its content.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fuzz/require.h"
#include "oci/digest.h"
#include "oci/import.h"
#include "oci/layout.h"
#include "world_sim/sim_world.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace plinth;
  world_sim::SimWorld world(1);
  Disk& disk = world.disk();
  {
    auto file = disk.open("/archive.tar", OpenMode::kCreate);
    REQUIRE_PROPERTY(file.ok() && (*file)->write_at(0, {reinterpret_cast<const char*>(data), size}).ok());
  }
  const auto imported = oci::import_archive(disk, "/archive.tar", "/images", "");
  const auto top = disk.list("/");
  REQUIRE_PROPERTY(top.ok());
  for (const std::string& name : *top) REQUIRE_PROPERTY(name == "archive.tar" || name == "images");
  const auto blobs = disk.list("/images/blobs/sha256");
  if (blobs.ok()) {
    for (const std::string& name : *blobs) {
      if (name.ends_with(".tmp")) continue;
      const auto content = read_file(disk, "/images/blobs/sha256/" + name, size);
      REQUIRE_PROPERTY(content.ok() && oci::sha256_digest(*content) == "sha256:" + name);
    }
  }
  if (imported.ok()) REQUIRE_PROPERTY(!imported->names.empty() || imported->blobs == 0 || blobs.ok());
  return 0;
}
