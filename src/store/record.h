// A stored object at one revision, in one block of memory that has the same layout as on disk (docs/formats/store.md).
#pragma once

#include <cstdint>
#include <cstring>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plinth::store {

using Revision = std::uint64_t;
using Labels = std::vector<std::pair<std::string, std::string>>;  // sorted by key

// What the writer is given to store for a key. The body is JSON from after the type header to the closing brace:
//   "spec":{...},"metadata":{...,"resourceVersion":"                    ","managedFields":[...]}}
// At `revision_slot` there are kRevisionSlotBytes that the writer fills with the quoted revision, padded with spaces.
// `managed_fields_cut` is where `,"managedFields":...` begins (or the offset of the final "}}" when there are none), so that
// body[0:cut] + "}}" is the object without them.
inline constexpr std::size_t kRevisionSlotBytes = 22;
struct EncodedObject {
  std::string uid;
  Labels labels;
  std::vector<std::string> owner_uids;
  // Values of the kind's selectable fields (and what watch filters need), sorted by path.
  std::vector<std::pair<std::string, std::string>> fields;
  std::uint64_t schema_stamp = 0;
  std::uint32_t metadata_offset = 0;  // where `"metadata":{` begins; it is the last member
  std::uint32_t revision_slot = 0;
  std::uint32_t managed_fields_cut = 0;
  bool sensitive = false;  // encrypted at rest
  std::string body;
};

// A sequence of short texts inside a record, read in place: for (std::string_view uid : record->owner_uids()).
class TextList {
 public:
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = std::string_view;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = std::string_view;
    explicit Iterator(const char* at) : at_(at) {}
    std::string_view operator*() const { return {at_ + 4, length()}; }
    Iterator& operator++() {
      at_ += 4 + length();
      return *this;
    }
    bool operator!=(const Iterator& other) const { return at_ != other.at_; }
    bool operator==(const Iterator& other) const { return at_ == other.at_; }

   private:
    std::uint32_t length() const {
      std::uint32_t n;
      std::memcpy(&n, at_, 4);
      return n;
    }
    const char* at_;
  };
  TextList(const char* begin, const char* end, std::size_t size) : begin_(begin), end_(end), size_(size) {}
  Iterator begin() const { return Iterator(begin_); }
  Iterator end() const { return Iterator(end_); }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

 private:
  const char* begin_;
  const char* end_;
  std::size_t size_;
};

// Name-value pairs inside a record, in the order given: for (auto [name, value] : record->labels()).
class PairList {
 public:
  using value_type = std::pair<std::string_view, std::string_view>;
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = PairList::value_type;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = value_type;
    explicit Iterator(TextList::Iterator at) : at_(at) {}
    value_type operator*() const {
      TextList::Iterator value = at_;
      ++value;
      return {*at_, *value};
    }
    Iterator& operator++() {
      ++at_;
      ++at_;
      return *this;
    }
    bool operator!=(const Iterator& other) const { return at_ != other.at_; }
    bool operator==(const Iterator& other) const { return at_ == other.at_; }

   private:
    TextList::Iterator at_;
  };
  explicit PairList(TextList texts) : texts_(texts) {}
  Iterator begin() const { return Iterator(texts_.begin()); }
  Iterator end() const { return Iterator(texts_.end()); }
  std::size_t size() const { return texts_.size() / 2; }
  bool empty() const { return texts_.empty(); }
  std::optional<std::string_view> find(std::string_view name) const;
  std::vector<std::pair<std::string, std::string>> copy() const;

 private:
  TextList texts_;
};

class Record;
using RecordPtr = std::shared_ptr<const Record>;

// Immutable once published; shared by snapshots, events and readers, so all views live as long as the RecordPtr is held.
class Record {
 public:
  std::string_view key() const { return {data_ + kHeaderBytes, header().key_size}; }
  Revision revision() const { return header().revision; }  // of the last change
  Revision create_revision() const { return header().create_revision; }
  std::string_view uid() const { return {data_ + kHeaderBytes + header().key_size, header().uid_size}; }
  PairList labels() const;
  TextList owner_uids() const;
  PairList fields() const;
  std::uint64_t schema_stamp() const { return header().schema_stamp; }
  std::uint32_t metadata_offset() const { return header().metadata_offset; }
  std::uint32_t revision_slot() const { return header().revision_slot; }
  std::uint32_t managed_fields_cut() const { return header().managed_fields_cut; }
  bool sensitive() const { return (header().flags & kSensitive) != 0; }
  std::string_view body() const { return {data_ + header().body_offset(), header().body_size}; }
  // The whole record as it would be on disk when nothing in it is sensitive.
  std::string_view bytes() const { return {data_, header().total()}; }

  // For tests and for callers that change a stored object without preparing it again.
  EncodedObject to_encoded() const;

 private:
  friend class RecordBuilder;
  friend class RecordCodec;
  static constexpr std::uint16_t kSensitive = 1;
  static constexpr std::uint16_t kSealed = 2;  // on disk only
  struct Header {
    std::uint64_t revision;
    std::uint64_t create_revision;
    std::uint64_t schema_stamp;
    std::uint32_t labels_size;
    std::uint32_t owners_size;
    std::uint32_t fields_size;
    std::uint32_t body_size;
    std::uint32_t revision_slot;
    std::uint32_t managed_fields_cut;
    std::uint16_t key_size;
    std::uint16_t uid_size;
    std::uint16_t label_count;
    std::uint16_t owner_count;
    std::uint16_t field_count;
    std::uint16_t flags;
    std::uint32_t metadata_offset;
    std::size_t clear_bytes() const { return kHeaderBytes + key_size + uid_size; }
    std::size_t body_offset() const { return clear_bytes() + std::size_t{labels_size} + owners_size + fields_size; }
    std::size_t total() const { return body_offset() + body_size; }
  };
  static constexpr std::size_t kHeaderBytes = 64;
  static_assert(sizeof(Header) == kHeaderBytes);

 public:
  explicit Record(char* data) : data_(data) {}  // RecordBuilder and RecordCodec; `data` lives as long as this

 private:
  const Header& header() const { return *reinterpret_cast<const Header*>(data_); }
  char* data_;
  // Where the log has it, for reading it back as a previous state; 0 when it is not in a log.
  std::uint64_t log_address_ = 0;
  std::uint32_t log_size_ = 0;
};

}  // namespace plinth::store
