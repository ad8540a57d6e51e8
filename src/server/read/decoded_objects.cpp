#include "server/read/decoded_objects.h"

#include "server/object_codec.h"
#include "server/read/schema_upgrade.h"

namespace plinth::server {
namespace {

bool is_of(const Document& object, const ResolvedKind& kind) {
  return object["kind"].as_string() == kind.row->kind &&
         object["apiVersion"].as_string() == group_version(kind.row->group, kind.version->name);
}

std::size_t bytes_of(const store::RecordPtr& record, const Document& object, const OwnersPtr& owners) {
  std::size_t bytes = record->bytes().size();
  if (object.arena()) bytes += object.arena()->bytes();
  if (owners) bytes += owners->bytes();
  return bytes;
}

}  // namespace

Result<Document> DecodedObjects::object(const ResolvedKind& kind, const store::RecordPtr& record) {
  const store::RecordPtr current = TRY(current_form(kind, record));
  const std::string header = type_header(kind.row->group, kind.version->name, kind.row->kind);
  if (current != record) return decode_record(*current, header, /*with_managed_fields=*/false);
  if (Entry known = find(record); is_of(known.object, kind)) return std::move(known.object);
  Document object = TRY(decode_record(*record, header, /*with_managed_fields=*/false));
  put({record, object, nullptr});
  return object;
}

Result<OwnersPtr> DecodedObjects::owners(const store::RecordPtr& record) {
  if (Entry known = find(record); known.owners) return std::move(known.owners);
  auto owners = std::make_shared<const api::ManagedFields>(TRY(api::ManagedFields::parse_json(managed_fields_text(*record))));
  put({record, Document(), owners});
  return OwnersPtr(std::move(owners));
}

void DecodedObjects::replace(const store::RecordPtr& old_record, const store::RecordPtr& record, Document object,
                             OwnersPtr owners) {
  drop(old_record);
  put({record, std::move(object), std::move(owners)});
}

void DecodedObjects::drop(const store::RecordPtr& record) {
  const std::lock_guard lock(mutex_);
  if (const auto found = index_.find(record.get()); found != index_.end()) erase(found->second);
}

DecodedObjects::Entry DecodedObjects::find(const store::RecordPtr& record) {
  const std::lock_guard lock(mutex_);
  const auto found = index_.find(record.get());
  if (found == index_.end()) return {};
  recent_.splice(recent_.begin(), recent_, found->second);
  return *found->second;
}

// Adds to what is known of the record.
void DecodedObjects::put(Entry entry) {
  const std::lock_guard lock(mutex_);
  if (const auto found = index_.find(entry.record.get()); found != index_.end()) {
    if (entry.object.is_null()) entry.object = std::move(found->second->object);
    if (!entry.owners) entry.owners = std::move(found->second->owners);
    erase(found->second);
  }
  entry.bytes = bytes_of(entry.record, entry.object, entry.owners);
  if (entry.bytes > bytes_max_) return;
  bytes_ += entry.bytes;
  recent_.push_front(std::move(entry));
  index_[recent_.front().record.get()] = recent_.begin();
  while (bytes_ > bytes_max_) erase(std::prev(recent_.end()));
}

void DecodedObjects::erase(Entries::iterator at) {
  bytes_ -= at->bytes;
  index_.erase(at->record.get());
  recent_.erase(at);
}

}  // namespace plinth::server
