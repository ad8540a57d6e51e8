#include "store/record_codec.h"

#include <charconv>
#include <cstring>
#include <limits>
#include <new>

#include <fmt/core.h>

namespace plinth::store {
namespace {

// Gives allocate_shared room for the record's bytes behind the control block, and tells where that is.
template <typename T>
struct TailAllocator {
  using value_type = T;
  std::size_t tail_bytes;
  char** tail;
  TailAllocator(std::size_t bytes, char** where) : tail_bytes(bytes), tail(where) {}
  template <typename U>
  TailAllocator(const TailAllocator<U>& other) : tail_bytes(other.tail_bytes), tail(other.tail) {}  // NOLINT
  T* allocate(std::size_t n) {
    char* block = static_cast<char*>(::operator new(n * sizeof(T) + tail_bytes));
    *tail = block + n * sizeof(T);
    return reinterpret_cast<T*>(block);
  }
  void deallocate(T* block, std::size_t) { ::operator delete(block); }
  bool operator==(const TailAllocator&) const { return true; }
};

struct TailSlot {
  char** where;
  operator char*() const { return *where; }  // NOLINT: read by Record's constructor, after the allocation
};

MutableRecordPtr allocate(std::size_t bytes, char*& data) {
  auto record = std::allocate_shared<Record>(TailAllocator<Record>(bytes, &data), TailSlot{&data});
  return record;
}

void put_text(char*& at, std::string_view text) {
  const auto n = static_cast<std::uint32_t>(text.size());
  std::memcpy(at, &n, 4);
  std::memcpy(at + 4, text.data(), text.size());
  at += 4 + text.size();
}

template <typename Pairs>
std::size_t pairs_bytes(const Pairs& pairs) {
  std::size_t n = 0;
  for (const auto& [name, value] : pairs) n += 8 + name.size() + value.size();
  return n;
}

bool texts_fill(const char* at, std::size_t bytes, std::size_t count) {
  for (; count > 0; --count) {
    std::uint32_t n;
    if (bytes < 4) return false;
    std::memcpy(&n, at, 4);
    if (bytes - 4 < n) return false;
    at += 4 + n;
    bytes -= 4 + n;
  }
  return bytes == 0;
}

Error does_not_fit(std::string_view key, std::string_view what) {
  return Error(Reason::kInvalid, fmt::format("{}: {} is beyond what the store can hold", key, what));
}

std::string associated_data(std::string_view key, Revision revision) {
  std::string out(key);
  out.append(reinterpret_cast<const char*>(&revision), sizeof revision);
  return out;
}

}  // namespace

Result<MutableRecordPtr> RecordBuilder::build(std::string_view key, const EncodedObject& object) {
  constexpr std::size_t kShort = std::numeric_limits<std::uint16_t>::max();
  std::size_t owners = 0;
  for (const std::string& uid : object.owner_uids) owners += 4 + uid.size();
  const std::size_t labels = pairs_bytes(object.labels);
  const std::size_t fields = pairs_bytes(object.fields);
  if (key.empty() || key.size() > kKeyBytesMax) return does_not_fit(key, "the key");
  if (object.uid.size() > kShort) return does_not_fit(key, "metadata.uid");
  if (object.labels.size() > kShort || object.owner_uids.size() > kShort || object.fields.size() > kShort) {
    return does_not_fit(key, "the number of labels, owners or fields");
  }
  if (labels + owners + fields + object.body.size() > std::numeric_limits<std::int32_t>::max())
    return does_not_fit(key, "the object");
  const bool slot_fits = object.revision_slot + kRevisionSlotBytes <= object.body.size();
  if (!slot_fits || object.managed_fields_cut > object.body.size() || object.metadata_offset > object.body.size()) {
    return internal_error(
        fmt::format("{}: the revision slot, metadata or the managedFields cut is outside the encoded object", key));
  }
  Record::Header header{};
  header.schema_stamp = object.schema_stamp;
  header.labels_size = static_cast<std::uint32_t>(labels);
  header.owners_size = static_cast<std::uint32_t>(owners);
  header.fields_size = static_cast<std::uint32_t>(fields);
  header.body_size = static_cast<std::uint32_t>(object.body.size());
  header.metadata_offset = object.metadata_offset;
  header.revision_slot = object.revision_slot;
  header.managed_fields_cut = object.managed_fields_cut;
  header.key_size = static_cast<std::uint16_t>(key.size());
  header.uid_size = static_cast<std::uint16_t>(object.uid.size());
  header.label_count = static_cast<std::uint16_t>(object.labels.size());
  header.owner_count = static_cast<std::uint16_t>(object.owner_uids.size());
  header.field_count = static_cast<std::uint16_t>(object.fields.size());
  header.flags = object.sensitive ? Record::kSensitive : 0;
  char* data = nullptr;
  MutableRecordPtr record = allocate(header.total(), data);
  std::memcpy(data, &header, sizeof header);
  char* at = data + sizeof header;
  for (const std::string_view text : {key, std::string_view(object.uid)}) {
    std::memcpy(at, text.data(), text.size());
    at += text.size();
  }
  for (const auto& [name, value] : object.labels) put_text(at, name), put_text(at, value);
  for (const std::string& uid : object.owner_uids) put_text(at, uid);
  for (const auto& [name, value] : object.fields) put_text(at, name), put_text(at, value);
  std::memcpy(at, object.body.data(), object.body.size());
  return record;
}

MutableRecordPtr RecordBuilder::copy(const Record& record) {
  const std::string_view bytes = record.bytes();
  char* data = nullptr;
  MutableRecordPtr out = allocate(bytes.size(), data);
  std::memcpy(data, bytes.data(), bytes.size());
  return out;
}

void RecordBuilder::stamp(Record& record, Revision revision, Revision create_revision) {
  auto& header = *reinterpret_cast<Record::Header*>(record.data_);
  header.revision = revision;
  header.create_revision = create_revision;
  char* slot = record.data_ + header.body_offset() + header.revision_slot;
  std::memset(slot, ' ', kRevisionSlotBytes);
  *slot = '"';
  const auto end = std::to_chars(slot + 1, slot + kRevisionSlotBytes - 1, revision);
  *end.ptr = '"';
}

void RecordBuilder::set_log_place(Record& record, std::uint64_t address, std::uint32_t size) {
  record.log_address_ = address;
  record.log_size_ = size;
}

Result<void> RecordCodec::append(const Record& record, std::string& out) const {
  const std::string_view bytes = record.bytes();
  if (!record.sensitive()) {
    out.append(bytes);
    return {};
  }
  if (sealer_ == nullptr) return internal_error("a sensitive object cannot be stored without a key");
  const std::size_t begin = out.size();
  const std::size_t clear = record.header().clear_bytes();
  const std::string sealed = TRY(sealer_->seal(bytes.substr(clear), associated_data(record.key(), record.revision())));
  out.append(bytes.substr(0, clear));
  Record::Header header = record.header();
  header.flags |= Record::kSealed;
  std::memcpy(out.data() + begin, &header, sizeof header);
  out.append(sealed);
  return {};
}

bool RecordCodec::is_sealed(std::string_view bytes) {
  Record::Header header;
  if (bytes.size() < sizeof header) return false;
  std::memcpy(&header, bytes.data(), sizeof header);
  return (header.flags & Record::kSealed) != 0;
}

std::string_view RecordCodec::key_of(std::string_view bytes) {
  Record::Header header;
  if (bytes.size() < sizeof header) return {};
  std::memcpy(&header, bytes.data(), sizeof header);
  return bytes.size() < header.clear_bytes() ? std::string_view() : bytes.substr(sizeof header, header.key_size);
}

Result<RecordPtr> RecordCodec::decode(std::string_view bytes) const { return RecordPtr(TRY(decode_mutable(bytes))); }

Result<MutableRecordPtr> RecordCodec::decode_mutable(std::string_view bytes) const {
  const Error broken(Reason::kStoreReadError, "a stored record does not have the form of a record");
  Record::Header header;
  if (bytes.size() < sizeof header) return broken.clone();
  std::memcpy(&header, bytes.data(), sizeof header);
  if (bytes.size() < header.clear_bytes() || header.key_size == 0) return broken.clone();
  std::string opened;
  std::string_view rest = bytes.substr(header.clear_bytes());
  if ((header.flags & Record::kSealed) != 0) {
    if (sealer_ == nullptr)
      return Error(Reason::kStoreReadError, "the store holds encrypted records, but there is no key file");
    const std::string_view key = bytes.substr(sizeof header, header.key_size);
    opened = TRY(sealer_->open(rest, associated_data(key, header.revision)));
    rest = opened;
    header.flags &= static_cast<std::uint16_t>(~Record::kSealed);
  }
  if (header.clear_bytes() + rest.size() != header.total()) return broken.clone();
  const char* lists = rest.data();
  const bool lists_fit =
      texts_fill(lists, header.labels_size, header.label_count * 2u) &&
      texts_fill(lists + header.labels_size, header.owners_size, header.owner_count) &&
      texts_fill(lists + header.labels_size + header.owners_size, header.fields_size, header.field_count * 2u);
  const bool offsets_fit = header.revision_slot + std::uint64_t{kRevisionSlotBytes} <= header.body_size &&
                           header.managed_fields_cut <= header.body_size && header.metadata_offset <= header.body_size;
  if (!lists_fit || !offsets_fit) return broken.clone();
  char* data = nullptr;
  MutableRecordPtr record = allocate(header.total(), data);
  std::memcpy(data, bytes.data(), header.clear_bytes());
  std::memcpy(data, &header, sizeof header);
  std::memcpy(data + header.clear_bytes(), rest.data(), rest.size());
  return record;
}

}  // namespace plinth::store
