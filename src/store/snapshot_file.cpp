#include "store/snapshot_file.h"

#include <cstring>

#include <fmt/core.h>

#include "log/crc32c.h"
#include "store/log_entry.h"

namespace plinth::store {
namespace {

constexpr char kMark[8] = {'P', 'L', 'I', 'N', 'S', 'N', 'P', '\n'};
constexpr std::uint32_t kVersion = 1;
constexpr std::uint32_t kForeign = 1;
constexpr std::size_t kBlockBytes = 256 << 10;
constexpr std::uint32_t kBlockBytesMax = 1u << 30;  // what a reader allocates at most for a block; one record fits
constexpr std::string_view kSuffix = ".snapshot";

struct FileHeader {
  char mark[8];
  std::uint32_t crc;  // of the rest
  std::uint32_t version;
  std::uint32_t flags;
  std::uint32_t reserved;
  std::uint64_t revision;
  std::uint64_t group_sequence;
  std::uint64_t segment;
};
static_assert(sizeof(FileHeader) == 48);
constexpr std::size_t kHeaderCrcFrom = 12;

enum BlockType : std::uint32_t { kRecordsBlock = 1, kLedgersBlock = 2, kEndBlock = 3 };
struct BlockHeader {
  std::uint32_t crc;  // of the rest and the payload, going on from the block before
  std::uint32_t length;
  std::uint32_t type;
  std::uint32_t reserved;
};
struct RecordHead {
  std::uint64_t log_address;
  std::uint32_t log_size;
  std::uint32_t size;
};

template <typename T>
std::string_view bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

std::uint32_t header_crc(const FileHeader& header) { return log::crc32c(0, bytes_of(header).substr(kHeaderCrcFrom)); }

FileHeader make_header(const SnapshotInfo& info) {
  FileHeader header{};
  std::memcpy(header.mark, kMark, sizeof kMark);
  header.version = kVersion;
  header.flags = info.foreign ? kForeign : 0;
  header.revision = info.revision;
  header.group_sequence = info.group_sequence;
  header.segment = info.segment;
  header.crc = header_crc(header);
  return header;
}

// Walks a snapshot file block by block.
class BlockReader {
 public:
  BlockReader(File& file, std::string path) : file_(file), path_(std::move(path)) {}
  Error damage(std::string_view what) const {
    return Error(
        Reason::kStoreReadError,
        fmt::format("{} is damaged at byte {}: {}. Nothing was changed. Restore the data directory from another snapshot "
                    "or a backup (plinth snapshot restore); keep this one for inspection",
                    path_, offset_, what));
  }
  Result<FileHeader> header() {
    FileHeader header;
    if (!TRY(read(&header, sizeof header)) || std::memcmp(header.mark, kMark, sizeof kMark) != 0)
      return damage("it is no snapshot");
    if (header.crc != header_crc(header)) return damage("the checksum of its header does not fit");
    if (header.version > kVersion) {
      return Error(Reason::kStoreReadError, path_ + " was written by a newer version of this program; start that one");
    }
    return header;
  }
  // The next block; its payload is valid until the next call.
  Result<BlockHeader> block(std::string_view& payload) {
    BlockHeader header;
    if (!TRY(read(&header, sizeof header))) return damage("it ends early");
    const std::uint64_t size = TRY(file_.size());
    if (header.length > kBlockBytesMax || offset_ + header.length > size) return damage("a block is longer than the file");
    payload_.resize(header.length);
    if (!TRY(read(payload_.data(), payload_.size()))) return damage("it ends early");
    const std::uint32_t crc = log::crc32c(log::crc32c(crc_, bytes_of(header).substr(4)), payload_);
    if (crc != header.crc) return damage("the checksum of a block does not fit");
    crc_ = crc;
    payload = payload_;
    return header;
  }

