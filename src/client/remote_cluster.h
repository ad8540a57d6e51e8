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

namespace plinth::client {

struct RemoteClusterOptions {
  // Controllers act as the ServiceAccounts of their names in this namespace, by impersonation; "": all of them as ourselves.
  std::string accounts_namespace;
  // Kinds to follow; null: every one that can be listed and watched.
  std::function<bool(const Resource&)> wanted;
  Duration rediscovery = std::chrono::seconds(60);
};

// Lives on the server's loop. Schemas of kinds (View::find_kind) are not known remotely yet.
class RemoteCluster final : public Cluster, private ReflectorEvents {
 public:
  RemoteCluster(std::shared_ptr<RemoteServer> server, RemoteClusterOptions options, Logger log)
      : server_(std::move(server)), options_(std::move(options)), log_(log.named("remote")) {}
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
  void discover_after(Duration delay);
  void settled(const Resource& resource);
  void tell(const std::vector<Change>& changes);

  void on_list(const Resource& resource, std::vector<Object> objects, std::uint64_t revision) override;
  void on_object(Object object, bool deleted) override;
  void on_bookmark(const Resource& resource, std::uint64_t revision) override;
  void on_trouble(const Resource& resource, const Error& error) override;

  std::shared_ptr<RemoteServer> server_;
  RemoteClusterOptions options_;
  const Logger log_;
  ObjectCache cache_;
  ClusterEvents* events_ = nullptr;
  UniqueFunction<void(Result<void>)> ready_;
  std::map<Resource, std::unique_ptr<Reflector>> reflectors_;
  std::set<Resource> unlisted_;  // of those that were there at the start
  TimerId timer_ = 0;
  int failures_ = 0;
  bool discovering_ = false, discovered_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// What an aggregated discovery document says can be listed and watched, each kind at the version that its group prefers.
std::vector<Resource> followable(const Value& discovery);

}  // namespace plinth::client
