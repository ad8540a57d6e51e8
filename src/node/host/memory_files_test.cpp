#include "node/host/memory_files.h"

#include <doctest/doctest.h>

namespace plinth::node {

TEST_CASE("what is mounted in memory: seen where it is, gone when it is unmounted") {
  MemoryFiles files;
  REQUIRE(files.make_directories("/pods/a", 0755).ok());
  REQUIRE(files.make_directories("/pods/b", 0755).ok());
  REQUIRE(files.write("/pods/a/below", "1", 0644).ok());
  MountRequest tmpfs;
  tmpfs.type = "tmpfs";
  tmpfs.target = "/pods/a";
  REQUIRE(files.mount(tmpfs).ok());
  REQUIRE(files.write("/pods/a/on", "2", 0644).ok());
  CHECK(!files.info("/pods/a/below", false)->has_value());
  MountRequest bind;
  bind.source = "/pods/a";
  bind.target = "/pods/b";
  bind.bind = true;
  REQUIRE(files.mount(bind).ok());
  CHECK(files.read("/pods/b/on", 0, 9).value() == "2");
  CHECK(files.is_mounted("/pods/a").value());
  CHECK(files.is_mounted("/pods/b/").value());
  for (const char* other : {"/pods", "/pods/a/on", "/pods/none", "/none/below", "/"}) CHECK(!files.is_mounted(other).value());
  // One over the other.
  tmpfs.target = "/pods/a/in";
  REQUIRE(files.make_directories(tmpfs.target, 0755).ok());
  for (int i = 0; i < 2; ++i) REQUIRE(files.mount(tmpfs).ok());
  REQUIRE(files.mounts()->size() == 4);
  CHECK(files.unmount(tmpfs.target).ok());
  CHECK(files.is_mounted(tmpfs.target).value());
  CHECK(files.unmount(tmpfs.target).ok());
  CHECK(!files.is_mounted(tmpfs.target).value());

  CHECK(files.unmount("/pods/b").ok());
  CHECK(files.unmount("/pods/a").ok());
  CHECK(files.read("/pods/a/below", 0, 9).value() == "1");
  CHECK(!files.is_mounted("/pods/a").value());
}

}  // namespace plinth::node