 private:
  Result<bool> read(void* to, std::size_t size) {
    const std::size_t got = TRY(file_.read_at(offset_, {static_cast<char*>(to), size}));
    offset_ += got;
    return got == size;
  }
  File& file_;
  const std::string path_;
  std::uint64_t offset_ = 0;
  std::uint32_t crc_ = 0;
  std::string payload_;
};

Result<void> read_records(std::string_view payload, const RecordCodec& codec, bool foreign, State& state,
                          const BlockReader& reader) {
  while (!payload.empty()) {
    RecordHead head;
    if (payload.size() < sizeof head) return reader.damage("a record is cut off");
    std::memcpy(&head, payload.data(), sizeof head);
    payload.remove_prefix(sizeof head);
    if (head.size > payload.size()) return reader.damage("a record is cut off");
    MutableRecordPtr record = TRY(codec.decode_mutable(payload.substr(0, head.size)));
    if (!foreign) RecordBuilder::set_log_place(*record, head.log_address, head.log_size);
    state.put(std::move(record));
    payload.remove_prefix(head.size);
  }
  return {};
}

Result<void> read_ledgers(std::string_view payload, State& state) {
  return decode_entries(payload, [&](const LogEntry& entry, std::size_t) -> Result<void> {
    state.set_ledger(
        std::make_shared<const LedgerEntry>(LedgerEntry{std::string(entry.first), entry.type == EntryType::kClaim,
                                                        static_cast<std::int64_t>(entry.number), std::string(entry.second)}));
    return {};
  });
}

bool holds_sealed(std::string_view payload) {
  RecordHead head;
  while (payload.size() >= sizeof head) {
    std::memcpy(&head, payload.data(), sizeof head);
    payload.remove_prefix(sizeof head);
    if (RecordCodec::is_sealed(payload)) return true;
    payload.remove_prefix(std::min<std::size_t>(head.size, payload.size()));
  }
  return false;
}

}  // namespace

std::string snapshot_name(Revision revision) { return fmt::format("{:016x}{}", revision, kSuffix); }

std::optional<Revision> snapshot_revision(std::string_view name) {
  if (name.size() != 16 + kSuffix.size() || name.substr(16) != kSuffix) return {};
  Revision revision = 0;
  for (const char c : name.substr(0, 16)) {
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) return {};
    revision = revision << 4 | static_cast<Revision>(digit);
  }
  return revision;
}

SnapshotWriter::SnapshotWriter(Disk& disk, std::string path, const RecordCodec& codec, StateSnapshotPtr snapshot,
                               SnapshotInfo info)
    : disk_(disk), path_(std::move(path)), codec_(codec), snapshot_(std::move(snapshot)), info_(info) {}

SnapshotWriter::~SnapshotWriter() {
  file_.reset();
  if (!finished_) (void)disk_.remove(path_ + ".tmp");
}

Result<std::unique_ptr<SnapshotWriter>> SnapshotWriter::create(Disk& disk, std::string path, const RecordCodec& codec,
                                                               StateSnapshotPtr snapshot, SnapshotInfo info) {
  info.revision = snapshot->revision();
  auto writer = std::unique_ptr<SnapshotWriter>(new SnapshotWriter(disk, std::move(path), codec, std::move(snapshot), info));
  writer->file_ = TRY(disk.open(writer->path_ + ".tmp", OpenMode::kCreate));
  TRY(writer->file_->truncate(0));
  const FileHeader header = make_header(info);
  TRY(writer->file_->write_at(0, bytes_of(header)));
  writer->offset_ = sizeof header;
  return writer;
}

Result<void> SnapshotWriter::write_block(std::uint32_t type, std::string payload) {
  BlockHeader header{0, static_cast<std::uint32_t>(payload.size()), type, 0};
  crc_ = header.crc = log::crc32c(log::crc32c(crc_, bytes_of(header).substr(4)), payload);
  const std::string_view parts[] = {bytes_of(header), payload};
  TRY(file_->write_at(offset_, parts));
  offset_ += sizeof header + payload.size();
  return {};
}

