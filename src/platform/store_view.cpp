#include "platform/store_view.h"

#include "api/label_selector.h"
#include "server/object_codec.h"
#include "server/read/schema_upgrade.h"
#include "server/write/metadata.h"

namespace plinth::platform {
namespace {

using server::ResolvedKind;

client::Resource resource_of(const ResolvedKind& kind) {
  client::Resource r;
  r.group = kind.row->group;
  r.version = kind.version->name;
  r.plural = kind.row->plural;
  r.kind = kind.row->kind;
  r.namespaced = kind.row->scope == api::Scope::kNamespaced;
  return r;
}

// Kinds that share another's storage are seen under the other's name only.
bool is_listed(const ResolvedKind& kind) { return kind.row->stored && kind.row->storage_plural.empty(); }

// "/core/pods/..." -> group and plural
std::pair<std::string_view, std::string_view> kind_of_key(std::string_view key) {
  const std::size_t second = key.find('/', 1);
  const std::size_t third = key.find('/', second + 1);
  std::string_view group = key.substr(1, second - 1);
  return {group == "core" ? std::string_view() : group, key.substr(second + 1, third - second - 1)};
}

std::optional<client::Object> object_of(const ResolvedKind& kind, const store::RecordPtr& record) {
  if (kind.custom) kind.custom->ensure_schema(*kind.version);
  auto form = server::current_form(kind, record);
  if (!form.ok()) return std::nullopt;
  client::Object object;
  object.resource = resource_of(kind);
  object.name_space = server::key_namespace(record->key());
  object.name = server::key_name(record->key());
  object.uid = record->uid();
  object.revision = record->revision();
  object.may_be_deleting = server::is_being_deleted(**form);
  object.may_have_owners = (*form)->owner_uids().size() > 0;
  object.document = client::ObjectDocument(
      [form = *form, kind] {
        auto document =
            server::decode_record(*form, server::type_header(kind.row->group, kind.version->name, kind.row->kind), false);
        return document.ok() ? std::move(*document) : Document();
      },
      [form = *form](std::string_view key) {
        for (const auto& [name, value] : form->labels()) {
          if (name == key) return value;
        }
        return std::string_view();
      });
  return object;
}

// By the labels that the record has in hand.
bool matches(const api::LabelSelector& selector, const store::Record& record) {
  if (selector.matches_nothing()) return false;
  for (const api::LabelRequirement& requirement : selector.requirements()) {
    std::optional<std::string_view> found;
    for (const auto& [name, value] : record.labels()) {
      if (name == requirement.key) found = value;
    }
    if (!requirement.matches(found ? &*found : nullptr)) return false;
  }
  return true;
}

// One label and the value that a selector asks of it.
struct ExactLabel {
  std::string_view label, value;
};

// Of those that the selector asks for, the one that the fewest objects have.
std::optional<ExactLabel> rarest_label(const store::Snapshot& snapshot, std::string_view prefix,
                                       const api::LabelSelector& selector) {
  std::optional<ExactLabel> out;
  std::size_t least = 0;
  for (const api::LabelRequirement& requirement : selector.requirements()) {
    const auto value = selector.exact(requirement.key);
    if (!value) continue;
    const std::size_t count = snapshot.count_labelled(requirement.key, *value, prefix);
    if (out && count >= least) continue;
    out = ExactLabel{requirement.key, *value};
    least = count;
  }
  return out;
}

ResolvedKind find_row(const server::KindTable& table, std::string_view group, std::string_view plural) {
  const ResolvedKind* found = table.find_stored(group, plural);
  return found != nullptr ? *found : ResolvedKind();
}

class StoreView final : public client::View {
 public:
  StoreView(server::KindTablePtr table, store::SnapshotPtr snapshot)
      : table_(std::move(table)), snapshot_(std::move(snapshot)) {}

  std::vector<client::Resource> resources() const override {
    std::vector<client::Resource> out;
    for (const ResolvedKind& kind : table_->rows()) {
      if (is_listed(kind)) out.push_back(resource_of(kind));
    }
    return out;
  }

  std::optional<client::Resource> find_resource(std::string_view group, std::string_view plural) const override {
    const ResolvedKind kind = find_row(*table_, group, plural);
    if (kind.row == nullptr) return std::nullopt;
    return resource_of(kind);
  }

  std::optional<client::KindForm> find_kind(std::string_view group, std::string_view version,
                                            std::string_view kind) const override {
    const ResolvedKind found = table_->find_kind(group, version, kind);
    if (found.row == nullptr || !is_listed(found)) return std::nullopt;
    if (found.custom) found.custom->ensure_schema(*found.version);
    return client::KindForm{resource_of(found), found.version->schema, found.version->stamp, found.custom};
  }

