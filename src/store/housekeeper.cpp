#include "store/housekeeper.h"

#include <algorithm>

#include "base/directories.h"

namespace plinth::store {
namespace {

// A snapshot is written at most this fast, so that commits keep most of the disk: one block, then a pause.
constexpr Duration kBlockPause = std::chrono::milliseconds(1);
// The log may grow faster than that: the further it is beyond the point where the snapshot was begun, the more blocks in a row.
constexpr std::uint64_t kBlocksWhenOverdue = 32;
// Dirty pages that a sync may find; large ones would make the log's syncs wait.
constexpr std::uint64_t kSyncEveryBytes = 4 << 20;

}  // namespace

Housekeeper::Housekeeper(Parts parts, std::uint64_t snapshot_segment)
    : parts_(std::move(parts)), snapshot_segment_(snapshot_segment) {}
Housekeeper::~Housekeeper() { stop(); }

void Housekeeper::start() {
  if (parts_.loop == nullptr) thread_ = std::thread([this] { run_thread(); });
  notify();
}

void Housekeeper::notify() {
  std::lock_guard lock(mutex_);
  if (stopping_) return;
  notified_ = true;
  if (parts_.loop == nullptr) return changed_.notify_one();
  if (!std::exchange(posted_, true)) post_step(Duration::zero());
}

// The mutex is held.
void Housekeeper::post_step(Duration delay) {
  auto step = [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr) return;
    {
      std::lock_guard lock(self->mutex_);
      self->notified_ = false;
      if (self->stopping_) return;
    }
    const bool more = self->work();
    std::lock_guard lock(self->mutex_);
    self->posted_ = more || self->notified_;
    if (self->posted_) self->post_step(kBlockPause);
  };
  if (delay == Duration::zero()) return parts_.loop->post(std::move(step));
  parts_.loop->after(delay, std::move(step));
}

void Housekeeper::run_thread() {
  bool more = false;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      if (more)
        changed_.wait_for(lock, kBlockPause, [&] { return stopping_; });
      else
        changed_.wait(lock, [&] { return stopping_ || notified_; });
      if (stopping_) return;
      notified_ = false;
    }
    more = work();
  }
}

void Housekeeper::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  std::lock_guard work(work_mutex_);
  writing_.reset();
}

bool Housekeeper::work() {
  std::lock_guard lock(work_mutex_);
  keep_spare();
  let_go();
  keep_spare();
  if (writing_ == nullptr) {
    if (!wants_snapshot()) return false;
    const auto begun = begin_snapshot();
    note(begun);
    return begun.ok();
  }
  const auto more = step_snapshot();
  if (!more.ok()) {
    note(more.error().clone());
    writing_.reset();
    return false;  // tried again when the log moves on
  }
  return true;
}

// The history may keep what it wants while there is room; on a full disk only what the snapshot needs stays.
void Housekeeper::let_go() {
  const std::uint64_t active = parts_.log->active_segment();
  const std::uint64_t segments = parts_.history_bytes_max / parts_.segment_bytes + 1 + parts_.embed_segments;
  const std::uint64_t for_history = active > segments ? active - segments : 1;
  const std::uint64_t for_recovery = std::max<std::uint64_t>(snapshot_segment_, 1);
  const std::uint64_t first_kept = parts_.writer->growth_refused() ? for_recovery : std::min(for_history, for_recovery);
  if (first_kept <= parts_.log->first_segment()) return;
  parts_.history->trim(first_kept);
  parts_.log->retire(first_kept);
}

void Housekeeper::keep_spare() {
  const auto made = parts_.log->prepare_spare();
  if (made.ok()) {
    if (parts_.writer->growth_refused()) parts_.writer->refuse_growth("");
  } else {
    parts_.writer->refuse_growth("the disk is full, so only deletions and leases are accepted: " + made.error().message());
  }
}

// A full disk is one without room for a segment: what is asked of it for a snapshot must be less. Headers and rounding are
// meant.
constexpr std::uint64_t kSnapshotRoom = 16 << 10;

bool Housekeeper::wants_snapshot() const {
  const std::uint64_t active = parts_.log->active_segment();
  const std::uint64_t from = snapshot_segment_ != 0 ? snapshot_segment_ : parts_.log->first_segment();
  const std::uint64_t tail = (active - from) * parts_.segment_bytes;
  const std::uint64_t live = parts_.writer->published()->object_bytes();
  if (tail > std::max(parts_.snapshot_tail_bytes_min, live / 2)) return true;
  // On a full disk any snapshot that fits and gives segments back is worth it.
  if (!parts_.writer->growth_refused() || tail < 2 * parts_.segment_bytes) return false;
  const auto free = parts_.disk->free_bytes(parts_.snapshots_path);
  return free.ok() && *free > live + live / 8 + kSnapshotRoom;
}

Result<void> Housekeeper::begin_snapshot() {
  SnapshotInfo info;
  StateSnapshotPtr snapshot = parts_.writer->published(info.group_sequence, info.segment);
  writing_segment_ = info.segment;
  synced_bytes_ = 0;
  const std::string path = parts_.snapshots_path + "/" + snapshot_name(snapshot->revision());
  TRY(make_durable_directories(*parts_.disk, parts_.snapshots_path));
  writing_ = TRY(SnapshotWriter::create(*parts_.disk, path, *parts_.codec, std::move(snapshot), info));
  return {};
}

Result<bool> Housekeeper::step_snapshot() {
  const std::uint64_t since = (parts_.log->active_segment() - writing_segment_) * parts_.segment_bytes;
  const std::uint64_t blocks = 1 + kBlocksWhenOverdue * since / std::max<std::uint64_t>(parts_.snapshot_tail_bytes_min, 1);
  for (std::uint64_t i = 0; i < blocks; ++i) {
    if (!TRY(writing_->step())) {
      TRY(end_snapshot());
      return true;
    }
    if (writing_->bytes() - synced_bytes_ < kSyncEveryBytes) continue;
    synced_bytes_ = writing_->bytes();
    TRY(writing_->sync());
  }
  return true;
}

Result<void> Housekeeper::end_snapshot() {
  TRY(writing_->finish());
  const std::string kept = writing_->name();
  writing_.reset();
  snapshot_segment_ = writing_segment_;
  ++snapshots_;
  return remove_other_snapshots(kept);
}

Result<void> Housekeeper::remove_other_snapshots(const std::string& kept) {
  for (const std::string& name : TRY(parts_.disk->list(parts_.snapshots_path))) {
    if (name != kept) TRY(parts_.disk->remove(parts_.snapshots_path + "/" + name));
  }
  return parts_.disk->sync_directory(parts_.snapshots_path);
}

Result<void> Housekeeper::rewrite_everything() {
  std::lock_guard lock(work_mutex_);
  writing_.reset();
  TRY(begin_snapshot());
  while (TRY(writing_->step())) {
  }
  TRY(end_snapshot());
  parts_.history->trim(snapshot_segment_);
  parts_.log->retire(snapshot_segment_);
  TRY(parts_.log->purge());
  return parts_.log->prepare_spare();
}

void Housekeeper::note(const Result<void>& result) {
  std::lock_guard lock(mutex_);
  last_error_ = result.ok() ? "" : result.error().message();
}

std::string Housekeeper::last_error() const {
  std::lock_guard lock(mutex_);
  return last_error_;
}

}  // namespace plinth::store
