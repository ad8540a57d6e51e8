#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>

#include "csi_driver/device_use.h"
#include "csi_driver/image.h"
#include "csi_driver/server.h"
#include "csi_driver/services.h"
#include "world_real/real_clock.h"
#include "world_real/real_disk.h"

using namespace plinth;
using namespace plinth::csi_driver;

namespace {

struct Folder {
  Folder() {
    char name[] = "/tmp/csi-driver-test-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path;
};

void write_at(const std::string& path, std::int64_t offset, std::string_view text) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(offset);
  file << text;
}
std::string read_at(const std::string& path, std::int64_t offset, std::size_t bytes) {
  std::ifstream file(path, std::ios::binary);
  file.seekg(offset);
  std::string out(bytes, '\0');
  file.read(out.data(), static_cast<std::streamsize>(bytes));
  return out;
}

// The driver without a machine: raw devices need no tool, no loop device and no mount until they are staged.
struct Bench {
  Folder folder;
  world_real::RealDisk disk;
  world_real::RealClock clock;
  world_real::RealEntropy entropy;
  std::unique_ptr<VolumeBook> book = VolumeBook::open(disk, folder.path).value();
  Context context{{"here", "1", 1},
                  *book,
                  disk,
                  [](std::vector<std::string>) -> Result<CommandOutcome> { return internal_error("no tools here"); },
                  clock,
                  entropy,
                  {},
                  {},
                  0};

  wire::CreateVolumeRequest request(const std::string& name, std::int64_t bytes) {
    wire::CreateVolumeRequest out;
    out.set_name(name);
    out.mutable_capacity_range()->set_required_bytes(bytes);
    auto& capability = *out.add_volume_capabilities();
    capability.mutable_block();
    capability.mutable_access_mode()->set_mode(1);
    return out;
  }
  GrpcStatus create(const wire::CreateVolumeRequest& request, std::string* id = nullptr) {
    wire::CreateVolumeResponse response;
    const GrpcStatus status = create_volume(context, request, response);
    if (id != nullptr) *id = response.volume().volume_id();
    return status;
  }
};

}  // namespace

TEST_CASE("csi driver: lines of mountinfo") {
  const MountEntry plain =
      parse_mount_entry("36 35 7:3 / /mnt/a\\040b rw,noatime shared:1 master:2 - ext4 /dev/loop3 rw,errors=continue");
  CHECK(plain.major == 7);
  CHECK(plain.minor == 3);
  CHECK(plain.path == "/mnt/a b");
  CHECK(plain.fs_type == "ext4");
  CHECK_FALSE(plain.read_only);
  const MountEntry device = parse_mount_entry("40 35 0:6 /loop3 /mnt/x ro,relatime - devtmpfs udev rw");
  CHECK(device.root == "/loop3");
  CHECK(device.read_only);
  for (const char* damaged : {"", "1 2 3", "36 35 7:3 / /mnt rw", "36 35 7:3 / /mnt rw -"})
    CHECK_MESSAGE(parse_mount_entry(damaged).path.empty(), damaged);
}

TEST_CASE("csi driver: mount options") {
  const MountOptions options = parse_mount_options({"ro,noatime", "nouuid", "", "discard,defaults"});
  CHECK(options.flags == (1 /* MS_RDONLY */ | 1024 /* MS_NOATIME */));
  CHECK(options.data == "nouuid,discard");
}

TEST_CASE("csi driver: sizes") {
  struct Case {
    std::int64_t required, limit, least, want;  // want 0: OUT_OF_RANGE
  };
  const Case cases[] = {
      {0, 0, kMiB, kVolumeBytesDefault},
      {1, 0, kMiB, kMiB},
      {kMiB + 1, 0, kMiB, kMiB + 4096},
      {0, 2 * kMiB, kMiB, 2 * kMiB},
      {0, kMiB / 2, kMiB, 0},
      {kMiB + 1, kMiB + 1, kMiB, 0},
      {2 * kMiB, kMiB, kMiB, 0},
      {-1, 0, kMiB, 0},
      {0, -5, kMiB, 0},
      {kVolumeBytesMax + 1, 0, kMiB, 0},
      {kMiB, 0, 300 * kMiB, 300 * kMiB},
      {kMiB, 200 * kMiB, 300 * kMiB, 0},
      {0, 2 * kMiB + 5, kMiB, 2 * kMiB},
  };
  for (const Case& c : cases) {
    wire::CapacityRange range;
    range.set_required_bytes(c.required);
    range.set_limit_bytes(c.limit);
    std::int64_t bytes = 0;
    const GrpcStatus status = choose_size(range, kVolumeBytesDefault, c.least, bytes);
    CAPTURE(c.required);
    CAPTURE(c.limit);
    CHECK(status.ok() == (c.want != 0));
    if (c.want != 0)
      CHECK(bytes == c.want);
    else
      CHECK(status.code == GrpcCode::kOutOfRange);
  }
}

