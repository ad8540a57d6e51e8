#include "cri/image_mounts.h"

#include <doctest/doctest.h>

namespace plinth::cri {

TEST_CASE("which runtimes mount images") {
  struct Case {
    const char* name;
    const char* version;
    bool images, folders;
  };
  const Case cases[] = {
      {"containerd", "1.6.20~ds1", false, false},
      {"containerd", "1.7.24", false, false},
      {"containerd", "v2.0.5", false, false},
      {"containerd", "v2.1.0-beta.0-18-g8237c496", true, false},
      {"containerd", "2.1.6+bottlerocket", true, false},
      {"containerd", "v2.2.9", true, true},
      {"containerd", "2.10.0", true, true},
      {"containerd", "3.0", true, true},
      {"cri-o", "1.30.4", false, false},
      {"cri-o", "1.31.0", true, false},
      {"cri-o", "1.33-dev", true, true},
      // Nobody knows: the runtime is asked.
      {"containerd", "unknown", true, true},
      {"another", "0.1", true, true},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CAPTURE(c.version);
    const node::RuntimeVersion runtime{c.name, c.version, "v1"};
    node::Mount image;
    image.image = "sha256:abc";
    node::Mount folder = image;
    folder.image_sub_path = "data";
    CHECK(check_image_mounts(runtime, {{"/plain", "/there"}}).ok());
    CHECK(check_image_mounts(runtime, {{"/plain", "/there"}, image}).ok() == c.images);
    CHECK(check_image_mounts(runtime, {image, folder}).ok() == c.folders);
  }
  node::Mount image;
  image.image = "sha256:abc";
  const auto refused = check_image_mounts({"containerd", "1.6.20~ds1", "v1"}, {image});
  REQUIRE(!refused.ok());
  CHECK(refused.error().reason() == Reason::kMethodNotAllowed);
  CHECK(
      refused.error().message() ==
      "image volumes need containerd 2.1 or CRI-O 1.31 or later; the container runtime of this node is containerd 1.6.20~ds1");
}

}  // namespace plinth::cri
