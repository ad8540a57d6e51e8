// The images that a data directory's node has without a registry elsewhere: DIR/node/images. For commands; calls block, and
// wait up to 10 s for others who change them.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "oci/import.h"
#include "oci/layout.h"

namespace plinth::platform {

// BadRequest for ":memory:", which has no place for them.
Result<std::string> images_folder(const std::string& data_dir);

// Makes the images of an archive available to the pods of a data directory's node; see oci/import.h.
Result<oci::Imported> import_image(const std::string& data_dir, const std::string& archive, const std::string& name);
// The same for every FILE.tar of a folder; what is there already costs little. BadRequest names the file that is wrong.
Result<void> import_images(const std::string& data_dir, const std::string& folder);

Result<std::vector<oci::LayoutEntry>> list_images(const std::string& data_dir);
// NotFound when no image is called so. What nothing names any more is removed by the registry of a platform that runs.
Result<void> remove_image(const std::string& data_dir, const std::string& name);

}  // namespace plinth::platform
