// Definitions, CRDs and objects from files, compiled without a server: built-in kinds are those of this program.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/cel/schema_rules.h"
#include "base/result.h"
#include "compose/graph/graph.h"

namespace plinth::cli {

struct FileObject {
  std::string file;  // as it was given
  Document document;
  std::vector<std::string> duplicates;  // fields that stand there twice
  std::string kind() const { return std::string(document["kind"].as_string()); }
  std::string name() const { return std::string(document["metadata"]["name"].as_string()); }
  bool is_definition() const;  // ResourceGraphDefinition or ResourceGroup
  bool is_crd() const;
};
// All objects of the files, in order; a List gives its items. `files` is separated by line feeds.
Result<std::vector<FileObject>> read_objects(const std::string& files);

class OfflineDefinitions final : public compose::KindSource {
 public:
  // Compiles every definition among the objects, each after those whose kinds it uses.
  explicit OfflineDefinitions(const std::vector<FileObject>& objects);

  std::optional<client::KindForm> find_kind(std::string_view group, std::string_view version,
                                            std::string_view kind) const override;
  // What became of the definition at that place among the objects; null for other objects.
  const compose::BuildResult* result(std::size_t object) const;
  // The graph that instances of that kind are made by; null without.
  compose::GraphPtr graph_of(const Document& instance) const;
  std::string known_kinds() const;  // of the definitions, in words
  // An object as an API server would take it when it is made: fields checked, defaults filled in, validation rules of custom
  // kinds evaluated. The error is the server's: BadRequest for fields that are unknown, Invalid with all that is wrong.
  Result<Document> admit(const client::KindForm& kind, const FileObject& object) const;

 private:
  std::shared_ptr<const api::SchemaRules> rules_of(const client::Resource& resource) const;

  std::vector<std::unique_ptr<compose::BuildResult>> results_;
  std::vector<Document> crds_;
};

// "v1" -> "", "v1"; "apps/v1" -> "apps", "v1"
std::pair<std::string_view, std::string_view> group_and_version(std::string_view api_version);

}  // namespace plinth::cli
