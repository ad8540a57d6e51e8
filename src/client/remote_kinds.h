// Which kinds a remote cluster serves, and their schemas: of kinds that are compiled in from the program's own tables, of
// custom resources from their CRDs, of all others (aggregated servers, kinds of a newer Kubernetes) from the server's OpenAPI
// v3.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "client/cache.h"
#include "client/remote_transport.h"

namespace plinth::client {

// Kinds of an aggregated discovery document that can be listed and watched, at every version that is served; of each kind the
// version that its group prefers comes first.
std::vector<Resource> watchable(const Value& discovery);
// Each of those once, at the preferred version.
std::vector<Resource> followable(const Value& discovery);

// A CRD's kind at its served version, once it is established; nothing when it serves more than one (discovery tells which is
// preferred) or is going.
std::optional<Resource> resource_of_definition(const Object& crd);

// Whether a server of its own serves the kind, by an APIService that is registered: while that server is down discovery may
// leave its kinds out, though their objects are still there.
bool is_aggregated(const View& view, const Resource& resource);

// Lives on the server's loop.
class RemoteKinds {
 public:
  explicit RemoteKinds(std::shared_ptr<RemoteServer> server) : server_(std::move(server)) {}
  ~RemoteKinds() { *alive_ = false; }

  void set_served(const std::vector<Resource>& served);
  void add_served(const Resource& resource);

  // `view` has the CRDs.
  std::optional<KindForm> find(const View& view, std::string_view group, std::string_view version, std::string_view kind);

  // Fetches the OpenAPI documents of kinds that neither this program nor a CRD describes, where they have changed. An error is
  // that of the last document that could not be had; what was known stays.
  void refresh(const View& view, UniqueFunction<void(Result<void>)> done);

 private:
  struct Fetched {
    std::string url;  // with the hash of its content
    Document document;
  };
  struct Compiled {
    std::uint64_t revision = 0;  // of the CRD
    std::optional<KindForm> form;
  };
  using Name = std::tuple<std::string, std::string, std::string>;  // group, version, kind
  std::optional<KindForm> find_custom(const View& view, const Resource& resource);
  std::optional<KindForm> find_published(const Resource& resource);
  std::set<std::string> undescribed(const View& view) const;
  void take_index(const Document& index, const std::set<std::string>& wanted, UniqueFunction<void(Result<void>)> done);
  void fetch_next(std::shared_ptr<std::vector<std::pair<std::string, std::string>>> left,
                  std::shared_ptr<UniqueFunction<void(Result<void>)>> done, std::shared_ptr<Result<void>> outcome);

  std::shared_ptr<RemoteServer> server_;
  std::map<Name, Resource> served_;
  std::map<Name, Compiled> custom_;
  std::map<std::string, Fetched> documents_;           // by "apis/<group>/<version>"
  std::map<Name, std::optional<KindForm>> published_;  // of documents_
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace plinth::client
