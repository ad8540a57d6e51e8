#include "node/volumes/atomic_writer.h"

#include <doctest/doctest.h>

#include "node/host/memory_files.h"
#include "node/pod/pod_testing.h"
#include "node/volumes/container_mounts.h"
#include "node/volumes/ownership.h"

namespace plinth::node {
namespace {

constexpr const char* kDirectory = "/pods/u/volumes/x/v";

ProjectedFile file(std::string data, std::uint32_t mode = 0644) {
  ProjectedFile out;
  out.data = std::move(data);
  out.mode = mode;
  return out;
}

std::string listing(HostFiles& files) {
  std::string out;
  const auto entries = files.list(kDirectory).value();
  for (const DirectoryEntry& entry : entries) out += entry.name + (entry.type == FileType::kLink ? "@ " : " ");
  return out;
}

}  // namespace

TEST_CASE("content changes all at once") {
  MemoryFiles files;
  REQUIRE(files.make_directories(kDirectory, 0777).ok());
  const Payload first = {{"a", file("1")}, {"dir/b", file("2", 0600)}};
  REQUIRE(write_atomically(files, kDirectory, first, "t1", std::nullopt).ok());
  CHECK(listing(files) == "..data@ ..t1 a@ dir@ ");
  CHECK(files.read(std::string(kDirectory) + "/a", 0, 10).value() == "1");
  CHECK(files.read(std::string(kDirectory) + "/dir/b", 0, 10).value() == "2");
  CHECK(files.read_link(std::string(kDirectory) + "/..data").value() == "..t1");
  CHECK(files.info(std::string(kDirectory) + "/dir/b", true).value()->mode == 0600);
  // The same again writes nothing.
  REQUIRE(write_atomically(files, kDirectory, first, "t2", std::nullopt).ok());
  CHECK(files.read_link(std::string(kDirectory) + "/..data").value() == "..t1");
  const Payload second = {{"a", file("one")}, {"c", file("3")}};
  REQUIRE(write_atomically(files, kDirectory, second, "t3", std::nullopt).ok());
  CHECK(listing(files) == "..data@ ..t3 a@ c@ ");
  CHECK(files.read(std::string(kDirectory) + "/a", 0, 10).value() == "one");
  // What an optional source had goes with it.
  REQUIRE(write_atomically(files, kDirectory, {}, "t4", std::nullopt).ok());
  CHECK(listing(files) == "..data@ ..t4 ");
}

TEST_CASE("paths that are refused") {
  MemoryFiles files;
  REQUIRE(files.make_directories(kDirectory, 0777).ok());
  for (const std::string& path : {std::string("/a"), std::string("../a"), std::string("a/../b"), std::string("..a"),
                                  std::string("a//b"), std::string(), std::string(300, 'x')}) {
    CAPTURE(path);
    CHECK(!write_atomically(files, kDirectory, {{path, file("x")}}, "t", std::nullopt).ok());
  }
}

// After a failure at any call the old content or the new one is shown, and the next attempt makes it right.
TEST_CASE("a failure at any point leaves the old content or the new") {
  const Payload first = {{"a", file("old")}, {"gone", file("x")}}, second = {{"a", file("new")}, {"b", file("y")}};
  for (int fail_at = 1;; ++fail_at) {
    CAPTURE(fail_at);
    MemoryFiles files;
    REQUIRE(files.make_directories(kDirectory, 0777).ok());
    REQUIRE(write_atomically(files, kDirectory, first, "t1", std::nullopt).ok());
    int calls = 0;
    files.set_fault([&](std::string_view, const std::string&) -> Result<void> {
      if (++calls == fail_at) return internal_error("asked for");
      return {};
    });
    const bool whole = write_atomically(files, kDirectory, second, "t2", std::nullopt).ok();
    files.set_fault(nullptr);
    const std::string shown = files.read(std::string(kDirectory) + "/a", 0, 10).value();
    CHECK((shown == "old" || shown == "new"));
    REQUIRE(write_atomically(files, kDirectory, second, "t3", std::nullopt).ok());
    CHECK(files.read(std::string(kDirectory) + "/a", 0, 10).value() == "new");
    CHECK(files.read(std::string(kDirectory) + "/b", 0, 10).value() == "y");
    CHECK(!files.info(std::string(kDirectory) + "/gone", false).value().has_value());
    CHECK(files.list(kDirectory).value().size() == 4);
    if (whole && calls < fail_at) break;
  }
}

TEST_CASE("groups of volumes") {
  MemoryFiles files;
  REQUIRE(files.make_directories("/v/d", 0755).ok());
  REQUIRE(files.write("/v/d/f", "x", 0600).ok());
  REQUIRE(files.symlink("/etc", "/v/link").ok());
  REQUIRE(give_to_group(files, "/v", 3000, false).ok());
  CHECK(files.info("/v/d/f", false).value()->mode == 0660);
  CHECK(files.info("/v/d/f", false).value()->gid == 3000);
  CHECK(files.info("/v/d", false).value()->mode == 02775);
  CHECK(files.info("/v/link", false).value()->gid == 0);
}

TEST_CASE("subPaths stay inside of their volume") {
  MemoryFiles files;
  const std::string pod_directory = "/pods/u1";
  REQUIRE(files.make_directories("/vol/sub", 0777).ok());
  REQUIRE(files.symlink("/etc", "/vol/evil").ok());
  REQUIRE(files.make_directories(pod_directory, 0750).ok());
  const auto mounts = [&](const std::string& mount) {
    ContainerMountInputs inputs;
    inputs.pod = std::make_shared<const Pod>(
        test_pod(R"({"containers":[{"name":"c","image":"i","volumeMounts":[{"name":"v","mountPath":"/m",)" + mount + "}]}]}"));
    inputs.container = "c";
    inputs.environment.own = {{"NAME", "made"}};
    inputs.volumes["v"] = {"/vol", false};
    return make_container_mounts(files, pod_directory, inputs);
  };
  auto good = mounts(R"("subPath":"sub")");
  REQUIRE(good.ok());
  CHECK(good->mounts[0].host_path == "/pods/u1/volume-subpaths/v/c/0");
  auto made = mounts(R"x("subPathExpr":"$(NAME)/deep")x");
  REQUIRE(made.ok());
  CHECK(files.info("/vol/made/deep", false).value()->type == FileType::kDirectory);
  REQUIRE(files.symlink("sub", "/vol/good").ok());
  REQUIRE(files.symlink("../pods", "/vol/out").ok());
  REQUIRE(mounts(R"("subPath":"good")").ok());
  CHECK(!mounts(R"("subPath":"out")").ok());
  CHECK(!mounts(R"("subPath":"../up")").ok());
  CHECK(!mounts(R"("subPath":"/abs")").ok());
  CHECK(!mounts(R"("subPath":"evil/x")").ok());
  CHECK(!mounts(R"x("subPathExpr":"$(MISSING)")x").ok());
  // The termination log is there, for any user of the container.
  CHECK(files.info(good->termination_log, false).value()->mode == 0666);
  REQUIRE(release_subpaths(files, pod_directory).ok());
  CHECK(files.mounts().value().empty());
}

}  // namespace plinth::node
