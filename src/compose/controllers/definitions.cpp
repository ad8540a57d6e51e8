#include "compose/controllers/definitions.h"

#include <algorithm>

#include "base/text.h"
#include "base/time_text.h"
#include "compose/graph/revision.h"
#include "compose/marks.h"

namespace plinth::compose {
namespace {

using client::Object;

class ViewKinds final : public KindSource {
 public:
  explicit ViewKinds(const client::View& view) : view_(view) {}
  std::optional<client::KindForm> find_kind(std::string_view group, std::string_view version,
                                            std::string_view kind) const override {
    return view_.find_kind(group, version, kind);
  }

 private:
  const client::View& view_;
};

// Whether every schema that the definition was compiled against is the one that is served, and nothing that it waits for.
bool is_current(const BuildResult& result, const client::View& view) {
  if (!result.failure.waits_for.empty()) return false;
  return std::all_of(result.kinds.begin(), result.kinds.end(), [&](const UsedKind& used) {
    const auto now = view.find_kind(used.group, used.version, used.kind);
    return now && now->stamp == used.stamp && now->resource.plural == used.plural;
  });
}

}  // namespace

std::string DefinitionKey::text() const {
  return std::string(dialect == Dialect::kGraphDefinition ? "rgd/" : "rg/") + name_space + "/" + name;
}

std::optional<DefinitionKey> DefinitionKey::parse(std::string_view text) {
  const auto parts = split(text, '/');
  if (parts.size() != 3) return std::nullopt;
  return DefinitionKey{parts[0] == "rg" ? Dialect::kResourceGroup2024 : Dialect::kGraphDefinition, std::string(parts[1]),
                       std::string(parts[2])};
}

std::string DefinitionKey::shown() const {
  return dialect == Dialect::kGraphDefinition ? "ResourceGraphDefinition " + name : "ResourceGroup " + name_space + "/" + name;
}

std::string DefinitionKey::revision_base() const {
  return dialect == Dialect::kGraphDefinition ? name : name_space + "." + name;
}
std::string DefinitionKey::snapshot_name() const {
  return dialect == Dialect::kGraphDefinition ? name : name_space + "/" + name;
}

std::optional<DefinitionKey> definition_of(const Object& object) {
  if (object.resource.is(kKroGroup, kGraphDefinitions)) return DefinitionKey{Dialect::kGraphDefinition, "", object.name};
  if (object.resource.is(kKroGroup, kResourceGroups))
    return DefinitionKey{Dialect::kResourceGroup2024, object.name_space, object.name};
  return std::nullopt;
}

std::optional<Object> get_definition(const client::View& view, const DefinitionKey& key) {
  const auto resource =
      view.find_resource(kKroGroup, key.dialect == Dialect::kGraphDefinition ? kGraphDefinitions : kResourceGroups);
  return resource ? view.get(*resource, key.name_space, key.name) : std::nullopt;
}

DefinitionKey definition_of_settings(const Object& settings) {
  const Value definition = settings["spec"]["definition"];
  const bool old_form = definition["kind"].as_string() == "ResourceGroup";
  return {old_form ? Dialect::kResourceGroup2024 : Dialect::kGraphDefinition,
          old_form ? std::string(definition["namespace"].as_string()) : "", std::string(definition["name"].as_string())};
}

DefinitionKey definition_of_revision(const Object& revision) {
  const Value labels = revision.metadata()["labels"];
  const std::string name_space(labels[kDefinitionNamespaceLabel].as_string());
  return {name_space.empty() ? Dialect::kGraphDefinition : Dialect::kResourceGroup2024, name_space,
          std::string(labels[kDefinitionNameLabel].as_string())};
}

DefinitionOwner owner_of(const DefinitionKey& key, const Object& definition) {
  return {key.dialect, key.name_space, key.name, definition.uid};
}

std::optional<Object> get_revision(const client::View& view, const DefinitionKey& key, std::int64_t revision) {
  const auto resource = view.find_resource(kRevisionGroup, kGraphRevisions);
  if (!resource || revision <= 0) return std::nullopt;
  auto found = view.get(*resource, "", revision_name(key.revision_base(), revision));
  if (found && (*found)["spec"]["snapshot"]["name"].as_string() != key.snapshot_name()) return std::nullopt;
  return found;
}

void Definitions::take_crd(const Object& crd, bool deleted) {
  ++epoch_;
  kinds_.erase(crd.name);
  const Value labels = crd.metadata()["labels"];
  const std::string_view name = labels[kDefinitionNameLabel].as_string();
  if (deleted || labels[kOwnedLabel].as_string() != "true" || name.empty()) return;
  const std::string name_space(labels[kDefinitionNamespaceLabel].as_string());
  const Dialect dialect = name_space.empty() ? Dialect::kGraphDefinition : Dialect::kResourceGroup2024;
  kinds_[crd.name] = DefinitionKey{dialect, name_space, std::string(name)};
}

bool Definitions::follow(const client::Change& change) {
  const Object& object = change.object;
  if (object.resource.is("apiextensions.k8s.io", "customresourcedefinitions")) {
    take_crd(object, change.deleted);
    return true;
  }
  if (object.resource.is(kSettingsGroup, kDefinitionSettings)) {
    if (change.deleted)
      settings_.erase(object.name);
    else
      settings_[object.name] = object;
  }
  return false;
}

void Definitions::load(const client::View& view) {
  kinds_.clear();
  settings_.clear();
  if (const auto crds = view.find_resource("apiextensions.k8s.io", "customresourcedefinitions")) {
    view.list(*crds, "", [&](const Object& crd) {
      take_crd(crd, false);
      return true;
    });
  }
  if (const auto settings = view.find_resource(kSettingsGroup, kDefinitionSettings)) {
    view.list(*settings, "", [&](const Object& object) {
      settings_[object.name] = object;
      return true;
    });
  }
}

std::optional<DefinitionKey> Definitions::owner_of_kind(std::string_view crd_name) const {
  const auto found = kinds_.find(crd_name);
  return found == kinds_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<std::string> Definitions::kinds_of(const DefinitionKey& key) const {
  std::vector<std::string> out;
  for (const auto& [crd, owner] : kinds_) {
    if (owner == key) out.push_back(crd);
  }
  return out;
}

const Object* Definitions::settings_of(const DefinitionKey& key) const {
  const Object* oldest = nullptr;
  for (const auto& [name, settings] : settings_) {
    if (definition_of_settings(settings) != key) continue;
    const auto created = [](const Object& o) { return o.metadata()["creationTimestamp"].as_string(); };
    if (oldest == nullptr || created(settings) < created(*oldest)) oldest = &settings;
  }
  return oldest;
}

void Definitions::each_settings(const DefinitionKey& key, const std::function<void(const Object&)>& visit) const {
  for (const auto& [name, settings] : settings_) {
    if (definition_of_settings(settings) == key) visit(settings);
  }
}

const BuildResult& Definitions::graph(const client::View& view, const DefinitionOwner& owner, const Document& spec,
                                      const std::string& hash) {
  const std::string key = owner.uid + "/" + hash;
  auto found = graphs_.find(key);
  if (found != graphs_.end()) {
    CachedGraph& cached = found->second;
    // Why it was refused may be no more a moment after the definition of a kind was seen to change.
    if (cached.epoch == epoch_ && cached.result.graph != nullptr) return cached.result;
    if (is_current(cached.result, view)) {
      cached.epoch = epoch_;
      return cached.result;
    }
  }
  if (found == graphs_.end() && graphs_.size() >= kGraphsMax) graphs_.clear();
  CachedGraph& made = graphs_[key];
  made.result = build_graph(owner, spec, ViewKinds(view), environment_);
  made.epoch = epoch_;
  return made.result;
}

void Definitions::note_instance(const DefinitionKey& key, const std::string& instance, bool healthy) {
  instances_[key][instance] = healthy;
}

void Definitions::forget_instance(const DefinitionKey& key, const std::string& instance) {
  if (const auto found = instances_.find(key); found != instances_.end()) found->second.erase(instance);
}

Definitions::Counts Definitions::counts(const DefinitionKey& key) const {
  Counts out;
  const auto found = instances_.find(key);
  if (found == instances_.end()) return out;
  for (const auto& [name, healthy] : found->second) {
    ++out.total;
    if (!healthy) ++out.unhealthy;
  }
  return out;
}

}  // namespace plinth::compose
