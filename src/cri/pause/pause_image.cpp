#include "cri/pause/pause_image.h"

#include "oci/tar_writer.h"

// The program's bytes, between two names.
__asm__(
    ".section .rodata\n"
    ".global plinth_pause_begin\n"
    ".global plinth_pause_end\n"
    "plinth_pause_begin:\n"
    ".incbin \"" PLINTH_PAUSE_BINARY
    "\"\n"
    "plinth_pause_end:\n"
    ".byte 0\n"
    ".previous\n");

extern "C" const char plinth_pause_begin[];
extern "C" const char plinth_pause_end[];

namespace plinth::cri {

oci::BuiltImage pause_image() {
  oci::TarWriter tar;
  const std::string_view program(plinth_pause_begin, static_cast<std::size_t>(plinth_pause_end - plinth_pause_begin));
  (void)tar.add_file("pause", 0755, program);  // the path fits
  oci::ImageRecipe recipe;
  recipe.architecture = oci::host_architecture();
  recipe.entrypoint = {"/pause"};
  recipe.working_directory = "/";
  recipe.layers = {tar.finish()};
  return oci::build_image(std::move(recipe));
}

}  // namespace plinth::cri
