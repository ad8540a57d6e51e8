// Files of the store from outside: whatever they hold, opening ends with a state or an error, and a state can be read.
//
// The first byte chooses what the rest is: a snapshot file, the groups of a segment, or the payload of a group whose checksums
// fit (they would else keep everything out).
#include <cstddef>
#include <cstdint>
#include <string>

#include "fuzz/require.h"
#include "log/format.h"
#include "store/snapshot_file.h"
#include "store/store.h"
#include "world_sim/sim_world.h"

namespace {

using namespace plinth;

constexpr std::uint64_t kSegmentBytes = 64 << 10;
constexpr std::uint64_t kSegmentId = 0x1122334455667788;

void write(Disk& disk, const std::string& path, const std::string& bytes) {
  auto file = disk.open(path, OpenMode::kCreate);
  REQUIRE_PROPERTY(file.ok() && (*file)->write_at(0, bytes).ok());
}

std::string segment(const std::string& groups) {
  std::string bytes = log::encode(log::SegmentHeader{kSegmentId, 1, 42}) + groups;
  if (bytes.size() < kSegmentBytes) bytes.resize(kSegmentBytes);
  return bytes;
}

std::string whole_group(std::string_view payload, std::uint32_t records) {
  std::string group(log::kGroupHeaderBytes, '\0');
  group += payload;
  log::GroupHeader header;
  header.length = static_cast<std::uint32_t>(payload.size());
  header.sequence = 1;
  header.segment_id = kSegmentId;
  header.records = records;
  group.resize(log::padded_group_bytes(payload.size()));
  log::seal_group(header, group);
  return group;
}

void read_everything(store::Store& opened, Loop& loop) {
  std::size_t bytes = 0;
  opened.snapshot()->scan("", "", [&](const store::RecordPtr& record) {
    bytes += record->key().size() + record->uid().size() + record->body().size();
    for (const auto [name, value] : record->labels()) bytes += name.size() + value.size();
    for (const std::string_view owner : record->owner_uids()) bytes += owner.size();
    for (const auto [name, value] : record->fields()) bytes += name.size() + value.size();
    return true;
  });
  REQUIRE_PROPERTY(bytes < (64u << 20));
  auto watch = opened.watch("", opened.oldest_watchable(), loop, nullptr);
  REQUIRE_PROPERTY(watch.ok());
  for (int i = 0; i < 100; ++i) {
    store::Revision progress = 0;
    const auto events = (*watch)->next(64, progress);
    if (!events.ok() || events->empty()) break;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 60'000) return 0;
  const std::string rest(reinterpret_cast<const char*>(data) + 2, size - 2);
  world_sim::SimWorld world(1);
  Loop& loop = world.new_loop("fuzz");
  for (const char* folder : {"/data", "/data/log", "/data/snapshots"}) (void)world.disk().make_directories(folder);
  write(world.disk(), "/data/FORMAT", "plinth-store 1\n");
  switch (data[0] % 3) {
    case 0:
      write(world.disk(), "/data/snapshots/" + store::snapshot_name(1), rest);
      break;
    case 1:
      write(world.disk(), "/data/log/" + log::segment_name(1), segment(rest));
      break;
    default:
      write(world.disk(), "/data/log/" + log::segment_name(1), segment(whole_group(rest, data[1])));
      break;
  }
  store::StoreOptions options;
  options.directory = "/data";
  options.segment_bytes = kSegmentBytes;
  auto opened = store::make_store(options, world.world(), store::StoreWiring{nullptr, &loop});
  if (!opened.ok()) {
    REQUIRE_PROPERTY(!opened.error().message().empty());
    return 0;
  }
  read_everything(**opened, loop);
  return 0;
}