Result<void> SnapshotWriter::records_block() {
  std::string payload;
  Result<void> result;
  std::string_view last;
  snapshot_->state().objects().visit_from(next_key_, [&](const RecordPtr& record) {
    if (payload.size() >= kBlockBytes) return false;
    const std::size_t at = payload.size();
    RecordHead head{RecordBuilder::log_address(*record), RecordBuilder::log_size(*record), 0};
    payload += bytes_of(head);
    result = codec_.append(*record, payload);
    if (!result.ok()) return false;
    head.size = static_cast<std::uint32_t>(payload.size() - at - sizeof head);
    std::memcpy(payload.data() + at, &head, sizeof head);
    last = record->key();
    ++records_;
    return true;
  });
  if (!result.ok()) return result;
  if (payload.empty()) {
    phase_ = Phase::kLedgers;
    next_key_.clear();
    return {};
  }
  next_key_ = last;
  next_key_ += '\0';
  return write_block(kRecordsBlock, std::move(payload));
}

Result<void> SnapshotWriter::ledgers_block() {
  std::string payload;
  snapshot_->state().ledgers().visit_from(next_key_, [&](const LedgerEntryPtr& entry) {
    if (payload.size() >= kBlockBytes) return false;
    append_ledger(*entry, payload);
    next_key_ = entry->id;
    ++ledgers_;
    return true;
  });
  if (payload.empty()) {
    phase_ = Phase::kEnd;
    return {};
  }
  next_key_ += '\0';
  return write_block(kLedgersBlock, std::move(payload));
}

Result<void> SnapshotWriter::end_block() {
  const std::uint64_t counts[] = {records_, ledgers_};
  phase_ = Phase::kWritten;
  return write_block(kEndBlock, std::string(bytes_of(counts)));
}

Result<bool> SnapshotWriter::step() {
  switch (phase_) {
    case Phase::kRecords:
      TRY(records_block());
      return true;
    case Phase::kLedgers:
      TRY(ledgers_block());
      return true;
    case Phase::kEnd:
      TRY(end_block());
      return true;
    case Phase::kWritten:
      return false;
  }
  return false;
}

Result<void> SnapshotWriter::finish() {
  TRY(file_->sync());
  TRY(disk_.rename(path_ + ".tmp", path_));
  finished_ = true;
  const std::size_t slash = path_.rfind('/');
  return disk_.sync_directory(slash == std::string::npos ? "." : path_.substr(0, slash));
}

Result<State> read_snapshot(File& file, const std::string& path, const RecordCodec& codec, SnapshotInfo& info) {
  BlockReader reader(file, path);
  const FileHeader header = TRY(reader.header());
  info = {header.revision, header.group_sequence, header.segment, (header.flags & kForeign) != 0};
  State state;
  for (;;) {
    std::string_view payload;
    const BlockHeader block = TRY(reader.block(payload));
    if (block.type == kRecordsBlock) {
      TRY(read_records(payload, codec, info.foreign, state, reader));
    } else if (block.type == kLedgersBlock) {
      TRY(read_ledgers(payload, state));
    } else if (block.type == kEndBlock) {
      const std::uint64_t counts[] = {state.objects().size(), state.ledgers().size()};
      if (payload != bytes_of(counts)) return reader.damage("it does not hold what its end says");
      state.revision = info.revision;
      return state;
    } else {
      return reader.damage("a block has an unknown type");
    }
  }
}

Result<void> copy_snapshot_as_foreign(Disk& disk, const std::string& from, const std::string& to, bool& sealed) {
  auto source = TRY(disk.open(from, OpenMode::kRead));
  auto target = TRY(disk.open(to, OpenMode::kCreate));
  TRY(target->truncate(0));
  BlockReader reader(*source, from);
  FileHeader header = TRY(reader.header());
  header.flags |= kForeign;
  header.crc = header_crc(header);
  TRY(target->write_at(0, bytes_of(header)));
  std::uint64_t offset = sizeof header;
  for (;;) {
    std::string_view payload;
    const BlockHeader block = TRY(reader.block(payload));
    if (block.type == kRecordsBlock) sealed = sealed || holds_sealed(payload);
    const std::string_view parts[] = {bytes_of(block), payload};
    TRY(target->write_at(offset, parts));
    offset += sizeof block + payload.size();
    if (block.type == kEndBlock) break;
  }
  return target->sync();
}

}  // namespace plinth::store
