#include "log/log.h"

#include <algorithm>

#include <fmt/core.h>

#include "log/segment.h"

namespace plinth::log {
namespace {

// Synced piece by piece: the syncs of commits queue up behind those of a segment being made, so each of these must be short.
constexpr std::uint64_t kZeroChunkBytes = 256 << 10;

Error named(Error error, const std::string& what) {
  error.set_message(fmt::format("{}: {}", what, error.message()));
  return error;
}

Result<void> write_zeros(File& file, std::uint64_t from, std::uint64_t to) {
  const std::string zeros(std::min(kZeroChunkBytes, to - from), '\0');
  for (std::uint64_t at = from; at < to; at += zeros.size()) {
    TRY(file.write_at(at, std::string_view(zeros).substr(0, std::min<std::uint64_t>(zeros.size(), to - at))));
    TRY(file.sync());
  }
  return {};
}

}  // namespace

Log::Log(Disk& disk, Entropy& entropy, LogOptions options) : disk_(disk), entropy_(entropy), options_(std::move(options)) {}
Log::~Log() = default;

std::string Log::path_of(std::uint64_t number) const { return options_.directory + "/" + segment_name(number); }

std::uint64_t Log::random_id() {
  std::uint64_t id = 0;
  entropy_.fill({reinterpret_cast<unsigned char*>(&id), sizeof id});
  return id;
}

std::uint64_t Log::next_number() const {
  std::lock_guard lock(mutex_);
  if (!spares_.empty()) return spares_.back()->number() + 1;
  return segments_.empty() ? 1 : segments_.back()->number() + 1;
}

Result<Log::SegmentPtr> Log::create_segment(std::uint64_t number) {
  const std::string path = path_of(number);
  auto make = [&]() -> Result<SegmentPtr> {
    const std::uint64_t id = random_id();
    auto file = TRY(disk_.open(path, OpenMode::kCreate));
    const std::string header = encode(SegmentHeader{id, number, log_id_});
    TRY(file->write_at(0, header));
    TRY(write_zeros(*file, header.size(), options_.segment_bytes));
    TRY(file->sync());
    TRY(disk_.sync_directory(options_.directory));
    return std::make_shared<Segment>(number, id, options_.segment_bytes, std::move(file));
  };
  auto made = make();
  if (!made.ok()) {
    (void)disk_.remove(path);  // a half-made segment would only hold space; the next open removes it too
    return named(std::move(made).error(), "making the log segment " + path);
  }
  return made;
}

// The file keeps its blocks, so the writer overwrites in place; its old groups carry the old segment id.
Result<Log::SegmentPtr> Log::recycle_segment(const SegmentPtr& old, std::uint64_t number) {
  const std::string path = path_of(number);
  TRY(disk_.rename(path_of(old->number()), path));
  const std::uint64_t id = random_id();
  auto file = TRY(disk_.open(path, OpenMode::kReadWrite));
  TRY(file->write_at(0, encode(SegmentHeader{id, number, log_id_})));
  TRY(file->sync());
  TRY(disk_.sync_directory(options_.directory));
  return std::make_shared<Segment>(number, id, old->capacity(), std::move(file));
}

bool Log::has_spare() const {
  std::lock_guard lock(mutex_);
  return !spares_.empty();
}

// A reader may still hold a retired segment; such a file is left alone until it is done.
Log::SegmentPtr Log::take_recyclable() {
  std::lock_guard lock(mutex_);
  for (auto it = retired_.begin(); it != retired_.end(); ++it) {
    if (it->use_count() != 1 || (*it)->capacity() != options_.segment_bytes) continue;
    SegmentPtr found = std::move(*it);
    retired_.erase(it);
    return found;
  }
  return nullptr;
}

Result<void> Log::prepare_spare() {
  std::lock_guard making(spare_mutex_);
  if (!has_spare()) {
    const std::uint64_t number = next_number();
    const SegmentPtr old = take_recyclable();
    auto made = old != nullptr ? recycle_segment(old, number) : create_segment(number);
    if (!made.ok() && old != nullptr) made = create_segment(number);
    if (!made.ok()) return std::move(made).error();
    std::lock_guard lock(mutex_);
    spares_.push_back(std::move(made).value());
  }
  return remove_retired();
}

Result<void> Log::remove_retired() {
  std::vector<SegmentPtr> going;
  {
    std::lock_guard lock(mutex_);
    going.swap(retired_);
  }
  if (going.empty()) return {};
  for (const SegmentPtr& segment : going)
    TRY(disk_.remove(path_of(segment->number())));  // what stays is removed by the next open
  return disk_.sync_directory(options_.directory);
}

Result<Log::SegmentPtr> Log::take_spare() {
  for (int attempt = 0; attempt < 2; ++attempt) {
    {
      std::lock_guard lock(mutex_);
      if (!spares_.empty()) {
        SegmentPtr spare = spares_.front();
        spares_.pop_front();
        segments_.push_back(spare);
        return spare;
      }
    }
    if (attempt == 0) TRY(prepare_spare());
  }
  return internal_error("the log made no spare segment");
}

Result<void> Log::rotate() {
  active_ = TRY(take_spare());
  position_ = kFirstGroupOffset;
  active_number_.store(active_->number(), std::memory_order_release);
  return {};
}

Result<Address> Log::begin(std::uint64_t payload_bytes) {
  if (!failure_.empty()) return Error(Reason::kServiceUnavailable, failure_);
  const bool fits = position_ + padded_group_bytes(payload_bytes) <= active_->capacity();
  // A group larger than a segment gets one for itself, which grows.
  if (!fits && position_ > kFirstGroupOffset) {
    auto rotated = rotate();
    if (!rotated.ok()) return Error(Reason::kInsufficientStorage, rotated.error().message());
  }
  return make_address(active_->number(), position_ + kGroupHeaderBytes);
}

Result<void> Log::append(std::string& group, std::uint32_t records, std::uint64_t tag) {
  if (!failure_.empty()) return Error(Reason::kServiceUnavailable, failure_);
  GroupHeader header;
  header.length = static_cast<std::uint32_t>(group.size() - kGroupHeaderBytes);
  header.previous_crc = last_crc_;
  header.sequence = last_sequence_ + 1;
  header.segment_id = active_->id();
  header.records = records;
  header.tag = tag;
  group.resize(padded_group_bytes(header.length), '\0');
  const std::uint32_t crc = seal_group(header, group);
  auto done = active_->file().write_at(position_, group);
  const bool full = !done.ok() && done.error().reason() == Reason::kInsufficientStorage;
  if (done.ok() && !options_.sabotage.skip_sync) done = active_->file().sync();
  if (!done.ok()) {
    if (full) return named(std::move(done).error(), "writing the log");
    failure_ = fmt::format("the log in {} could not be made durable ({}); nothing more is written: check the disk and restart",
                           options_.directory, done.error().message());
    return Error(Reason::kServiceUnavailable, failure_);
  }
  position_ += group.size();
  last_sequence_ = header.sequence;
  last_crc_ = crc;
  return {};
}

Result<std::string> Log::read(Address address, std::uint64_t bytes) const {
  SegmentPtr segment;
  {
    std::lock_guard lock(mutex_);
    const std::uint64_t first = segments_.empty() ? 0 : segments_.front()->number();
    const std::uint64_t index = segment_of(address) - first;
    if (segment_of(address) < first || index >= segments_.size()) {
      return Error(Reason::kExpired, "the log no longer holds this record");
    }
    segment = segments_[index];
  }
  std::string out(bytes, '\0');
  const std::size_t read = TRY(segment->file().read_at(offset_of(address), {out.data(), out.size()}));
  if (read != bytes)
    return Error(Reason::kStoreReadError, fmt::format("{} is shorter than its records", path_of(segment->number())));
  return out;
}

void Log::retire(std::uint64_t first_kept) {
  std::lock_guard lock(mutex_);
  while (segments_.size() > 1 && segments_.front()->number() < first_kept) {
    retired_.push_back(std::move(segments_.front()));
    segments_.pop_front();
  }
}

Result<void> Log::purge() {
  std::lock_guard making(spare_mutex_);
  {
    std::lock_guard lock(mutex_);
    while (!spares_.empty()) {
      retired_.push_back(std::move(spares_.front()));
      spares_.pop_front();
    }
  }
  return remove_retired();
}

std::uint64_t Log::first_segment() const {
  std::lock_guard lock(mutex_);
  return segments_.empty() ? 0 : segments_.front()->number();
}

std::uint64_t Log::bytes() const {
  std::lock_guard lock(mutex_);
  std::uint64_t total = 0;
  for (const SegmentPtr& segment : segments_) total += segment->capacity();
  return total;
}

}  // namespace plinth::log
