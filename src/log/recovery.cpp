#include "log/recovery.h"

#include <algorithm>
#include <cstring>

#include <fmt/core.h>

#include "base/directories.h"

namespace plinth::log {
namespace {

constexpr std::uint64_t kAnyId = 0;  // matches every segment id
// A segment that is hardly used is zeros to its end: groups are read in steps of this, the rest is looked at through a window
// of it.
constexpr std::uint64_t kStepBytes = 256 * 1024;

// The first place from `at` on, in steps of groups, that is not all zeros.
std::size_t skip_zeros(std::string_view bytes, std::size_t at) {
  for (; at + kGroupAlignment <= bytes.size(); at += kGroupAlignment) {
    std::uint64_t a = 0, b = 0;
    static_assert(kGroupAlignment == 2 * sizeof a);
    std::memcpy(&a, bytes.data() + at, sizeof a);
    std::memcpy(&b, bytes.data() + at + sizeof a, sizeof b);
    if ((a | b) != 0) break;
  }
  return at;
}

}  // namespace

Recoverer::Recoverer(Log& log, std::uint64_t covered_sequence, const Log::Visit& visit, Recovery& recovery)
    : log_(log), covered_sequence_(covered_sequence), visit_(visit), recovery_(recovery) {}

Error Recoverer::damage(const std::string& path, std::uint64_t at, const std::string& what) const {
  return Error(Reason::kStoreReadError,
               fmt::format("{} is damaged at byte {}: {}. Nothing was changed. Restore the data directory from a snapshot or a "
                           "backup (plinth snapshot restore); keep this one for inspection",
                           path, at, what));
}

Result<Recoverer::Found> Recoverer::inspect(std::uint64_t number) {
  Found found{number, nullptr, log_.path_of(number)};
  auto file = TRY(log_.disk_.open(found.path, OpenMode::kReadWrite));
  std::string bytes(kFirstGroupOffset, '\0');
  bytes.resize(TRY(file->read_at(0, {bytes.data(), bytes.size()})));
  bool newer = false;
  const auto header = decode_segment_header(bytes, newer);
  if (newer)
    return Error(Reason::kStoreReadError, found.path + " was written by a newer version of this program; start that one");
  // A recycled file that had got its new name but not yet its new header is as good as absent.
  if (header && header->number != number) {
    leftovers_.push_back(found.path);
    found.number = 0;
    return found;
  }
  if (header) {
    if (log_.log_id_ == 0) log_.log_id_ = header->log_id;
    if (header->log_id != log_.log_id_) return damage(found.path, 0, "it belongs to another log");
    const std::uint64_t size = TRY(file->size());
    found.segment = std::make_shared<Segment>(number, header->segment_id, size, std::move(file));
  }
  return found;
}

Result<void> Recoverer::find_segments() {
  for (const std::string& name : TRY(log_.disk_.list(log_.options_.directory))) {
    const auto number = segment_number(name);
    if (!number || *number == 0) continue;
    Found found = TRY(inspect(*number));
    if (found.number != 0) found_.push_back(std::move(found));
  }
  std::sort(found_.begin(), found_.end(), [](const Found& a, const Found& b) { return a.number < b.number; });
  drop_before_gap();
  return {};
}

// Segments are retired oldest first, but a directory may have lost the removals in any order. What must not be missing is found
// out by the sequence numbers.
void Recoverer::drop_before_gap() {
  std::size_t begin = found_.empty() ? 0 : found_.size() - 1;
  while (begin > 0 && found_[begin - 1].number + 1 == found_[begin].number) --begin;
  for (std::size_t i = 0; i < begin; ++i) leftovers_.push_back(found_[i].path);
  found_.erase(found_.begin(), found_.begin() + static_cast<std::ptrdiff_t>(begin));
}

// Of the segment being read; less than `wanted` at its end only.
Result<std::string_view> Recoverer::bytes_at(std::uint64_t at, std::uint64_t wanted) {
  const std::uint64_t end = std::min(file_bytes_, at + wanted);
  if (end > bytes_.size()) {
    const std::uint64_t have = bytes_.size();
    bytes_.resize(std::min(file_bytes_, std::max(end, have + kStepBytes)));
    const std::size_t got = TRY(file_->read_at(have, {bytes_.data() + have, bytes_.size() - have}));
    if (have + got < bytes_.size()) {
      file_bytes_ = have + got;
      bytes_.resize(file_bytes_);
    }
  }
  return at < bytes_.size() ? std::string_view(bytes_).substr(at, wanted) : std::string_view();
}

// Whether a whole group stands at `at` that continues what was read so far.
Result<bool> Recoverer::next_group(const Segment& segment, std::uint64_t at, GroupHeader& header) {
  const auto decoded = decode_group_header(TRY(bytes_at(at, kGroupHeaderBytes)));
  if (!decoded || decoded->segment_id != segment.id() || at + padded_group_bytes(decoded->length) > file_bytes_) return false;
  header = *decoded;
  const std::string_view rest = TRY(bytes_at(at, padded_group_bytes(decoded->length)));
  if (recovery_.groups > 0 && (header.sequence != log_.last_sequence_ + 1 || header.previous_crc != log_.last_crc_))
    return false;
  return log_.options_.sabotage.skip_checksum || group_checksum_fits(header, rest);
}

// Whether a whole group later than the last one stands anywhere from `from` on. The next one was only written after the sync of
// the one before had returned, so then what is missing had been durable.
Result<bool> Recoverer::later_group(std::uint64_t from, std::uint64_t segment_id) {
  const std::uint64_t last = recovery_.groups > 0 ? log_.last_sequence_ : covered_sequence_;
  std::string window, group;
  for (std::uint64_t begin = from; begin + kGroupHeaderBytes <= file_bytes_; begin += kStepBytes) {
    window.resize(
        std::min(file_bytes_ - begin, kStepBytes + kGroupHeaderBytes));  // the next window begins where no header fits
    window.resize(TRY(file_->read_at(begin, {window.data(), window.size()})));
    for (std::size_t at = skip_zeros(window, 0); at < kStepBytes && at + kGroupHeaderBytes <= window.size();
         at = skip_zeros(window, at + kGroupAlignment)) {
      const auto header = decode_group_header(std::string_view(window).substr(at));
      if (!header || (segment_id != kAnyId && header->segment_id != segment_id)) continue;
      const std::uint64_t bytes = padded_group_bytes(header->length);
      if (header->sequence <= last || begin + at + bytes > file_bytes_) continue;
      group.resize(bytes);
      const std::size_t got = TRY(file_->read_at(begin + at, {group.data(), group.size()}));
      if (got == bytes && group_checksum_fits(*header, group)) return true;
    }
  }
  return false;
}

Result<void> Recoverer::stop_at(const Found& found, std::uint64_t at) {
  if (TRY(later_group(at, found.segment->id()))) {
    return damage(found.path, at, fmt::format("group {} cannot be read, but a later one can", log_.last_sequence_ + 1));
  }
  const auto header = decode_group_header(TRY(bytes_at(at, kGroupHeaderBytes)));
  const bool torn = header && header->segment_id == found.segment->id();
  if (active_ == found.segment) {
    position_ = at;
    torn_ = torn;
  } else if (torn) {
    torn_ = true;  // the first group of a segment that was just moved on to
  }
  return {};
}

Result<void> Recoverer::read_groups(const Found& found) {
  std::uint64_t at = kFirstGroupOffset;
  GroupHeader header;
  while (TRY(next_group(*found.segment, at, header))) {
    if (recovery_.groups == 0) {
      recovery_.first_sequence = header.sequence;
      if (header.sequence > covered_sequence_ + 1) {
        return damage(found.path, at,
                      fmt::format("the log begins with group {} but group {} is needed: an older segment is missing",
                                  header.sequence, covered_sequence_ + 1));
      }
    }
    ++recovery_.groups;
    log_.last_sequence_ = header.sequence;
    log_.last_crc_ = header.crc;
    active_ = found.segment;
    const std::string_view payload = std::string_view(bytes_).substr(at + kGroupHeaderBytes, header.length);
    TRY(visit_(
        Group{make_address(found.number, at + kGroupHeaderBytes), header.sequence, header.records, header.tag, payload}));
    last_at_ = at;
    at += padded_group_bytes(header.length);
  }
  if (active_ == found.segment) last_group_ = bytes_.substr(last_at_, at - last_at_);
  if (log_.options_.sabotage.skip_tail_cut && active_ == found.segment) {
    const auto tail = decode_group_header(TRY(bytes_at(at, kGroupHeaderBytes)));
    if (tail && tail->segment_id == found.segment->id()) at += padded_group_bytes(tail->length);
  }
  return stop_at(found, at);
}

Result<void> Recoverer::read_segment(const Found& found) {
  const bool whole = found.segment != nullptr;
  std::unique_ptr<File> broken;
  if (!whole) broken = TRY(log_.disk_.open(found.path, OpenMode::kRead));
  file_ = whole ? &found.segment->file() : broken.get();
  file_bytes_ = TRY(file_->size());
  bytes_.clear();
  bytes_.reserve(file_bytes_);
  recovery_.bytes_read += file_bytes_;
  if (whole) return read_groups(found);
  // Made but never used, or damaged: a header is durable before the first group is written.
  if (TRY(later_group(0, kAnyId))) return damage(found.path, 0, "its header cannot be read, but it holds groups");
  return {};
}

Result<void> Recoverer::run() {
  TRY(find_segments());
  for (const Found& found : found_) {
    const std::uint64_t groups_before = recovery_.groups;
    const bool torn_before = torn_;
    TRY(read_segment(found));
    // Nothing may follow a place where the log ended.
    if (recovery_.groups > groups_before && torn_before)
      return damage(found.path, kFirstGroupOffset, "it follows a group that cannot be read");
  }
  recovery_.last_sequence = recovery_.groups > 0 ? log_.last_sequence_ : covered_sequence_;
  recovery_.tail_cut = torn_;
  recovery_.fresh = found_.empty();
  bytes_ = std::string();
  return settle();
}

// Everything in order: the rest makes it durable and says where to go on.
Result<void> Recoverer::settle() {
  if (recovery_.groups > 0 && recovery_.last_sequence < covered_sequence_) {
    return damage(
        log_.options_.directory, 0,
        fmt::format("the log ends with group {} but the snapshot holds {}", recovery_.last_sequence, covered_sequence_));
  }
  log_.last_sequence_ = recovery_.last_sequence;
  for (const std::string& path : leftovers_) TRY(log_.disk_.remove(path));
  std::uint64_t contiguous = 0;
  for (Found& found : found_) {
    const bool usable = found.segment != nullptr && (contiguous == 0 || found.number == contiguous + 1);
    const bool in_use = usable && recovery_.groups > 0 && found.number <= active_->number();
    if (in_use) {
      log_.segments_.push_back(found.segment);
    } else if (usable && found.segment->capacity() >= log_.options_.segment_bytes) {
      log_.spares_.push_back(found.segment);
    } else {
      TRY(log_.disk_.remove(found.path));
      continue;
    }
    contiguous = found.number;
  }
  if (log_.segments_.empty()) return begin_fresh();
  log_.active_ = active_;
  log_.position_ = position_;
  log_.active_number_.store(active_->number(), std::memory_order_release);
  if (torn_ && !log_.options_.sabotage.skip_tail_cut && position_ + kGroupHeaderBytes <= active_->capacity()) {
    TRY(active_->file().write_at(position_, std::string(kGroupHeaderBytes, '\0')));
  }
  // What was read may so far be in the page cache alone; after a sync that failed even as clean pages, which no sync writes.
  // Only the last group can be in that state: it is written again.
  TRY(active_->file().write_at(last_at_, last_group_));
  TRY(active_->file().sync());
  return log_.disk_.sync_directory(log_.options_.directory);
}

Result<void> Recoverer::begin_fresh() {
  if (log_.log_id_ == 0) log_.log_id_ = log_.random_id();
  return log_.rotate();
}

Result<std::unique_ptr<Log>> Log::open(Disk& disk, Entropy& entropy, LogOptions options, std::uint64_t covered_sequence,
                                       const Visit& visit, Recovery& recovery) {
  TRY(make_durable_directories(disk, options.directory));
  auto log = std::unique_ptr<Log>(new Log(disk, entropy, std::move(options)));
  recovery = Recovery();
  TRY(Recoverer(*log, covered_sequence, visit, recovery).run());
  return log;
}

}  // namespace plinth::log
