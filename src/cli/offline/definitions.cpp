#include "cli/offline/definitions.h"

#include <set>

#include "api/decode.h"
#include "api/default.h"
#include "api/validate.h"
#include "base/text.h"
#include "base/yaml.h"
#include "cli/kubeconfig_file.h"
#include "client/kind_forms.h"
#include "compose/expression/expression.h"
#include "compose/kinds/crds.h"
#include "world_real/real_clock.h"

namespace plinth::cli {
namespace {

void add_object(const std::string& file, const Document& document, const std::vector<std::string>& duplicates,
                std::vector<FileObject>& out) {
  if (document["kind"].as_string() != "List") {
    out.push_back({file, document, duplicates});
    return;
  }
  for (const Value& item : document["items"].items()) out.push_back({file, document.at(item), {}});
}

compose::DefinitionOwner owner_of(const FileObject& object) {
  compose::DefinitionOwner owner;
  const bool old_form = object.kind() == "ResourceGroup";
  owner.dialect = old_form ? compose::Dialect::kResourceGroup2024 : compose::Dialect::kGraphDefinition;
  owner.name = object.name();
  if (old_form) owner.name_space = object.document["metadata"]["namespace"].as_string();
  return owner;
}

}  // namespace

bool FileObject::is_definition() const {
  return document["apiVersion"].as_string() == "kro.run/v1alpha1" &&
         (kind() == "ResourceGraphDefinition" || kind() == "ResourceGroup");
}

bool FileObject::is_crd() const {
  return document["apiVersion"].as_string() == "apiextensions.k8s.io/v1" && kind() == "CustomResourceDefinition";
}

std::pair<std::string_view, std::string_view> group_and_version(std::string_view api_version) {
  const auto [first, second] = cut(api_version, "/");
  return second ? std::pair(first, *second) : std::pair(std::string_view(), first);
}

Result<std::vector<FileObject>> read_objects(const std::string& files) {
  std::vector<FileObject> out;
  for (std::string_view file : split(files, '\n')) {
    const std::string name(file);
    const std::string text = TRY(read_input(name));
    YamlParseOptions options;
    std::vector<std::string> duplicates;
    options.duplicates = &duplicates;
    auto documents = parse_yaml_stream(text, options);
    if (!documents.ok()) return bad_request(name + ": " + documents.error().message());
    for (const Document& document : *documents) {
      if (document["apiVersion"].as_string().empty() || document["kind"].as_string().empty())
        return bad_request(name + ": an object has no apiVersion or no kind");
      add_object(name, document, duplicates, out);
    }
  }
  if (out.empty()) return bad_request("there are no objects in the files that were given");
  return out;
}

OfflineDefinitions::OfflineDefinitions(const std::vector<FileObject>& objects) : crds_(compose::composition_crds()) {
  results_.resize(objects.size());
  const cel::Environment environment = compose::definition_environment(std::make_shared<world_real::RealEntropy>());
  std::set<std::size_t> left;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    if (objects[i].is_crd()) crds_.push_back(objects[i].document);
    if (objects[i].is_definition()) left.insert(i);
  }
  // Until no definition finds a kind that it did not find before.
  for (bool progress = true; progress && !left.empty();) {
    progress = false;
    for (auto at = left.begin(); at != left.end();) {
      const FileObject& object = objects[*at];
      auto built = compose::build_graph(owner_of(object), object.document.at(object.document["spec"]), *this, environment);
      if (built.graph != nullptr) crds_.push_back(built.graph->crd);
      const bool done = built.failure.waits_for.empty();
      progress = progress || built.graph != nullptr;
      results_[*at] = std::make_unique<compose::BuildResult>(std::move(built));
      at = done ? left.erase(at) : std::next(at);
    }
  }
}

std::optional<client::KindForm> OfflineDefinitions::find_kind(std::string_view group, std::string_view version,
                                                              std::string_view kind) const {
  if (auto form = client::builtin_kind_form(group, version, kind)) return form;
  for (const Document& crd : crds_) {
    const Value spec = crd["spec"];
    if (spec["group"].as_string() != group || spec["names"]["kind"].as_string() != kind) continue;
    if (auto form = client::custom_kind_form(crd, version)) return form;
  }
  return std::nullopt;
}

const compose::BuildResult* OfflineDefinitions::result(std::size_t object) const { return results_[object].get(); }

compose::GraphPtr OfflineDefinitions::graph_of(const Document& instance) const {
  for (const auto& result : results_) {
    if (result == nullptr || result->graph == nullptr) continue;
    const compose::ApiSchema& api = result->graph->api;
    if (instance["apiVersion"].as_string() == api.api_version() && instance["kind"].as_string() == api.kind)
      return result->graph;
  }
  return nullptr;
}

std::string OfflineDefinitions::known_kinds() const {
  std::string out;
  for (const auto& result : results_) {
    if (result != nullptr && result->graph != nullptr)
      out += (out.empty() ? "" : ", ") + result->graph->api.kind + " (" + result->graph->api.api_version() + ")";
  }
  return out.empty() ? "none" : out;
}

std::shared_ptr<const api::SchemaRules> OfflineDefinitions::rules_of(const client::Resource& resource) const {
  for (const Document& crd : crds_) {
    const Value spec = crd["spec"];
    if (spec["group"].as_string() != resource.group || spec["names"]["kind"].as_string() != resource.kind) continue;
    for (const Value& version : spec["versions"].items()) {
      if (version["name"].as_string() != resource.version) continue;
      return api::SchemaRules::compile(api::compile_schema(crd.at(version["schema"]["openAPIV3Schema"])));
    }
  }
  return nullptr;
}

Result<Document> OfflineDefinitions::admit(const client::KindForm& kind, const FileObject& object) const {
  const client::Resource& resource = kind.resource;
  auto decoded = TRY(api::decode(object.document, {kind.schema, resource.kind, resource.version}, api::FieldValidation::kStrict,
                                 object.duplicates));
  api::apply_defaults(decoded.draft, decoded.draft.root(), *kind.schema);
  Document document = std::move(decoded.draft).finish();
  api::FieldErrors errors = api::validate(*kind.schema, document.root());
  if (const auto rules = rules_of(resource)) {
    std::vector<std::string> warnings;
    api::CostAllowance allowance;
    if (api::blocks_rules(errors))
      errors.push_back(api::rules_not_checked());
    else
      rules->validate(document.root(), nullptr, errors, warnings, allowance);
  }
  if (!errors.empty()) return api::invalid(resource.group, resource.kind, object.name(), errors);
  return document;
}

}  // namespace plinth::cli