TEST_CASE("csi driver: capabilities") {
  struct Case {
    int mode;
    bool block, mount;
    const char* fs_type;
    const char* error;  // part of it; "": none
  };
  const Case cases[] = {{1, true, false, "", ""},
                        {1, false, true, "", ""},
                        {7, false, true, "xfs", ""},
                        {0, true, false, "", "access_mode: missing"},
                        {1, false, false, "", "neither block nor mount"},
                        {5, false, true, "", "several nodes"},
                        {3, false, true, "", "several nodes"},
                        {9, false, true, "", "not known"},
                        {1, false, true, "zfs", "\"zfs\" is not supported"}};
  for (const Case& c : cases) {
    wire::VolumeCapability capability;
    capability.mutable_access_mode()->set_mode(c.mode);
    if (c.block) capability.mutable_block();
    if (c.mount) capability.mutable_mount()->set_fs_type(c.fs_type);
    Access access;
    const GrpcStatus status = read_access(capability, access);
    CAPTURE(c.error);
    CHECK(status.ok() == (*c.error == 0));
    CHECK(status.message.find(c.error) != std::string::npos);
  }
}

TEST_CASE("csi driver: one volume for each name, the same again or ALREADY_EXISTS") {
  Bench bench;
  std::string first, again;
  REQUIRE(bench.create(bench.request("a", 8 * kMiB), &first).ok());
  CHECK(bench.create(bench.request("a", 8 * kMiB), &again).ok());
  CHECK(again == first);
  CHECK(bench.create(bench.request("a", 9 * kMiB)).code == GrpcCode::kAlreadyExists);
  auto elsewhere = bench.request("b", kMiB);
  (*elsewhere.mutable_accessibility_requirements()->add_requisite()->mutable_segments())["topology.plinth/node"] = "there";
  CHECK(bench.create(elsewhere).code == GrpcCode::kResourceExhausted);
  auto strange = bench.request("c", kMiB);
  (*strange.mutable_parameters())["size"] = "1";
  CHECK(bench.create(strange).message == "parameters: \"size\" is not known; there is fsType");
  CHECK(bench.create(bench.request("huge", kVolumeBytesMax)).code == GrpcCode::kResourceExhausted);
  CHECK(bench.book->volumes().size() == 1);
}

TEST_CASE("csi driver: what is under way is not begun again") {
  Bench bench;
  std::string id;
  REQUIRE(bench.create(bench.request("a", kMiB), &id).ok());
  wire::DeleteVolumeRequest request;
  wire::DeleteVolumeResponse response;
  request.set_volume_id(id);
  {
    const auto held = bench.context.locks.take({id, "", id});
    REQUIRE(held);
    CHECK(delete_volume(bench.context, request, response).code == GrpcCode::kAborted);
    CHECK_FALSE(bench.context.locks.take({"other", id}));
    CHECK(bench.context.locks.take({"other"}));
  }
  CHECK(delete_volume(bench.context, request, response).ok());
  CHECK(delete_volume(bench.context, request, response).ok());
  CHECK(bench.book->volumes().empty());
}

