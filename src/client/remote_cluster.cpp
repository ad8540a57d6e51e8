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

bool is_definition(const Resource& resource) { return resource.is("apiextensions.k8s.io", "customresourcedefinitions"); }

std::string shown(const Resource& resource) { return resource.plural + (resource.group.empty() ? "" : "." + resource.group); }

}  // namespace

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

// The sooner of what was asked for: changes of definitions that come without an end do not put it off.
void RemoteCluster::discover_after(Duration delay) {
  const std::int64_t due = server_->clock().monotonic_ns() + delay.count();
  if (timer_ != 0 && timer_due_ns_ <= due) return;
  if (timer_ != 0) server_->loop().cancel(timer_);
  timer_due_ns_ = due;
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
    for (Resource& resource : watchable(document->root())) found->push_back(std::move(resource));
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
      tell_waiting("the API: " + outcome.error().message());
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
  kinds_.set_served(served);
  std::set<Resource> wanted;
  for (const Resource& resource : served) {
    if (!options_.wanted || options_.wanted(resource)) wanted.insert(resource);  // the first version is the preferred one
  }
  // Definitions may be ahead of what discovery says.
  const auto view = cache_.view();
  if (const auto definitions = view->find_resource("apiextensions.k8s.io", "customresourcedefinitions")) {
    view->list(*definitions, "", [&](const Object& crd) {
      const auto resource = resource_of_definition(crd);
      if (!resource || (options_.wanted && !options_.wanted(*resource))) return true;
      kinds_.add_served(*resource);
      wanted.erase(*resource);  // in a version that may be no more
      wanted.insert(*resource);
      return true;
    });
  }
  std::vector<Resource> gone;
  for (const auto& [resource, reflector] : reflectors_) {
    if (wanted.count(resource) == 0 && !is_aggregated(*view, resource)) gone.push_back(resource);
  }
  const auto alive = alive_;
  for (const Resource& resource : gone) {
    reflectors_.erase(resource);
    listed_.erase(resource);
    tell(cache_.remove_kind(resource));
    if (!*alive) return;
    settled(resource);
  }
  const bool first = !std::exchange(discovered_, true);
  if (first) unlisted_ = wanted;
  for (const Resource& resource : wanted) follow_kind(resource);
  if (!first && unlisted_.empty()) refresh_schemas();
}

void RemoteCluster::follow_kind(const Resource& resource) {
  if (reflectors_.count(resource) > 0 && cache_.has_version(resource)) return;
  reflectors_.erase(resource);  // of a version that is not preferred any more, or not served at all
  cache_.add_kind(resource);
  ReflectorEvents& events = *this;
  auto reflector = std::make_unique<Reflector>(server_, resource, events);
  reflector->start();
  reflectors_.emplace(resource, std::move(reflector));
}

// A kind is there as soon as its definition says so; what went away, and which of several versions is preferred, is asked for.
void RemoteCluster::follow_definition(const Object& crd, bool deleted) {
  discover_after(kAfterDefinition);
  const auto resource = deleted ? std::nullopt : resource_of_definition(crd);
  if (!resource || (options_.wanted && !options_.wanted(*resource))) return;
  kinds_.add_served(*resource);
  follow_kind(*resource);
}

std::optional<KindForm> RemoteCluster::find_kind(std::string_view group, std::string_view version, std::string_view kind) {
  auto form = kinds_.find(*cache_.view(), group, version, kind);
  // What is not listed yet would look as if nothing of it were there.
  if (!form || listed_.count(form->resource) == 0) return std::nullopt;
  return form;
}

// The view is complete when the kinds that are served are listed and have their schemas.
void RemoteCluster::refresh_schemas() {
  if (std::exchange(refreshing_, true)) return;
  kinds_.refresh(*cache_.view(), [this, alive = alive_](Result<void> outcome) {
    if (!*alive) return;
    refreshing_ = false;
    if (!outcome.ok()) log_.warning("schemas of some kinds cannot be read", {{"error", outcome.error()}});
    if (ready_) std::exchange(ready_, nullptr)(Result<void>());
  });
}

void RemoteCluster::tell_waiting(const std::string& why) {
  if (!ready_ || !options_.waiting || why == waits_for_) return;
  waits_for_ = why;
  options_.waiting(why);
}

void RemoteCluster::settled(const Resource& resource) {
  unlisted_.erase(resource);
  if (unlisted_.empty() && ready_) refresh_schemas();
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
  const std::vector<Change> changes = cache_.replace(resource, std::move(objects), revision);
  const bool first = listed_.insert(resource).second;
  if (is_definition(resource)) {
    for (const Change& change : changes) follow_definition(change.object, change.deleted);
  }
  tell(changes);
  if (!*alive) return;
  if (!ready_) events_->on_progress();
  if (!*alive) return;
  settled(resource);
  if (!*alive) return;
  // Whoever waits for the kind hears of its definition again.
  const auto view = cache_.view();
  const auto definitions = view->find_resource("apiextensions.k8s.io", "customresourcedefinitions");
  if (!first || !definitions) return;
  if (auto crd = view->get(*definitions, "", resource.plural + "." + resource.group))
    tell({Change{false, false, std::move(*crd)}});
}

void RemoteCluster::on_object(Object object, bool deleted) {
  if (is_definition(object.resource)) follow_definition(object, deleted);
  if (auto change = cache_.apply(std::move(object), deleted)) tell({std::move(*change)});
}

void RemoteCluster::on_bookmark(const Resource& resource, std::uint64_t revision) {
  cache_.advance(resource, revision);
  if (!ready_) events_->on_progress();
}

void RemoteCluster::on_trouble(const Resource& resource, const Error& error) {
  log_.debug("a kind cannot be followed, tried again",
             {{"resource", resource.plural + "." + resource.group}, {"error", error}});
  if (unlisted_.count(resource) == 0) return;
  const bool left_out = error.code() == 404 || error.code() == 405 || (error.code() == 403 && !options_.needs_all);
  if (left_out) return settled(resource);
  tell_waiting(shown(resource) + " cannot be listed: " + error.message());
}

}  // namespace plinth::client
