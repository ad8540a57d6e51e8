#include "store/core_store.h"

#include <algorithm>
#include <future>

#include <fmt/core.h>

#include "base/directories.h"
#include "store/secrets.h"

namespace plinth::store {
namespace {

// Past any revision that a torn group can have held...
constexpr Revision kJumpAfterCut = 1ull << 20;
// ...and any that the source of a snapshot can have handed out since: 127 days of 100,000 writes a second.
constexpr Revision kJumpAfterRestore = 1ull << 40;
constexpr std::uint64_t kMemoryHistoryBytesMax = 32ull << 20;

HistoryOptions history_options(const StoreOptions& options, bool durable) {
  HistoryOptions out;
  if (!durable)
    out.hot_bytes_max = std::min(options.history_bytes_max, kMemoryHistoryBytesMax);
  else
    out.hot_bytes_max = std::min(options.history_bytes_max, out.hot_bytes_max);
  return out;
}

}  // namespace

CoreStore::CoreStore(StoreOptions options, const World& world, const StoreWiring& wiring,
                     const log::LogOptions::Sabotage& sabotage)
    : options_(std::move(options)),
      world_(world),
      wiring_(wiring),
      sabotage_(sabotage),
      codec_(wiring.sealer),
      embed_segments_(std::max<std::uint64_t>(1, options_.history_bytes_max / 4 / options_.segment_bytes)),
      history_(nullptr, codec_, history_options(options_, durable())) {}

CoreStore::~CoreStore() { close(); }

Result<void> CoreStore::open() {
  State state = durable() ? TRY(load()) : State();
  if (!options_.label_indexed.empty()) state.index_labels(options_.label_indexed);
  assemble(std::move(state));
  TRY(settle_revisions());
  if (directory_ && directory_->fresh()) TRY(directory_->mark_complete());
  queue_->start();
  if (housekeeper_ != nullptr) housekeeper_->start();
  return {};
}

Result<State> CoreStore::load() {
  directory_ = TRY(DataDirectory::open(*world_.disk, options_.directory));
  SnapshotInfo info;
  bool found = false;
  State state = TRY(load_snapshot(info, found));
  Loader loader(codec_, history_, std::move(state), info.group_sequence);
  TRY(open_log(loader, info.group_sequence));
  if (recovery_.fresh && !found && !directory_->fresh()) {
    return Error(
        Reason::kStoreReadError,
        fmt::format("{} holds no log and no snapshot, but was in use: its files are missing. Restore it from a snapshot or a "
                    "backup (plinth snapshot restore)",
                    options_.directory));
  }
  foreign_snapshot_ = info.foreign;
  snapshot_segment_ = !found ? 0 : info.foreign ? log_->first_segment() : info.segment;
  loader.finish(recovery_, log_->first_segment());
  return std::move(loader.state());
}

// The newest; older ones are what a crash left.
Result<State> CoreStore::load_snapshot(SnapshotInfo& info, bool& found) {
  const std::string folder = directory_->snapshots_path();
  TRY(make_durable_directories(*world_.disk, folder));
  std::string newest;
  for (const std::string& name : TRY(world_.disk->list(folder))) {
    if (snapshot_revision(name)) newest = std::max(newest, name);
  }
  found = !newest.empty();
  if (!found) return State();
  auto file = TRY(world_.disk->open(folder + "/" + newest, OpenMode::kRead));
  return read_snapshot(*file, folder + "/" + newest, codec_, info);
}

Result<void> CoreStore::open_log(Loader& loader, std::uint64_t covered_sequence) {
  log::LogOptions options;
  options.directory = directory_->log_path();
  options.segment_bytes = options_.segment_bytes;
  options.sabotage = sabotage_;
  log_ = TRY(log::Log::open(
      *world_.disk, *world_.entropy, std::move(options), covered_sequence,
      [&](const log::Group& group) { return loader.group(group); }, recovery_));
  history_.set_log(log_.get());
  return {};
}

void CoreStore::assemble(State state) {
  Writer::Parts parts;
  parts.log = log_.get();
  parts.codec = &codec_;
  parts.history = &history_;
  parts.clock = world_.clock;
  parts.bytes_max = options_.bytes_max;
  parts.embed_segments = embed_segments_;
  parts.needs_housekeeping = [this] { housekeeper_->notify(); };
  writer_ = std::make_unique<Writer>(std::move(parts), std::move(state));
  CommitQueueOptions queue;
  queue.queue_max = options_.queue_max;
  queue.group_bytes_max = options_.group_bytes_max;
  queue.inline_sync_ns_max = options_.inline_sync_ns_max;
  queue_ = std::make_shared<CommitQueue>(*writer_, wiring_.loop, queue);
  if (log_ == nullptr) return;
  Housekeeper::Parts keeping;
  keeping.disk = world_.disk;
  keeping.clock = world_.clock;
  keeping.log = log_.get();
  keeping.history = &history_;
  keeping.writer = writer_.get();
  keeping.codec = &codec_;
  keeping.loop = wiring_.loop;
  keeping.snapshots_path = directory_->snapshots_path();
  keeping.history_bytes_max = options_.history_bytes_max;
  keeping.segment_bytes = options_.segment_bytes;
  keeping.snapshot_tail_bytes_min = options_.snapshot_tail_bytes_min;
  keeping.embed_segments = embed_segments_;
  housekeeper_ = std::make_shared<Housekeeper>(std::move(keeping), snapshot_segment_);
}

// No revision that anyone may have seen is handed out again.
Result<void> CoreStore::settle_revisions() {
  if (log_ == nullptr) return {};
  const Revision revision = writer_->published()->revision();
  if (foreign_snapshot_ && recovery_.groups == 0) return writer_->write_floor(revision + kJumpAfterRestore);
  if (recovery_.tail_cut) return writer_->write_floor(revision + kJumpAfterCut);
  return {};
}

void CoreStore::commit(Transaction transaction, Loop& loop, CommitDone done) {
  Pending pending;
  pending.loop = &loop;
  pending.done = std::move(done);
  for (Write& write : transaction.writes) {
    pending.records.emplace_back();
    const std::optional<EncodedObject>& object = write.put ? write.put : write.last_state;
    if (!object) continue;
    auto built = RecordBuilder::build(write.key, *object);
    if (!built.ok()) {
      CommitOutcome outcome;
      outcome.error = std::move(built).error();
      loop.post([done = std::move(pending.done), outcome = std::move(outcome)]() mutable { done(std::move(outcome)); });
      return;
    }
    pending.records.back() = std::move(built).value();
    pending.bytes += pending.records.back()->bytes().size();
    if (write.put) write.put->body = std::string();  // the record has it
  }
  pending.transaction = std::move(transaction);
  queue_->push(std::move(pending));
}

Result<std::unique_ptr<Watch>> CoreStore::watch(std::string_view prefix, Revision after, Loop& loop, Task wake) {
  return history_.watch(prefix, after, loop, std::move(wake));
}

PublishedTicket CoreStore::when_published(Revision revision, Loop& loop, Task task) {
  return writer_->when_published(revision, loop, std::move(task));
}

void CoreStore::forget(const PublishedTicket& ticket) { writer_->forget(ticket); }

Result<void> CoreStore::save_snapshot(const std::string& path) {
  SnapshotInfo info;
  StateSnapshotPtr snapshot = writer_->published(info.group_sequence, info.segment);
  info.foreign = true;
  auto writer = TRY(SnapshotWriter::create(*world_.disk, path, codec_, std::move(snapshot), info));
  while (TRY(writer->step())) {
  }
  return writer->finish();
}

// Between two groups: what is written from now on is in segments without the old key.
Result<void> CoreStore::begin_new_segment() {
  auto change = [this]() -> Result<void> {
    TRY(writer_->move_on());
    return writer_->write_floor(writer_->published()->revision());
  };
  if (wiring_.loop != nullptr) return change();
  std::promise<Result<void>> done;
  auto result = done.get_future();
  if (!queue_->run_exclusive([&] { done.set_value(change()); })) {
    return Error(Reason::kServiceUnavailable, "the store is shutting down");
  }
  return result.get();
}

Result<void> CoreStore::rotate_key() {
  if (wiring_.sealer == nullptr || log_ == nullptr)
    return bad_request("this store encrypts nothing, so there is no key to rotate");
  TRY(wiring_.sealer->rotate());
  TRY(begin_new_segment());
  TRY(housekeeper_->rewrite_everything());
  return wiring_.sealer->forget_old();
}

void CoreStore::close() {
  if (std::exchange(closed_, true)) return;
  if (queue_ != nullptr) queue_->close();
  if (housekeeper_ != nullptr) housekeeper_->stop();
  if (writer_ != nullptr && log_ != nullptr && writer_->counts().groups > 0) (void)writer_->write_end();
}

Store::Stats CoreStore::stats() const {
  Stats out;
  const Writer::Counts& counts = writer_->counts();
  out.commits = counts.commits;
  out.groups = counts.groups;
  out.log_bytes = counts.log_bytes;
  out.sync_ns_total = counts.sync_ns;
  out.history_bytes = log_ != nullptr ? log_->bytes() : history_.memory_bytes();
  out.snapshots = housekeeper_ != nullptr ? housekeeper_->snapshots() : 0;
  out.read_only_reason = writer_->failure();
  out.read_only = !out.read_only_reason.empty();
  return out;
}

Result<std::unique_ptr<Store>> make_store_for_test(const StoreOptions& options, const World& world, const StoreWiring& wiring,
                                                   const log::LogOptions::Sabotage& sabotage) {
  auto store = std::make_unique<CoreStore>(options, world, wiring, sabotage);
  TRY(store->open());
  return std::unique_ptr<Store>(std::move(store));
}

Result<std::unique_ptr<Store>> make_store(const StoreOptions& options, const World& world, const StoreWiring& wiring) {
  return make_store_for_test(options, world, wiring, {});
}

namespace {

// The key file of the source, under the name of the snapshot file and ".keys", unless the directory already has one.
Result<void> bring_keys(Disk& disk, const std::string& snapshot_file, const std::string& directory) {
  constexpr std::uint64_t kKeyFileBytesMax = 16 << 20;
  const std::string target = fmt::format("{}/{}", directory, kKeyFileName);
  if (read_file(disk, target, kKeyFileBytesMax).ok()) return {};
  const auto keys = read_file(disk, snapshot_file + ".keys", kKeyFileBytesMax);
  if (keys.ok()) return write_file_atomically(disk, target, keys.value(), 0600);
  return Error(Reason::kNotFound,
               fmt::format("{} holds encrypted records; copy {} of the data directory that it was made from to {}.keys",
                           snapshot_file, kKeyFileName, snapshot_file));
}

}  // namespace

Result<void> restore_snapshot(const World& world, const std::string& snapshot_file, const std::string& directory) {
  DataDirectory target = TRY(DataDirectory::open(*world.disk, directory));
  TRY(make_durable_directories(*world.disk, target.snapshots_path()));
  TRY(make_durable_directories(*world.disk, target.log_path()));
  const bool empty = target.fresh() && TRY(world.disk->list(target.snapshots_path())).empty() &&
                     TRY(world.disk->list(target.log_path())).empty();
  if (!empty) return Error(Reason::kConflict, fmt::format("{} is not empty; restore into a new directory", directory));
  const std::string copy = target.snapshots_path() + "/" + snapshot_name(1);
  bool sealed = false;
  auto copied = copy_snapshot_as_foreign(*world.disk, snapshot_file, copy + ".tmp", sealed);
  if (!copied.ok()) {
    (void)world.disk->remove(copy + ".tmp");
    return copied;
  }
  if (sealed) TRY(bring_keys(*world.disk, snapshot_file, directory));
  TRY(world.disk->rename(copy + ".tmp", copy));
  TRY(world.disk->sync_directory(target.snapshots_path()));
  TRY(world.disk->sync_directory(directory));
  return target.mark_complete();
}

}  // namespace plinth::store
