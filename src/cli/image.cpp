#include <cstdio>

#include "cli/command.h"
#include "cli/fail.h"
#include "platform/cri_node.h"

namespace plinth::cli {
namespace {

int run(const Arguments& arguments) {
  auto imported = platform::import_image(argument(arguments, "data-dir"), argument(arguments, "archive"), argument(arguments, "name"));
  if (!imported.ok()) return fail(1, imported.error().message());
  for (const std::string& name : imported->names) std::printf("imported %s\n", name.c_str());
  return 0;
}

}  // namespace

Command image_import_command() {
  return {"image import",
          "make the images of an OCI archive known to the platform, which may run: pods get them from there, under any registry's name",
          {{"archive", "FILE.tar", "a tar of an OCI image layout (skopeo copy ... oci-archive:FILE.tar, docker save)", "", true},
           {"--data-dir", "DIR", "of the platform", "./plinth-data", false},
           {"--name", "NAME", "call the archive's one image so", "", false}},
          run};
}

}  // namespace plinth::cli
