#include "server/read/current_forms.h"

#include "server/custom_kind.h"
#include "server/object_codec.h"
#include "server/read/schema_upgrade.h"
#include "store/record_codec.h"

namespace plinth::server {

Result<store::RecordPtr> CurrentForms::get(const ResolvedKind& kind, const store::RecordPtr& record) {
  const api::KindVersion& version = *kind.version;
  if (is_in_shape(kind, *record)) return record;

  std::string id = std::string(record->key()) + "@" + std::to_string(record->revision()) + "/" + std::string(kind.row->group) +
                   "/" + std::string(version.name) + "#" + std::to_string(version.stamp);
  // What it looks like depends on the version that it is stored in too.
  if (kind.custom) id += "#" + std::to_string(version_of_stamp(*kind.row, record->schema_stamp()).stamp);
  if (store::RecordPtr cached = find(id)) return cached;
  store::RecordPtr form = TRY(upgrade_record(kind, *record));
  insert(std::move(id), form);
  return form;
}

store::RecordPtr CurrentForms::find(const std::string& id) {
  std::lock_guard lock(mutex_);
  auto it = index_.find(id);
  if (it == index_.end()) return nullptr;
  recent_.splice(recent_.begin(), recent_, it->second);
  return it->second->form;
}

void CurrentForms::insert(std::string id, store::RecordPtr form) {
  std::lock_guard lock(mutex_);
  if (index_.count(id) > 0) return;
  bytes_ += form->body().size();
  recent_.push_front({id, std::move(form)});
  index_[std::move(id)] = recent_.begin();
  while (bytes_ > bytes_max_ && recent_.size() > 1) {
    bytes_ -= recent_.back().form->body().size();
    index_.erase(recent_.back().id);
    recent_.pop_back();
  }
}

store::RecordPtr with_revision(const store::Record& record, store::Revision revision) {
  store::MutableRecordPtr copy = store::RecordBuilder::copy(record);
  store::RecordBuilder::stamp(*copy, revision, record.create_revision());
  return copy;
}

}  // namespace plinth::server
