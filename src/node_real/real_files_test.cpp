#include "node_real/real_files.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

namespace plinth::node_real {
namespace {

using node::FileType;

struct Folder {
  Folder() {
    char made[] = "/tmp/plinth-files-XXXXXX";
    REQUIRE(mkdtemp(made) != nullptr);
    path = made;
  }
  ~Folder() {
    RealFiles files;
    auto mounted = files.mounts();
    if (mounted.ok()) {
      for (auto it = mounted->rbegin(); it != mounted->rend(); ++it) {
        if (it->target.starts_with(path + "/")) CHECK(files.unmount(it->target).ok());
      }
    }
    CHECK(files.remove_all(path).ok());
  }
  std::string path;
};

bool may_mount() {
  Folder folder;
  RealFiles files;
  node::MountRequest request;
  request.target = folder.path + "/t";
  request.type = "tmpfs";
  return files.make_directories(request.target, 0755).ok() && files.mount(request).ok();
}

#define SKIP_WITHOUT_MOUNTS()             \
  if (!may_mount()) {                     \
    MESSAGE("skipped: mounts need root"); \
    return;                               \
  }

TEST_CASE("files: modes hold whatever the umask is, content is replaced in place") {
  const Folder folder;
  RealFiles files;
  const mode_t before = umask(0077);
  CHECK(files.make_directories(folder.path + "/a/b", 0777).ok());
  CHECK(files.write(folder.path + "/a/b/f", "one", 0666).ok());
  umask(before);
  CHECK(files.info(folder.path + "/a")->value().mode == 0755);
  CHECK(files.info(folder.path + "/a/b")->value().mode == 0777);
  CHECK(files.info(folder.path + "/a/b/f")->value().mode == 0666);
  CHECK(files.make_directories(folder.path + "/a/b", 0700).ok());
  CHECK(files.info(folder.path + "/a/b")->value().mode == 0777);  // one that is there keeps its own
  CHECK(files.write(folder.path + "/a/b/f", "2", 0600).ok());
  CHECK(files.append(folder.path + "/a/b/f", "34", 0600).ok());
  CHECK(files.read(folder.path + "/a/b/f", 0, 100).value() == "234");
  CHECK(files.read(folder.path + "/a/b/f", 1, 1).value() == "3");
  CHECK(files.read(folder.path + "/a/b/f", 9, 1).value().empty());
  CHECK(files.set_mode(folder.path + "/a/b/f", 02750).ok());
  CHECK(files.info(folder.path + "/a/b/f")->value().mode == 02750);
}

TEST_CASE("files: links are not followed unless asked") {
  const Folder folder;
  RealFiles files;
  REQUIRE(files.write(folder.path + "/f", "x", 0644).ok());
  REQUIRE(files.symlink("f", folder.path + "/l").ok());
  CHECK((files.symlink("f", folder.path + "/l").error().reason() == Reason::kAlreadyExists));
  CHECK((files.info(folder.path + "/l")->value().type == FileType::kLink));
  CHECK((files.info(folder.path + "/l", true)->value().type == FileType::kFile));
  CHECK(files.read_link(folder.path + "/l").value() == "f");
  CHECK((files.read_link(folder.path + "/f").error().reason() == Reason::kBadRequest));
  CHECK(!files.info(folder.path + "/none")->has_value());
  const auto listed = files.list(folder.path);
  REQUIRE(listed.ok());
  REQUIRE(listed->size() == 2);
  CHECK((*listed)[0].name == "f");
  CHECK(((*listed)[1].type == FileType::kLink));
  REQUIRE(files.symlink("l2", folder.path + "/new").ok());
  CHECK(files.rename(folder.path + "/new", folder.path + "/l").ok());
  CHECK(files.read_link(folder.path + "/l").value() == "l2");
  // Removing a tree leaves what links lead to.
  REQUIRE(files.make_directories(folder.path + "/kept", 0755).ok());
  REQUIRE(files.write(folder.path + "/kept/f", "x", 0644).ok());
  REQUIRE(files.make_directories(folder.path + "/tree/deep", 0755).ok());
  REQUIRE(files.symlink(folder.path + "/kept", folder.path + "/tree/deep/out").ok());
  CHECK(files.remove_all(folder.path + "/tree").ok());
  CHECK(!files.info(folder.path + "/tree")->has_value());
  CHECK(files.info(folder.path + "/kept/f")->has_value());
  CHECK(files.remove_all(folder.path + "/tree").ok());
}

TEST_CASE("files: errors by their kind") {
  const Folder folder;
  RealFiles files;
  REQUIRE(files.write(folder.path + "/f", "x", 0644).ok());
  CHECK((files.read(folder.path + "/none", 0, 1).error().reason() == Reason::kNotFound));
  CHECK((files.write(folder.path + "/none/f", "", 0644).error().reason() == Reason::kNotFound));
  CHECK((files.write(folder.path, "", 0644).error().reason() == Reason::kBadRequest));
  CHECK((files.make_directories(folder.path + "/f/g", 0755).error().reason() == Reason::kBadRequest));
  CHECK((files.list(folder.path + "/none").error().reason() == Reason::kNotFound));
  CHECK(files.remove(folder.path + "/none").ok());
  CHECK(!files.remove(folder.path).ok());  // not empty
}

TEST_CASE("files: usage counts blocks and names, a file with two names once") {
  const Folder folder;
  RealFiles files;
  REQUIRE(files.make_directories(folder.path + "/u", 0755).ok());
  const auto empty = files.usage(folder.path + "/u");
  REQUIRE(files.write(folder.path + "/u/f", std::string(100'000, 'x'), 0644).ok());
  REQUIRE(link((folder.path + "/u/f").c_str(), (folder.path + "/u/g").c_str()) == 0);
  const auto full = files.usage(folder.path + "/u");
  REQUIRE(empty.ok());
  REQUIRE(full.ok());
  CHECK(full->bytes - empty->bytes >= 100'000);
  CHECK(full->bytes - empty->bytes < 200'000);
  CHECK(full->inodes == empty->inodes + 1);
}

TEST_CASE("mounts: tmpfs with a size, binds that cannot be written, trees that are still mounted") {
  SKIP_WITHOUT_MOUNTS();
  const Folder folder;
  RealFiles files;
  node::MountRequest tmpfs;
  tmpfs.target = folder.path + "/memory";
  tmpfs.type = "tmpfs";
  tmpfs.options = {"size=65536", "noexec"};
  REQUIRE(files.make_directories(tmpfs.target, 0777).ok());
  REQUIRE(files.mount(tmpfs).ok());
  CHECK((files.write(tmpfs.target + "/f", std::string(100'000, 'x'), 0644).error().reason() == Reason::kInsufficientStorage));
  REQUIRE(files.write(tmpfs.target + "/f", "x", 0644).ok());
  node::MountRequest bound;
  bound.source = tmpfs.target;
  bound.target = folder.path + "/with space";
  bound.bind = bound.readonly = true;
  REQUIRE(files.make_directories(bound.target, 0755).ok());
  REQUIRE(files.mount(bound).ok());
  CHECK((files.write(bound.target + "/g", "x", 0644).error().reason() == Reason::kForbidden));
  CHECK(files.read(bound.target + "/f", 0, 9).value() == "x");
  const auto mounted = files.mounts();
  REQUIRE(mounted.ok());
  std::size_t ours = 0;
  for (const node::MountEntry& entry : *mounted) ours += entry.target == tmpfs.target || entry.target == bound.target;
  CHECK(ours == 2);
  CHECK(files.is_mounted(tmpfs.target).value());
  CHECK(files.is_mounted(bound.target).value());
  for (const char* other : {"", "/none", "/none/below", "/with space/f", "/with space/f/below"})
    CHECK(!files.is_mounted(folder.path + other).value());
  CHECK((files.remove_all(folder.path + "/with space").error().reason() == Reason::kBadRequest));
  CHECK(files.unmount(bound.target).ok());
  CHECK(!files.is_mounted(bound.target).value());
  CHECK(files.unmount(bound.target).ok());
  CHECK(files.unmount(folder.path + "/none").ok());
  CHECK(files.remove_all(bound.target).ok());
  bound.options = {"size=1"};
  CHECK((files.mount(bound).error().reason() == Reason::kBadRequest));
  tmpfs.type = "no-such-file-system";
  CHECK(!files.mount(tmpfs).ok());
}

TEST_CASE("mounts: a bind inside of a volume cannot be led out of it") {
  SKIP_WITHOUT_MOUNTS();
  const Folder folder;
  RealFiles files;
  const std::string root = folder.path + "/volume", target = folder.path + "/targets/0";
  REQUIRE(files.make_directories(root + "/in", 0770).ok());
  REQUIRE(files.set_mode(root, 0771).ok());
  REQUIRE(files.write(root + "/in/file", "inside", 0644).ok());
  REQUIRE(files.symlink("/etc", root + "/out").ok());
  REQUIRE(files.symlink("in", root + "/near").ok());
  CHECK(files.bind_inside(root, "in/file", target, false).ok());
  CHECK(files.read(target, 0, 100).value() == "inside");
  CHECK(files.unmount(target).ok());
  CHECK(files.remove(target).ok());
  CHECK(files.bind_inside(root, "made/here", target, true).ok());
  CHECK(files.info(root + "/made/here")->value().mode == 0771);
  CHECK(!files.write(target + "/x", "", 0644).ok());
  CHECK(files.unmount(target).ok());
  for (const char* wrong : {"out", "out/passwd", "near/file", "../volume", "in/../in", "/in", "in/file/x"}) {
    CAPTURE(wrong);
    const auto refused = files.bind_inside(root, wrong, folder.path + "/targets/1", false);
    REQUIRE(!refused.ok());
    CHECK((refused.error().reason() == Reason::kBadRequest));
  }
}

}  // namespace
}  // namespace plinth::node_real
