#include "csi_driver/volume_book.h"

#include <algorithm>
#include <filesystem>

#include "base/json.h"

namespace plinth::csi_driver {
namespace {

constexpr std::string_view kVolumes = "volumes", kSnapshots = "snapshots";
constexpr std::string_view kPreparing = ".new-", kRemoving = ".gone-";
constexpr std::uint64_t kRecordBytesMax = 64 * 1024;

void put(std::string& out, std::string_view key, std::string_view value) {
  out += out.empty() ? "{" : ",";
  append_json_string(out, key);
  out += ":";
  append_json_string(out, value);
}

std::string print(const VolumeRecord& record) {
  std::string out;
  put(out, "id", record.id);
  put(out, "name", record.name);
  put(out, "bytes", std::to_string(record.bytes));
  put(out, "fsType", record.fs_type);
  put(out, "sourceVolume", record.source_volume);
  put(out, "sourceSnapshot", record.source_snapshot);
  return out + "}\n";
}

std::string print(const SnapshotRecord& record) {
  std::string out;
  put(out, "id", record.id);
  put(out, "name", record.name);
  put(out, "bytes", std::to_string(record.bytes));
  put(out, "fsType", record.fs_type);
  put(out, "sourceVolume", record.source_volume);
  put(out, "createdNs", std::to_string(record.created_ns));
  return out + "}\n";
}

std::int64_t number(const Value& value) { return std::strtoll(std::string(value.as_string()).c_str(), nullptr, 10); }

Result<void> remove_tree(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) return internal_error("remove " + path + ": " + error.message());
  return {};
}

template <typename Map>
auto named(const Map& map, const std::string& name) {
  using Record = typename Map::mapped_type;
  const auto it = std::find_if(map.begin(), map.end(), [&](const auto& entry) { return entry.second.name == name; });
  return it == map.end() ? std::optional<Record>() : std::optional<Record>(it->second);
}
template <typename Map>
auto at(const Map& map, const std::string& id) {
  using Record = typename Map::mapped_type;
  const auto it = map.find(id);
  return it == map.end() ? std::optional<Record>() : std::optional<Record>(it->second);
}
template <typename Map>
auto all(const Map& map) {
  std::vector<typename Map::mapped_type> out;
  for (const auto& [id, record] : map) out.push_back(record);
  return out;
}

}  // namespace

Result<std::unique_ptr<VolumeBook>> VolumeBook::open(Disk& disk, std::string directory) {
  std::unique_ptr<VolumeBook> book(new VolumeBook(disk, std::move(directory)));
  for (const std::string_view kind : {kVolumes, kSnapshots})
    TRY(disk.make_directories(book->directory_ + "/" + std::string(kind), 0700));
  TRY(book->load());
  return book;
}

Result<void> VolumeBook::load() {
  for (const std::string_view kind : {kVolumes, kSnapshots}) TRY(load_kind(std::string(kind)));
  return {};
}

Result<void> VolumeBook::load_kind(const std::string& kind) {
  const std::string folder = directory_ + "/" + kind;
  for (const std::string& name : TRY(disk_.list(folder))) {
    if (name.starts_with(kPreparing) || name.starts_with(kRemoving)) {
      TRY(remove_tree(folder + "/" + name));
      continue;
    }
    const std::string path = folder + "/" + name + "/record.json";
    const std::string text = TRY(read_file(disk_, path, kRecordBytesMax));
    auto parsed = parse_json(text);
    if (!parsed.ok()) return internal_error(path + " is damaged: " + parsed.error().message());
    const Value& record = parsed->root();
    if (record["id"].as_string() != name) return internal_error(path + " is damaged: it is another entry's");
    const std::string fs_type(record["fsType"].as_string()), given(record["name"].as_string());
    const std::string source(record["sourceVolume"].as_string());
    if (kind == kVolumes) {
      volumes_[name] = {name,    given,  number(record["bytes"]),
                        fs_type, source, std::string(record["sourceSnapshot"].as_string())};
    } else {
      snapshots_[name] = {name, given, source, number(record["bytes"]), fs_type, number(record["createdNs"])};
    }
  }
  return {};
}

