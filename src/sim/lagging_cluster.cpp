#include "sim/lagging_cluster.h"

namespace plinth::sim {

using client::Change;
using client::Object;
using client::Resource;

client::ObjectCache::Source LaggingCluster::described_by(platform::DirectCluster& source) {
  client::ObjectCache::Source out;
  out.find_kind = [&source](std::string_view group, std::string_view version, std::string_view kind) {
    return source.view()->find_kind(group, version, kind);
  };
  out.managed_fields = [&source](const Object& object) { return source.view()->managed_fields(object); };
  return out;
}

void LaggingCluster::start(client::ClusterEvents& events, UniqueFunction<void(Result<void>)> ready) {
  events_ = &events;
  source_.start(*this, [this, &ready](Result<void> started) {
    if (started.ok()) follow_kinds();
    ready(std::move(started));
  });
}

void LaggingCluster::stop() {
  *alive_ = false;
  source_.stop();
}

void LaggingCluster::follow_kinds() {
  const auto now = source_.view();
  for (const Resource& resource : now->resources()) {
    if (cache_.has_version(resource)) continue;
    cache_.add_kind(resource);
    relist(resource);
  }
  for (const Resource& resource : cache_.view()->resources()) {
    if (!now->find_resource(resource.group, resource.plural)) tell(cache_.remove_kind(resource));
  }
}

void LaggingCluster::relist(const Resource& resource) {
  const auto now = source_.view();
  std::vector<Object> objects;
  now->list(resource, "", [&](const Object& object) {
    objects.push_back(object);
    return true;
  });
  queues_[resource].changes.clear();
  tell(cache_.replace(resource, std::move(objects), now->seen(resource)));
  events_->on_progress();
}

void LaggingCluster::on_change(const Change& change, const client::View&) {
  if (change.object.resource.is("apiextensions.k8s.io", "customresourcedefinitions")) {
    loop_.after(Duration(static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(options_.delay_max.count())))),
                [this, alive = alive_] {
                  if (*alive) follow_kinds();
                });
  }
  queues_[change.object.resource].changes.push_back(change);
  deliver_later(change.object.resource);
}

void LaggingCluster::on_reset() {
  for (const Resource& resource : cache_.view()->resources()) relist(resource);
  follow_kinds();
}

void LaggingCluster::deliver_later(const Resource& resource) {
  Queue& queue = queues_[resource];
  if (queue.timer || queue.changes.empty()) return;
  queue.timer = true;
  loop_.after(Duration(static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(options_.delay_max.count())))),
              [this, resource, alive = alive_] {
                if (*alive) deliver(resource);
              });
}

// Some of what waits, in order.
void LaggingCluster::deliver(const Resource& resource) {
  Queue& queue = queues_[resource];
  queue.timer = false;
  if (random_.chance(options_.relists_per_million)) return relist(resource);
  for (std::uint64_t n = 1 + random_.below(8); n > 0 && !queue.changes.empty(); --n) {
    Change change = std::move(queue.changes.front());
    queue.changes.pop_front();
    if (!cache_.has_version(change.object.resource)) return relist(resource);  // seen while another version was preferred
    if (auto applied = cache_.apply(std::move(change.object), change.deleted)) tell({std::move(*applied)});
  }
  events_->on_progress();
  deliver_later(resource);
}

void LaggingCluster::tell(const std::vector<Change>& changes) {
  for (const Change& change : changes) events_->on_change(change, *cache_.view());
}

}  // namespace plinth::sim
