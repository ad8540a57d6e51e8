#include "client/remote_cluster.h"

#include <algorithm>

#include "base/json.h"

namespace plinth::client {
namespace {

constexpr const char* kAggregated =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList";
constexpr Duration kAfterDefinition = std::chrono::milliseconds(500);
constexpr Duration kDiscoveryBackoffMax = std::chrono::seconds(30);

// The same objects under another name: one of them is followed.
bool is_alias(const Resource& resource) { return resource.is("events.k8s.io", "events") || resource.group == "extensions"; }

bool has_verb(const Value& resource, std::string_view verb) {
  for (const Value& v : resource["verbs"].items()) {
    if (v.as_string() == verb) return true;
  }
  return false;
}

}  // namespace

std::vector<Resource> followable(const Value& discovery) {
  std::vector<Resource> out;
  std::set<Resource> seen;
  for (const Value& group : discovery["items"].items()) {
    for (const Value& version : group["versions"].items()) {
      for (const Value& r : version["resources"].items()) {
        Resource resource;
        resource.group = group["metadata"]["name"].as_string();
        resource.version = version["version"].as_string();
        resource.plural = r["resource"].as_string();
        resource.kind = r["responseKind"]["kind"].as_string();
        resource.namespaced = r["scope"].as_string() == "Namespaced";
        if (!has_verb(r, "list") || !has_verb(r, "watch") || is_alias(resource) || !seen.insert(resource).second) continue;
        out.push_back(std::move(resource));
      }
    }
  }
  return out;
}

void RemoteCluster::start(ClusterEvents& events, UniqueFunction<void(Result<void>)> ready) {
  events_ = &events;
  ready_ = std::move(ready);
  discover();
}

void RemoteCluster::stop() {
  *alive_ = false;
  if (timer_ != 0) server_->loop().cancel(std::exchange(timer_, 0));
  reflectors_.clear();
}

std::unique_ptr<Transport> RemoteCluster::transport(std::string_view controller) {
  std::string as;
  if (!options_.accounts_namespace.empty())
    as = "system:serviceaccount:" + options_.accounts_namespace + ":" + std::string(controller);
  return std::make_unique<RemoteTransport>(server_, std::move(as));
}

void RemoteCluster::discover_after(Duration delay) {
  if (timer_ != 0) server_->loop().cancel(timer_);
  timer_ = server_->loop().after(delay, [this, alive = alive_] {
    if (!*alive) return;
    timer_ = 0;
    discover();
  });
}

void RemoteCluster::discover_path(const std::string& path, std::shared_ptr<std::vector<Resource>> found,
                                  UniqueFunction<void(Result<void>)> done) {
  server_->get(path, kAggregated, [found, alive = alive_, done = std::move(done)](Result<Response> response) {
    if (!*alive) return;
    if (!response.ok()) return done(std::move(response).error());
    if (auto checked = check_response(*response); !checked.ok()) return done(std::move(checked));
    auto document = parse_json(response->body);
    if (!document.ok()) return done(std::move(document).error());
    if ((*document)["kind"].as_string() != "APIGroupDiscoveryList") {
      return done(Error(Reason::kNotAcceptable, "the server has no aggregated discovery (Kubernetes 1.27 or later has)"));
    }
    for (Resource& resource : followable(document->root())) found->push_back(std::move(resource));
    done(Result<void>());
  });
}

void RemoteCluster::discover() {
  if (std::exchange(discovering_, true)) return discover_after(kAfterDefinition);
  auto found = std::make_shared<std::vector<Resource>>();
  auto end = [this](const Result<void>& outcome, const std::vector<Resource>& served) {
    discovering_ = false;
    if (!outcome.ok()) {
      log_.warning("what the server offers cannot be read, tried again", {{"error", outcome.error()}});
      const int failures = std::min(failures_++, 10);
      return discover_after(
          std::min<Duration>(std::chrono::milliseconds(200) * (std::int64_t{1} << failures), kDiscoveryBackoffMax));
    }
    failures_ = 0;
    follow(served);
    if (*alive_ && timer_ == 0) discover_after(options_.rediscovery);
  };
  discover_path("/api", found, [this, found, end](Result<void> core) {
    if (!core.ok()) return end(core, *found);
    discover_path("/apis", found, [found, end](Result<void> groups) { end(groups, *found); });
  });
}

void RemoteCluster::follow(const std::vector<Resource>& served) {
  std::set<Resource> wanted;
  for (const Resource& resource : served) {
    if (!options_.wanted || options_.wanted(resource)) wanted.insert(resource);
  }
  std::vector<Resource> gone;
  for (const auto& [resource, reflector] : reflectors_) {
    if (wanted.count(resource) == 0) gone.push_back(resource);
  }
  for (const Resource& resource : gone) {
    reflectors_.erase(resource);
    tell(cache_.remove_kind(resource));
    settled(resource);
  }
  const bool first = !std::exchange(discovered_, true);
  for (const Resource& resource : wanted) {
    if (reflectors_.count(resource) > 0) continue;
    cache_.add_kind(resource);
    if (first) unlisted_.insert(resource);
    ReflectorEvents& events = *this;
    auto reflector = std::make_unique<Reflector>(server_, resource, events);
    reflector->start();
    reflectors_.emplace(resource, std::move(reflector));
  }
}

void RemoteCluster::settled(const Resource& resource) {
  unlisted_.erase(resource);
  if (!unlisted_.empty() || !ready_) return;
  std::exchange(ready_, nullptr)(Result<void>());
}

void RemoteCluster::tell(const std::vector<Change>& changes) {
  if (ready_) return;  // nobody listens before the view is complete
  const auto alive = alive_;
  for (const Change& change : changes) {
    if (*alive) events_->on_change(change, *cache_.view());
  }
}

void RemoteCluster::on_list(const Resource& resource, std::vector<Object> objects, std::uint64_t revision) {
  const auto alive = alive_;
  tell(cache_.replace(resource, std::move(objects), revision));
  if (!*alive) return;
  if (!ready_) events_->on_progress();
  if (*alive) settled(resource);
}

void RemoteCluster::on_object(Object object, bool deleted) {
  const bool defines = object.resource.is("apiextensions.k8s.io", "customresourcedefinitions");
  if (auto change = cache_.apply(std::move(object), deleted)) tell({std::move(*change)});
  if (*alive_ && defines) discover_after(kAfterDefinition);
}

void RemoteCluster::on_bookmark(const Resource& resource, std::uint64_t revision) {
  cache_.advance(resource, revision);
  if (!ready_) events_->on_progress();
}

void RemoteCluster::on_trouble(const Resource& resource, const Error& error) {
  log_.debug("a kind cannot be followed, tried again",
             {{"resource", resource.plural + "." + resource.group}, {"error", error}});
  if (error.code() == 403 || error.code() == 404 || error.code() == 405) settled(resource);
}

}  // namespace plinth::client
