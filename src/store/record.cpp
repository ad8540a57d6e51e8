#include "store/record.h"

namespace plinth::store {

std::optional<std::string_view> PairList::find(std::string_view name) const {
  for (const auto [key, value] : *this) {
    if (key == name) return value;
  }
  return {};
}

std::vector<std::pair<std::string, std::string>> PairList::copy() const {
  std::vector<std::pair<std::string, std::string>> out;
  out.reserve(size());
  for (const auto [key, value] : *this) out.emplace_back(key, value);
  return out;
}

PairList Record::labels() const {
  const char* begin = data_ + header().clear_bytes();
  return PairList(TextList(begin, begin + header().labels_size, header().label_count * 2u));
}

TextList Record::owner_uids() const {
  const char* begin = data_ + header().clear_bytes() + header().labels_size;
  return TextList(begin, begin + header().owners_size, header().owner_count);
}

PairList Record::fields() const {
  const char* begin = data_ + header().clear_bytes() + header().labels_size + header().owners_size;
  return PairList(TextList(begin, begin + header().fields_size, header().field_count * 2u));
}

EncodedObject Record::to_encoded() const {
  EncodedObject out;
  out.uid = uid();
  out.labels = labels().copy();
  for (const std::string_view owner : owner_uids()) out.owner_uids.emplace_back(owner);
  out.fields = fields().copy();
  out.schema_stamp = schema_stamp();
  out.metadata_offset = metadata_offset();
  out.revision_slot = revision_slot();
  out.managed_fields_cut = managed_fields_cut();
  out.sensitive = sensitive();
  out.body = body();
  return out;
}

}  // namespace plinth::store
