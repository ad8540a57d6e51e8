// What the controllers of composition remember together: which kinds are whose, compiled graphs, settings. All of it follows
// from the cluster and is made again after a start. Lives on the controllers' loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "client/controller.h"
#include "compose/graph/graph.h"

namespace plinth::compose {

inline constexpr std::string_view kGraphDefinitions = "resourcegraphdefinitions";
inline constexpr std::string_view kResourceGroups = "resourcegroups";
inline constexpr std::string_view kGraphRevisions = "graphrevisions";
inline constexpr std::string_view kRevisionGroup = "internal.kro.run";
inline constexpr std::string_view kSettingsGroup = "plinth.dev";
inline constexpr std::string_view kDefinitionSettings = "definitionsettings";

// A definition by name.
struct DefinitionKey {
  Dialect dialect = Dialect::kGraphDefinition;
  std::string name_space, name;
  friend auto operator<=>(const DefinitionKey&, const DefinitionKey&) = default;

  std::string text() const;  // "rgd//name", "rg/ns/name"
  static std::optional<DefinitionKey> parse(std::string_view text);
  std::string shown() const;          // "ResourceGraphDefinition name"
  std::string revision_base() const;  // what names of its revisions begin with
  std::string snapshot_name() const;  // spec.snapshot.name of its revisions
};

std::optional<DefinitionKey> definition_of(const client::Object& object);  // of a definition itself
std::optional<client::Object> get_definition(const client::View& view, const DefinitionKey& key);
// Whose revision a GraphRevision is.
DefinitionKey definition_of_revision(const client::Object& revision);
// Whose settings a DefinitionSettings holds.
DefinitionKey definition_of_settings(const client::Object& settings);
DefinitionOwner owner_of(const DefinitionKey& key, const client::Object& definition);
std::optional<client::Object> get_revision(const client::View& view, const DefinitionKey& key, std::int64_t revision);

class Definitions {
 public:
  // `environment` is what definitions' expressions may use.
  explicit Definitions(cel::Environment environment) : environment_(std::move(environment)) {}
  // Follows CRDs and settings. Returns whether kinds may have changed.
  bool follow(const client::Change& change);
  void load(const client::View& view);

  // Whose instances objects of that CRD ("plural.group") are.
  std::optional<DefinitionKey> owner_of_kind(std::string_view crd_name) const;
  std::vector<std::string> kinds_of(const DefinitionKey& key) const;
  // The settings that count for a definition; null without.
  const client::Object* settings_of(const DefinitionKey& key) const;
  // All settings for it.
  void each_settings(const DefinitionKey& key, const std::function<void(const client::Object&)>& visit) const;

  // The compiled graph of a spec; made once for each spec and set of schemas.
  const BuildResult& graph(const client::View& view, const DefinitionOwner& owner, const Document& spec,
                           const std::string& hash);

  // Health of instances, as their last step saw it.
  struct Counts {
    std::size_t total = 0, unhealthy = 0;
    friend bool operator==(const Counts&, const Counts&) = default;
  };
  void note_instance(const DefinitionKey& key, const std::string& instance, bool healthy);
  void forget_instance(const DefinitionKey& key, const std::string& instance);
  Counts counts(const DefinitionKey& key) const;

 private:
  struct CachedGraph {
    BuildResult result;
    std::uint64_t epoch = 0;  // of kinds, when it was last looked at
  };
  static constexpr std::size_t kGraphsMax = 2000;
  void take_crd(const client::Object& crd, bool deleted);

  const cel::Environment environment_;
  std::map<std::string, DefinitionKey, std::less<>> kinds_;
  std::map<std::string, client::Object> settings_;  // by name
  std::map<std::string, CachedGraph> graphs_;       // by definition and hash
  std::map<DefinitionKey, std::map<std::string, bool>> instances_;
  std::uint64_t epoch_ = 1;  // grows with every change of a CRD
};

}  // namespace plinth::compose
