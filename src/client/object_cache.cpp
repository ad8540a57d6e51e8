#include "client/object_cache.h"

#include <algorithm>

#include "api/label_selector.h"
#include "base/json.h"

namespace plinth::client {
namespace {

using Name = std::pair<std::string, std::string>;  // namespace, name

struct NameLess {
  using is_transparent = void;
  template <typename A, typename B>
  bool operator()(const A& a, const B& b) const {
    const int order = std::string_view(a.first).compare(std::string_view(b.first));
    return order != 0 ? order < 0 : std::string_view(a.second) < std::string_view(b.second);
  }
};

}  // namespace

struct ObjectCache::Kind {
  Resource resource;
  std::uint64_t seen = 0;
  std::map<Name, Object, NameLess> objects;
  std::unordered_map<std::string, Name> by_uid;
  std::multimap<std::string, Name> by_owner;  // uid of the owner

  const Object* find(std::string_view name_space, std::string_view name) const {
    const auto found = objects.find(std::pair<std::string_view, std::string_view>(name_space, name));
    return found == objects.end() ? nullptr : &found->second;
  }

  void put(Object object) {
    erase(object.name_space, object.name);
    const Name name(object.name_space, object.name);
    by_uid[object.uid] = name;
    for (const OwnerReference& owner : object.owners()) by_owner.emplace(owner.uid, name);
    objects.emplace(name, std::move(object));
  }

  void erase(const std::string& name_space, const std::string& name) {
    const auto found = objects.find(std::pair<std::string_view, std::string_view>(name_space, name));
    if (found == objects.end()) return;
    by_uid.erase(found->second.uid);
    for (const OwnerReference& owner : found->second.owners()) {
      auto [at, end] = by_owner.equal_range(owner.uid);
      at = std::find_if(at, end, [&](const auto& entry) { return entry.second == found->first; });
      if (at != end) by_owner.erase(at);
    }
    objects.erase(found);
  }
};

struct ObjectCache::Root {
  std::map<Resource, std::shared_ptr<Kind>> kinds;

  const Kind* find(const Resource& resource) const {
    const auto found = kinds.find(resource);
    return found == kinds.end() ? nullptr : found->second.get();
  }
};

namespace {

class CacheView final : public View {
 public:
  CacheView(std::shared_ptr<const ObjectCache::Root> root, std::shared_ptr<const ObjectCache::Source> source)
      : root_(std::move(root)), source_(std::move(source)) {}

  std::vector<Resource> resources() const override {
    std::vector<Resource> out;
    for (const auto& [resource, kind] : root_->kinds) out.push_back(resource);
    return out;
  }

  std::optional<Resource> find_resource(std::string_view group, std::string_view plural) const override {
    Resource wanted;
    wanted.group = group;
    wanted.plural = plural;
    const ObjectCache::Kind* kind = root_->find(wanted);
    return kind == nullptr ? std::nullopt : std::optional(kind->resource);
  }

  std::optional<Object> get(const Resource& resource, std::string_view name_space, std::string_view name) const override {
    const ObjectCache::Kind* kind = root_->find(resource);
    const Object* object = kind == nullptr ? nullptr : kind->find(name_space, name);
    return object == nullptr ? std::nullopt : std::optional(*object);
  }

  std::optional<KindForm> find_kind(std::string_view group, std::string_view version, std::string_view kind) const override {
    return source_->find_kind ? source_->find_kind(group, version, kind) : std::nullopt;
  }

  std::string managed_fields(const Object& object) const override {
    if (const Value* fields = object.metadata().find("managedFields")) return to_json(*fields);
    return source_->managed_fields ? source_->managed_fields(object) : "";
  }

  std::optional<Object> by_uid(std::string_view uid) const override {
    const std::string wanted(uid);
    for (const auto& [resource, kind] : root_->kinds) {
      if (const auto found = kind->by_uid.find(wanted); found != kind->by_uid.end()) return kind->objects.at(found->second);
    }
    return std::nullopt;
  }

  void list(const Resource& resource, std::string_view name_space,
            const std::function<bool(const Object&)>& visit) const override {
    const ObjectCache::Kind* kind = root_->find(resource);
    if (kind == nullptr) return;
    for (auto at = first(*kind, name_space); at != kind->objects.end() && belongs(at->first, name_space); ++at) {
      if (!visit(at->second)) return;
    }
  }

  void list_where(const Resource& resource, std::string_view name_space, const Filter& filter,
                  const std::function<bool(const Object&)>& visit) const override {
    list(resource, name_space, [&](const Object& object) {
      if (filter.ownerless && object.has_owners()) return true;
      if (filter.labels != nullptr && !filter.labels->matches(object.metadata()["labels"])) return true;
      return visit(object);
    });
  }

