// Making records: from what a writer hands over, and from bytes on disk (docs/formats/store.md).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/record.h"
#include "store/store.h"

namespace plinth::store {

using MutableRecordPtr = std::shared_ptr<Record>;

inline constexpr std::size_t kKeyBytesMax = 4096;

// Builds a record outside the writer; the writer then only stamps revisions into it.
class RecordBuilder {
 public:
  // Invalid when key, uid, a label or an offset does not fit the format.
  static Result<MutableRecordPtr> build(std::string_view key, const EncodedObject& object);
  // A copy to be stamped with another revision (a delete's last state).
  static MutableRecordPtr copy(const Record& record);
  static void stamp(Record& record, Revision revision, Revision create_revision);
  static void set_log_place(Record& record, std::uint64_t address, std::uint32_t size);
  static std::uint64_t log_address(const Record& record) { return record.log_address_; }
  static std::uint32_t log_size(const Record& record) { return record.log_size_; }
};

// Records as bytes on disk: as in memory, but what is behind key and uid is sealed when the record is sensitive.
class RecordCodec {
 public:
  explicit RecordCodec(Sealer* sealer) : sealer_(sealer) {}
  Result<void> append(const Record& record, std::string& out) const;
  Result<RecordPtr> decode(std::string_view bytes) const;
  // As decode, for those that still set the log place.
  Result<MutableRecordPtr> decode_mutable(std::string_view bytes) const;
  static bool is_sealed(std::string_view bytes);
  // Without opening anything; empty when the bytes are no record.
  static std::string_view key_of(std::string_view bytes);

 private:
  Sealer* sealer_;
};

}  // namespace plinth::store