TEST_CASE("csi driver: snapshots and copies have the bytes of their instant") {
  Bench bench;
  std::string id;
  REQUIRE(bench.create(bench.request("a", 64 * kMiB), &id).ok());
  const std::string image = bench.book->volume_image(id);
  write_at(image, 40 * kMiB, "before");
  wire::CreateSnapshotRequest request;
  wire::CreateSnapshotResponse response;
  request.set_name("s");
  request.set_source_volume_id(id);
  REQUIRE(create_snapshot(bench.context, request, response).ok());
  const std::string snapshot = response.snapshot().snapshot_id();
  write_at(image, 40 * kMiB, "after!");
  auto restore = bench.request("restored", 96 * kMiB);
  restore.mutable_volume_content_source()->mutable_snapshot()->set_snapshot_id(snapshot);
  auto clone = bench.request("clone", 64 * kMiB);
  clone.mutable_volume_content_source()->mutable_volume()->set_volume_id(id);
  std::string restored, cloned;
  REQUIRE(bench.create(restore, &restored).ok());
  REQUIRE(bench.create(clone, &cloned).ok());
  CHECK(read_at(bench.book->volume_image(restored), 40 * kMiB, 6) == "before");
  CHECK(read_at(bench.book->volume_image(cloned), 40 * kMiB, 6) == "after!");
  CHECK(std::filesystem::file_size(bench.book->volume_image(restored)) == 96 * kMiB);
  CHECK(allocated_bytes(bench.book->volume_image(cloned)) < 4 * kMiB);  // holes stay holes
  auto less = bench.request("less", 8 * kMiB);
  less.mutable_capacity_range()->set_limit_bytes(8 * kMiB);
  less.mutable_volume_content_source()->mutable_snapshot()->set_snapshot_id(snapshot);
  CHECK(bench.create(less).code == GrpcCode::kOutOfRange);
  auto mounted = bench.request("mounted", 64 * kMiB);
  mounted.mutable_volume_capabilities(0)->mutable_mount();
  mounted.mutable_volume_content_source()->mutable_snapshot()->set_snapshot_id(snapshot);
  CHECK(bench.create(mounted).code == GrpcCode::kInvalidArgument);
  auto missing = bench.request("missing", kMiB);
  missing.mutable_volume_content_source()->mutable_snapshot()->set_snapshot_id("snap-none");
  CHECK(bench.create(missing).code == GrpcCode::kNotFound);
}

TEST_CASE("csi driver: a start finds whole entries and removes halves") {
  Bench bench;
  std::string id;
  REQUIRE(bench.create(bench.request("a", kMiB), &id).ok());
  // A format that fails leaves nothing.
  auto failing = bench.request("f", kMiB);
  failing.mutable_volume_capabilities(0)->mutable_mount();
  CHECK(bench.create(failing).code == GrpcCode::kInternal);
  const std::string volumes = bench.folder.path + "/volumes";
  CHECK(bench.disk.list(volumes).value() == std::vector<std::string>{id});
  std::filesystem::create_directory(volumes + "/.new-vol-x");
  std::filesystem::create_directory(volumes + "/.gone-vol-y");
  const auto book = VolumeBook::open(bench.disk, bench.folder.path).value();
  CHECK(bench.disk.list(volumes).value() == std::vector<std::string>{id});
  CHECK(book->volume(id)->name == "a");
  CHECK(book->volume(id)->bytes == kMiB);
  std::ofstream(volumes + "/" + id + "/record.json") << "{\"id\":\"other\"}";
  CHECK_FALSE(VolumeBook::open(bench.disk, bench.folder.path).ok());
}

TEST_CASE("csi driver: pages") {
  std::vector<VolumeRecord> records(5);
  for (std::size_t i = 0; i < records.size(); ++i) records[i].id = "vol-" + std::to_string(i);
  std::string token, seen;
  int pages = 0;
  do {
    std::string next;
    REQUIRE(page(records, 2, token, "vol-", next, [&](const VolumeRecord& record) { seen += record.id.back(); }).ok());
    token = next;
    ++pages;
  } while (!token.empty() && pages < 9);
  CHECK(seen == "01234");
  CHECK(pages == 3);
  std::string next;
  CHECK(page(records, 0, "7", "vol-", next, [](const VolumeRecord&) {}).code == GrpcCode::kAborted);
}

TEST_CASE("csi driver: damaged requests and unknown methods") {
  Bench bench;
  CHECK(answer(bench.context, "/csi.v1.Controller/CreateVolume", "\xff\xff").code == 3);
  CHECK(answer(bench.context, "/csi.v1.Controller/ControllerModifyVolume", "").code == 12);
  CHECK(answer(bench.context, "/csi.v1.Identity/Probe", "").code == 0);
}
