#include <algorithm>
#include <cstdio>

#include "cli/command.h"
#include "cli/fail.h"
#include "platform/local_images.h"

namespace plinth::cli {
namespace {

int list(const Arguments& arguments) {
  auto images = platform::list_images(argument(arguments, "data-dir"));
  if (!images.ok()) return fail(1, images.error().message());
  std::size_t width = 4;
  for (const oci::LayoutEntry& image : *images) width = std::max(width, image.name.size());
  if (!images->empty()) std::printf("%-*s   DIGEST\n", static_cast<int>(width), "NAME");
  for (const oci::LayoutEntry& image : *images)
    std::printf("%-*s   %s\n", static_cast<int>(width), image.name.c_str(), image.digest.c_str());
  return 0;
}

int remove(const Arguments& arguments) {
  auto removed = platform::remove_image(argument(arguments, "data-dir"), argument(arguments, "name"));
  if (!removed.ok()) return fail(1, removed.error().message());
  std::printf("removed %s\n", argument(arguments, "name").c_str());
  return 0;
}

int run(const Arguments& arguments) {
  auto imported =
      platform::import_image(argument(arguments, "data-dir"), argument(arguments, "archive"), argument(arguments, "name"));
  if (!imported.ok()) return fail(1, imported.error().message());
  for (const std::string& name : imported->names) std::printf("imported %s\n", name.c_str());
  return 0;
}

}  // namespace

Command image_import_command() {
  return {
      "image import",
      "make the images of an archive known to the platform, which may run: pods get them from there, under any registry's name",
      {{"archive", "FILE.tar", "a tar of an OCI image layout (skopeo copy ... oci-archive:FILE.tar) or of docker save", "",
        true},
       {"--data-dir", "DIR", "of the platform", "./plinth-data", false},
       {"--name", "NAME", "call the archive's one image so", "", false}},
      run};
}

Command image_list_command() {
  return {"image list",
          "the images that pods get without a registry elsewhere",
          {{"--data-dir", "DIR", "of the platform", "./plinth-data", false}},
          list};
}

Command image_remove_command() {
  return {"image remove",
          "forget the name of an image; content that nothing names goes after an hour of a running platform",
          {{"name", "NAME", "as plinth image list shows it", "", true},
           {"--data-dir", "DIR", "of the platform", "./plinth-data", false}},
          remove};
}

}  // namespace plinth::cli