std::optional<VolumeRecord> VolumeBook::volume(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  return at(volumes_, id);
}
std::optional<VolumeRecord> VolumeBook::volume_named(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  return named(volumes_, name);
}
std::vector<VolumeRecord> VolumeBook::volumes() const {
  const std::lock_guard lock(mutex_);
  return all(volumes_);
}
std::optional<SnapshotRecord> VolumeBook::snapshot(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  return at(snapshots_, id);
}
std::optional<SnapshotRecord> VolumeBook::snapshot_named(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  return named(snapshots_, name);
}
std::vector<SnapshotRecord> VolumeBook::snapshots() const {
  const std::lock_guard lock(mutex_);
  return all(snapshots_);
}

std::string VolumeBook::volume_image(const std::string& id) const { return directory_ + "/volumes/" + id + "/image"; }
std::string VolumeBook::snapshot_image(const std::string& id) const { return directory_ + "/snapshots/" + id + "/image"; }

// Both kinds are prepared beside the volumes: one filesystem, so that a rename is enough.
Result<std::string> VolumeBook::prepare(const std::string& id) {
  const std::string path = directory_ + "/volumes/" + std::string(kPreparing) + id;
  TRY(disk_.make_directories(path, 0700));
  return path;
}

void VolumeBook::drop(const std::string& id) { (void)remove_tree(directory_ + "/volumes/" + std::string(kPreparing) + id); }

Result<void> VolumeBook::publish(const std::string& id, const std::string& kind, const std::string& record) {
  const std::string from = directory_ + "/volumes/" + std::string(kPreparing) + id;
  TRY(write_file_atomically(disk_, from + "/record.json", record));
  TRY(disk_.rename(from, directory_ + "/" + kind + "/" + id));
  TRY(disk_.sync_directory(directory_ + "/volumes"));
  return disk_.sync_directory(directory_ + "/" + kind);
}

Result<void> VolumeBook::keep(const VolumeRecord& record) {
  TRY(publish(record.id, std::string(kVolumes), print(record)));
  const std::lock_guard lock(mutex_);
  volumes_[record.id] = record;
  return {};
}

Result<void> VolumeBook::keep(const SnapshotRecord& record) {
  TRY(publish(record.id, std::string(kSnapshots), print(record)));
  const std::lock_guard lock(mutex_);
  snapshots_[record.id] = record;
  return {};
}

Result<void> VolumeBook::resize(const std::string& id, std::int64_t bytes) {
  auto record = volume(id);
  if (!record) return Error(Reason::kNotFound, "no volume " + id);
  record->bytes = bytes;
  TRY(write_file_atomically(disk_, directory_ + "/volumes/" + id + "/record.json", print(*record)));
  const std::lock_guard lock(mutex_);
  volumes_[id] = *record;
  return {};
}

Result<void> VolumeBook::remove_volume(const std::string& id) {
  const std::string gone = TRY(set_aside(std::string(kVolumes), id));
  {
    const std::lock_guard lock(mutex_);
    volumes_.erase(id);
  }
  return remove_tree(gone);
}

Result<void> VolumeBook::remove_snapshot(const std::string& id) {
  const std::string gone = TRY(set_aside(std::string(kSnapshots), id));
  {
    const std::lock_guard lock(mutex_);
    snapshots_.erase(id);
  }
  return remove_tree(gone);
}

// After this the entry does not exist; what is left of it is removed now or by the next start.
Result<std::string> VolumeBook::set_aside(const std::string& kind, const std::string& id) {
  const std::string folder = directory_ + "/" + kind;
  const std::string gone = folder + "/" + std::string(kRemoving) + id;
  TRY(disk_.rename(folder + "/" + id, gone));
  TRY(disk_.sync_directory(folder));
  return gone;
}

}  // namespace plinth::csi_driver