  std::vector<Object> owned_by(std::string_view uid) const override {
    std::vector<Object> out;
    const std::string wanted(uid);
    for (const auto& [resource, kind] : root_->kinds) {
      const auto [begin, end] = kind->by_owner.equal_range(wanted);
      for (auto at = begin; at != end; ++at) out.push_back(kind->objects.at(at->second));
    }
    return out;
  }

  std::size_t count(const Resource& resource, std::string_view name_space) const override {
    std::size_t n = 0;
    list(resource, name_space, [&](const Object&) {
      ++n;
      return true;
    });
    return n;
  }

  std::uint64_t seen(const Resource& resource) const override {
    const ObjectCache::Kind* kind = root_->find(resource);
    return kind == nullptr ? 0 : kind->seen;
  }

 private:
  using Objects = decltype(ObjectCache::Kind::objects);
  static Objects::const_iterator first(const ObjectCache::Kind& kind, std::string_view name_space) {
    return name_space.empty() ? kind.objects.begin()
                              : kind.objects.lower_bound(std::pair<std::string_view, std::string_view>(name_space, ""));
  }
  static bool belongs(const Name& name, std::string_view name_space) { return name_space.empty() || name.first == name_space; }

  std::shared_ptr<const ObjectCache::Root> root_;
  std::shared_ptr<const ObjectCache::Source> source_;
};

Change change_of(Object object, bool created, bool deleted) {
  Change change;
  change.created = created;
  change.deleted = deleted;
  change.object = std::move(object);
  return change;
}

}  // namespace

ObjectCache::ObjectCache(Source source)
    : source_(std::make_shared<const Source>(std::move(source))), root_(std::make_shared<Root>()) {}
ObjectCache::~ObjectCache() = default;

std::shared_ptr<const View> ObjectCache::view() const { return std::make_shared<CacheView>(root_, source_); }

std::size_t ObjectCache::object_count() const {
  std::size_t n = 0;
  for (const auto& [resource, kind] : root_->kinds) n += kind->objects.size();
  return n;
}

// Ours alone: views that others hold keep what they have.
ObjectCache::Kind* ObjectCache::writable(const Resource& resource) {
  if (root_.use_count() > 1) root_ = std::make_shared<Root>(*root_);
  const auto found = root_->kinds.find(resource);
  if (found == root_->kinds.end()) return nullptr;
  if (found->second.use_count() > 1) found->second = std::make_shared<Kind>(*found->second);
  return found->second.get();
}

bool ObjectCache::has_version(const Resource& resource) const {
  const Kind* kind = root_->find(resource);
  return kind != nullptr && kind->resource.version == resource.version;
}

void ObjectCache::add_kind(const Resource& resource) {
  if (has_version(resource)) return;
  const Kind* before = writable(resource);
  auto kind = before != nullptr ? std::make_shared<Kind>(*before) : std::make_shared<Kind>();
  kind->resource = resource;
  root_->kinds.erase(resource);  // the key tells the version too
  root_->kinds.emplace(resource, std::move(kind));
}

std::vector<Change> ObjectCache::remove_kind(const Resource& resource) {
  std::vector<Change> changes;
  Kind* kind = writable(resource);
  if (kind == nullptr) return changes;
  for (auto& [name, object] : kind->objects) changes.push_back(change_of(std::move(object), false, true));
  root_->kinds.erase(resource);
  return changes;
}

std::vector<Change> ObjectCache::replace(const Resource& resource, std::vector<Object> objects, std::uint64_t revision) {
  std::vector<Change> changes;
  Kind* kind = writable(resource);
  if (kind == nullptr) return changes;
  Kind next;
  next.resource = kind->resource;
  next.seen = std::max(revision, kind->seen);
  for (Object& object : objects) {
    const Object* before = kind->find(object.name_space, object.name);
    if (before != nullptr && before->uid != object.uid) changes.push_back(change_of(*before, false, true));
    const bool created = before == nullptr || before->uid != object.uid;
    const bool is_changed =
        created || before->revision != object.revision || before->resource.version != object.resource.version;
    if (is_changed) changes.push_back(change_of(object, created, false));
    next.put(std::move(object));
  }
  for (const auto& [name, object] : kind->objects) {
    if (next.find(name.first, name.second) == nullptr) changes.push_back(change_of(object, false, true));
  }
  *kind = std::move(next);
  return changes;
}

std::optional<Change> ObjectCache::apply(Object object, bool deleted) {
  Kind* kind = writable(object.resource);
  if (kind == nullptr) return std::nullopt;
  const Object* before = kind->find(object.name_space, object.name);
  if (object.revision <= kind->seen) return std::nullopt;
  kind->seen = object.revision;
  const bool created = !deleted && (before == nullptr || before->uid != object.uid);
  if (deleted)
    kind->erase(object.name_space, object.name);
  else
    kind->put(object);
  return change_of(std::move(object), created, deleted);
}

void ObjectCache::advance(const Resource& resource, std::uint64_t revision) {
  if (Kind* kind = writable(resource)) kind->seen = std::max(kind->seen, revision);
}

}  // namespace plinth::client
