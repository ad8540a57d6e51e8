#include "store/log_entry.h"

#include <cstring>

namespace plinth::store {
namespace {

struct EntryHeader {
  std::uint32_t size;
  std::uint8_t type;
  std::uint8_t reserved[3];
  std::uint64_t number;
  std::uint64_t previous_address;
  std::uint32_t previous_size;
  std::uint32_t first;
  std::uint32_t second;
  std::uint32_t third;
};
static_assert(sizeof(EntryHeader) == 40);

// Writes the header once the parts are there.
class EntryWriter {
 public:
  EntryWriter(EntryType type, std::uint64_t number, std::string& out) : out_(out), begin_(out.size()) {
    header_.type = static_cast<std::uint8_t>(type);
    header_.number = number;
    out_.append(sizeof header_, '\0');
  }
  void refer(const PreviousState& previous) {
    header_.previous_address = previous.address;
    header_.previous_size = previous.size;
  }
  std::uint32_t mark() {
    const std::size_t begin = std::exchange(part_, out_.size());
    return static_cast<std::uint32_t>(out_.size() - begin);
  }
  void first(std::string_view text) { out_ += text, header_.first = mark(); }
  void end_first() { header_.first = mark(); }
  void end_second() { header_.second = mark(); }
  void end_third() { header_.third = mark(); }
  void finish() {
    out_.append((8 - (out_.size() - begin_) % 8) % 8, '\0');
    header_.size = static_cast<std::uint32_t>(out_.size() - begin_);
    std::memcpy(out_.data() + begin_, &header_, sizeof header_);
  }

 private:
  std::string& out_;
  const std::size_t begin_;
  std::size_t part_ = begin_ + sizeof(EntryHeader);
  EntryHeader header_{};
};

}  // namespace

Result<void> append_put(const RecordCodec& codec, const Record& record, const PreviousState& previous, std::string& out) {
  EntryWriter writer(EntryType::kPut, record.revision(), out);
  writer.refer(previous);
  TRY(codec.append(record, out));
  writer.end_first();
  if (previous.embedded != nullptr) TRY(codec.append(*previous.embedded, out));
  writer.end_second();
  writer.finish();
  return {};
}

Result<void> append_delete(const RecordCodec& codec, std::string_view key, Revision revision, const PreviousState& previous,
                           const Record* last_state, std::string& out) {
  EntryWriter writer(EntryType::kDelete, revision, out);
  writer.refer(previous);
  writer.first(key);
  if (previous.embedded != nullptr) TRY(codec.append(*previous.embedded, out));
  writer.end_second();
  if (last_state != nullptr) TRY(codec.append(*last_state, out));
  writer.end_third();
  writer.finish();
  return {};
}

void append_ledger(const LedgerEntry& entry, std::string& out) {
  EntryWriter writer(entry.claim ? EntryType::kClaim : EntryType::kCounter, static_cast<std::uint64_t>(entry.amount), out);
  writer.first(entry.id);
  out += entry.owner;
  writer.end_second();
  writer.finish();
}

void append_floor(Revision revision, std::string& out) { EntryWriter(EntryType::kFloor, revision, out).finish(); }

Result<LogEntry> decode_entry(std::string_view bytes) {
  const auto broken = [] { return Error(Reason::kStoreReadError, "an entry of the log does not have the form of one"); };
  EntryHeader header;
  if (bytes.size() < sizeof header) return broken();
  std::memcpy(&header, bytes.data(), sizeof header);
  const std::uint64_t parts = std::uint64_t{header.first} + header.second + header.third;
  if (header.size > bytes.size() || sizeof header + parts > header.size || header.type < 1 || header.type > 5) return broken();
  LogEntry entry;
  entry.type = static_cast<EntryType>(header.type);
  entry.number = header.number;
  entry.previous_address = header.previous_address;
  entry.previous_size = header.previous_size;
  entry.first = bytes.substr(sizeof header, header.first);
  entry.second = bytes.substr(sizeof header + header.first, header.second);
  entry.third = bytes.substr(sizeof header + header.first + header.second, header.third);
  entry.size = header.size;
  return entry;
}

Result<void> decode_entries(std::string_view payload,
                            const std::function<Result<void>(const LogEntry&, std::size_t offset)>& visit) {
  for (std::size_t at = 0; at < payload.size();) {
    const LogEntry entry = TRY(decode_entry(payload.substr(at)));
    TRY(visit(entry, at));
    at += entry.size;
  }
  return {};
}

}  // namespace plinth::store
