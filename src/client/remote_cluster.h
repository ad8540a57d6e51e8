// A cluster behind a network: what it serves is discovered, each kind is listed and watched into one cache, requests go over
// HTTP.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/log.h"
#include "client/cluster.h"
#include "client/object_cache.h"
#include "client/reflector.h"
#include "client/remote_kinds.h"

namespace plinth::client {

struct RemoteClusterOptions {
  // Controllers act as the ServiceAccounts of their names in this namespace, by impersonation; "": all of them as ourselves.
  std::string accounts_namespace;
  // Kinds to follow; null: every one that can be listed and watched.
  std::function<bool(const Resource&)> wanted;
  Duration rediscovery = std::chrono::seconds(60);
  // A kind that we may not list is waited for before the view counts as complete, instead of left out.
  bool needs_all = false;
  // Told, before the view is complete, what it waits for and why; again when that changes.
  std::function<void(const std::string& why)> waiting;
};

// Lives on the server's loop. A kind has a schema (View::find_kind) once its objects were listed.
class RemoteCluster final : public Cluster, private ReflectorEvents {
 public:
  RemoteCluster(std::shared_ptr<RemoteServer> server, RemoteClusterOptions options, Logger log)
      : server_(std::move(server)),
        options_(std::move(options)),
        log_(log.named("remote")),
        kinds_(server_),
        cache_({[this](std::string_view group, std::string_view version, std::string_view kind) {
                  return find_kind(group, version, kind);
                },
                nullptr}) {}
  ~RemoteCluster() override { stop(); }

  // Ready once every kind was listed, or is forbidden to us. An error of the first discovery is tried again, not told.
  void start(ClusterEvents& events, UniqueFunction<void(Result<void>)> ready) override;
  void stop() override;
  std::shared_ptr<const View> view() override { return cache_.view(); }
  std::unique_ptr<Transport> transport(std::string_view controller) override;

 private:
  void discover();
  void discover_path(const std::string& path, std::shared_ptr<std::vector<Resource>> found,
                     UniqueFunction<void(Result<void>)> done);
  void follow(const std::vector<Resource>& served);
  void follow_kind(const Resource& resource);
  void follow_definition(const Object& crd, bool deleted);
  void discover_after(Duration delay);
  void settled(const Resource& resource);
  void refresh_schemas();
  void tell_waiting(const std::string& why);
  std::optional<KindForm> find_kind(std::string_view group, std::string_view version, std::string_view kind);
  void tell(const std::vector<Change>& changes);

  void on_list(const Resource& resource, std::vector<Object> objects, std::uint64_t revision) override;
  void on_object(Object object, bool deleted) override;
  void on_bookmark(const Resource& resource, std::uint64_t revision) override;
  void on_trouble(const Resource& resource, const Error& error) override;

  std::shared_ptr<RemoteServer> server_;
  RemoteClusterOptions options_;
  const Logger log_;
  RemoteKinds kinds_;
  ObjectCache cache_;
  ClusterEvents* events_ = nullptr;
  UniqueFunction<void(Result<void>)> ready_;
  std::map<Resource, std::unique_ptr<Reflector>> reflectors_;
  std::set<Resource> unlisted_;  // of those that were there at the start
  std::set<Resource> listed_;
  std::string waits_for_;  // as it was told last
  TimerId timer_ = 0;
  std::int64_t timer_due_ns_ = 0;
  int failures_ = 0;
  bool discovering_ = false, discovered_ = false, refreshing_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace plinth::client