  std::string managed_fields(const client::Object& object) const override {
    const ResolvedKind kind = find_row(*table_, object.resource.group, object.resource.plural);
    if (kind.row == nullptr) return "";
    store::RecordPtr record = snapshot_->get(server::object_key(*kind.row, object.name_space, object.name));
    return record && record->uid() == object.uid ? std::string(server::managed_fields_text(*record)) : "";
  }

  std::optional<client::Object> get(const client::Resource& resource, std::string_view name_space,
                                    std::string_view name) const override {
    const ResolvedKind kind = find_row(*table_, resource.group, resource.plural);
    if (kind.row == nullptr) return std::nullopt;
    store::RecordPtr record = snapshot_->get(server::object_key(*kind.row, name_space, name));
    return record ? object_of(kind, record) : std::nullopt;
  }

  std::optional<client::Object> by_uid(std::string_view uid) const override {
    store::RecordPtr record = snapshot_->by_uid(uid);
    return record ? of_record(record) : std::nullopt;
  }

  void list(const client::Resource& resource, std::string_view name_space,
            const std::function<bool(const client::Object&)>& visit) const override {
    const ResolvedKind kind = find_row(*table_, resource.group, resource.plural);
    if (kind.row == nullptr) return;
    snapshot_->scan(prefix(kind, name_space), "", [&](const store::RecordPtr& record) {
      const auto object = object_of(kind, record);
      return !object || visit(*object);
    });
  }

  void list_where(const client::Resource& resource, std::string_view name_space, const client::Filter& filter,
                  const std::function<bool(const client::Object&)>& visit) const override {
    const ResolvedKind kind = find_row(*table_, resource.group, resource.plural);
    if (kind.row == nullptr) return;
    const auto take = [&](const store::RecordPtr& record) {
      if (filter.ownerless && !record->owner_uids().empty()) return true;
      if (filter.labels != nullptr && !matches(*filter.labels, *record)) return true;
      const auto object = object_of(kind, record);
      return !object || visit(*object);
    };
    const std::string keys = prefix(kind, name_space);
    if (filter.labels != nullptr && snapshot_->indexes_labels(keys)) {
      if (const auto exact = rarest_label(*snapshot_, keys, *filter.labels))
        return snapshot_->labelled(exact->label, exact->value, keys, take);
    }
    snapshot_->scan(keys, "", take);
  }

  std::vector<client::Object> owned_by(std::string_view uid) const override {
    std::vector<client::Object> out;
    snapshot_->owned_by(uid, [&](const store::RecordPtr& record) {
      if (auto object = of_record(record)) out.push_back(std::move(*object));
      return true;
    });
    return out;
  }

  std::size_t count(const client::Resource& resource, std::string_view name_space) const override {
    const ResolvedKind kind = find_row(*table_, resource.group, resource.plural);
    return kind.row == nullptr ? 0 : snapshot_->count(prefix(kind, name_space));
  }

  std::uint64_t seen(const client::Resource&) const override { return snapshot_->revision(); }

 private:
  static std::string prefix(const ResolvedKind& kind, std::string_view name_space) {
    return name_space.empty() ? server::kind_prefix(*kind.row) : server::namespace_prefix(*kind.row, name_space);
  }
  std::optional<client::Object> of_record(const store::RecordPtr& record) const {
    const auto [group, plural] = kind_of_key(record->key());
    const ResolvedKind kind = find_row(*table_, group, plural);
    return kind.row == nullptr ? std::nullopt : object_of(kind, record);
  }

  server::KindTablePtr table_;
  store::SnapshotPtr snapshot_;
};

}  // namespace

std::shared_ptr<const client::View> make_store_view(server::KindRegistry& registry, store::SnapshotPtr snapshot) {
  return std::make_shared<StoreView>(registry.table(), std::move(snapshot));
}

std::optional<client::Change> change_of(server::KindRegistry& registry, const store::Event& event) {
  const auto [group, plural] = kind_of_key(event.current->key());
  const ResolvedKind kind = find_row(*registry.table(), group, plural);
  if (kind.row == nullptr) return std::nullopt;
  auto object = object_of(kind, event.current);
  if (!object) return std::nullopt;
  client::Change change;
  change.deleted = event.type == store::EventType::kDelete;
  change.created = !change.deleted && event.previous == nullptr;
  change.object = std::move(*object);
  return change;
}

bool defines_kinds(server::KindRegistry& registry, const store::Event& event) {
  const auto [group, plural] = kind_of_key(event.current->key());
  const ResolvedKind kind = find_row(*registry.table(), group, plural);
  return kind.row != nullptr && kind.row->defines_kinds;
}

}  // namespace plinth::platform
