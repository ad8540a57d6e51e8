#include "server/admission/stored_objects.h"

#include "server/object_codec.h"

namespace plinth::server {

Result<Document> read_stored(const store::Snapshot& snapshot, std::string_view key) {
  const store::RecordPtr record = snapshot.get(key);
  if (record == nullptr) return Document();
  return decode_record(*record, "", false);
}

Result<std::vector<Document>> read_stored_under(const store::Snapshot& snapshot, std::string_view prefix) {
  std::vector<store::RecordPtr> records;
  snapshot.scan(prefix, prefix, [&](const store::RecordPtr& record) {
    records.push_back(record);
    return true;
  });
  std::vector<Document> out;
  out.reserve(records.size());
  for (const store::RecordPtr& record : records) out.push_back(TRY(decode_record(*record, "", false)));
  return out;
}

Result<std::string> default_class(const store::Snapshot& snapshot, std::string_view prefix,
                                  std::span<const std::string_view> annotations) {
  std::string name, created;
  for (const Document& object : TRY(read_stored_under(snapshot, prefix))) {
    const Value metadata = object["metadata"];
    bool marked = false;
    for (std::string_view annotation : annotations)
      marked = marked || metadata["annotations"][annotation].as_string() == "true";
    // Times are stored in UTC with whole seconds, so that they compare as text.
    if (!marked || (!name.empty() && metadata["creationTimestamp"].as_string() <= created)) continue;
    name = metadata["name"].as_string();
    created = metadata["creationTimestamp"].as_string();
  }
  return name;
}

bool writes_core(const AdmissionRequest& request, std::string_view plural) {
  return request.object != nullptr && request.group().empty() && request.resource() == plural && request.subresource.empty();
}

}  // namespace plinth::server
