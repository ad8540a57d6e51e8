#include "compose/controllers/instance_controller.h"

#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "compose/instance/instance_step.h"
#include "compose/marks.h"
#include "compose/rollout/rollout.h"

namespace plinth::compose {
namespace {

using client::Object;
using client::Plan;
using client::View;

// Instances without a graph are looked at again so often.
constexpr std::int64_t kUnresolvedEveryNs = 30'000'000'000;

// Keys are "<plural>.<group>|<namespace>/<name>".
std::string key_of(std::string_view crd_name, std::string_view name_space, std::string_view name) {
  return std::string(crd_name) + "|" + client::make_key(name_space, name);
}

std::string crd_of(const client::Resource& resource) { return resource.plural + "." + resource.group; }

std::string service_account_name(std::string_view name_space, std::string_view name) {
  return "system:serviceaccount:" + std::string(name_space) + ":" + std::string(name);
}

bool is_ready(const Object& instance) { return instance["status"]["state"].as_string() == "ACTIVE"; }

class InstanceController final : public client::Controller {
 public:
  explicit InstanceController(std::shared_ptr<Definitions> definitions) : definitions_(std::move(definitions)) {}
  std::string_view name() const override { return kInstanceController; }

  void keys_of(const client::Change& change, const View& view, std::vector<std::string>& keys) const override;
  void initial_keys(const View& view, std::vector<std::string>& keys) const override;
  Plan step(const View& view, const std::string& key, const client::StepContext& context) const override;

 private:
  void add_instances(const View& view, const DefinitionKey& definition, std::vector<std::string>& keys) const;
  bool settings_matter(const Object& settings, bool deleted) const;
  void add_parent(const Object& child, std::vector<std::string>& keys) const;
  void add_readers(const Object& object, std::vector<std::string>& keys) const;
  void remember_reads(const std::string& key, std::set<ExternalRead> reads) const;
  std::string account_for(const DefinitionKey& key, const Object& definition, const Object& instance) const;
  void find_graph(const View& view, const DefinitionKey& key, InstanceInput& input) const;

  std::shared_ptr<Definitions> definitions_;
  mutable AppliedMemory applied_;
  mutable ChildIndex children_;
  mutable std::map<std::string, std::string, std::less<>> kind_names_;  // "Kind.group" -> "plural.group"
  mutable std::map<std::string, std::string, std::less<>> parents_;     // id of an ApplySet -> key
  mutable std::map<DefinitionKey, std::int64_t> issued_;                // last revision that instances were told of
  mutable std::set<DefinitionKey> awaited_;              // a revision of theirs was announced and is not there yet
  mutable std::set<DefinitionKey> uncompiled_;           // a revision of theirs is not valid with the kinds that are served
  mutable std::map<std::string, std::string> settings_;  // what instances were told of them, by name
  mutable std::map<ExternalRead, std::set<std::string>> readers_;  // keys that read it
  mutable std::map<std::string, std::set<ExternalRead>> reads_;    // the same by key
};

void InstanceController::keys_of(const client::Change& change, const View& view, std::vector<std::string>& keys) const {
  const Object& object = change.object;
  children_.follow(change);
  // Definitions, CRDs and settings may be children or be referred to like anything else.
  add_parent(object, keys);
  add_readers(object, keys);
  if (const auto key = definition_of(object)) {
    const std::int64_t issued = change.deleted ? -1 : object["status"]["lastIssuedRevision"].as_int();
    auto [known, first] = issued_.try_emplace(*key, issued);
    // Service accounts of the form of 2024 stand in its spec, so its every change of spec counts.
    if (!first && known->second == issued && key->dialect == Dialect::kGraphDefinition) return;
    known->second = issued;
    return add_instances(view, *key, keys);
  }
  if (object.resource.is("apiextensions.k8s.io", "customresourcedefinitions")) {
    if (definitions_->owner_of_kind(object.name)) {
      const Value spec = object["spec"];
      kind_names_[std::string(spec["names"]["kind"].as_string()) + "." + std::string(spec["group"].as_string())] = object.name;
    }
    for (const DefinitionKey& key : std::exchange(uncompiled_, {})) add_instances(view, key, keys);
    return;
  }
  if (object.resource.is(kRevisionGroup, kGraphRevisions)) {
    const DefinitionKey key = definition_of_revision(object);
    if (!change.deleted && awaited_.erase(key) > 0) add_instances(view, key, keys);
    return;
  }
  if (object.resource.is(kSettingsGroup, kDefinitionSettings)) {
    if (settings_matter(object, change.deleted)) add_instances(view, definition_of_settings(object), keys);
    return;
  }
  if (const auto owner = definitions_->owner_of_kind(crd_of(object.resource))) {
    const std::string key = key_of(crd_of(object.resource), object.name_space, object.name);
    if (change.deleted) {
      definitions_->forget_instance(*owner, key);
      remember_reads(key, {});
      if (const auto known = parents_.find(object.label(kSetIdLabel)); known != parents_.end() && known->second == key)
        parents_.erase(known);
    } else {
      definitions_->note_instance(*owner, key, is_ready(object));
      if (const std::string_view set_id = object.label(kSetIdLabel); !set_id.empty()) parents_[std::string(set_id)] = key;
      keys.push_back(key);
    }
  }
}

// Where a rollout stands is written often; instances need to know of little of it.
bool InstanceController::settings_matter(const Object& settings, bool deleted) const {
  std::string now;
  if (!deleted) {
    const auto state = read_rollout_state(settings);
    now = to_json(settings["spec"]) + (state ? std::to_string(state->stable) + "/" + std::to_string(state->target) : "");
  }
  std::string& known = settings_[settings.name];
  const bool changed = known != now || deleted;
  known = std::move(now);
  if (deleted) settings_.erase(settings.name);
  return changed;
}

void InstanceController::add_parent(const Object& child, std::vector<std::string>& keys) const {
  // What is no child need not be decoded. Two marks name the parent: one of them may have been changed.
  const auto parent = parents_.find(child.label(kPartOfLabel));
  if (parent != parents_.end()) keys.push_back(parent->second);
  const std::string_view kind = child.label(kInstanceKindLabel);
  if (kind.empty()) return;
  const auto crd = kind_names_.find(std::string(kind) + "." + std::string(child.label(kInstanceGroupLabel)));
  if (crd == kind_names_.end()) return;
  std::string key = key_of(crd->second, child.label(kInstanceNamespaceLabel), child.label(kInstanceNameLabel));
  if (parent == parents_.end() || parent->second != key) keys.push_back(std::move(key));
}

void InstanceController::add_readers(const Object& object, std::vector<std::string>& keys) const {
  if (readers_.empty()) return;
  ExternalRead read{object.resource.group, object.resource.kind, object.name_space, object.name};
  const auto add = [&] {
    const auto found = readers_.find(read);
    if (found != readers_.end()) keys.insert(keys.end(), found->second.begin(), found->second.end());
  };
  add();
  read.name.clear();
  add();
  if (read.name_space.empty()) return;
  read.name_space.clear();
  add();
}

void InstanceController::remember_reads(const std::string& key, std::set<ExternalRead> reads) const {
  if (const auto before = reads_.find(key); before != reads_.end()) {
    if (before->second == reads) return;
    for (const ExternalRead& read : before->second) {
      const auto entry = readers_.find(read);
      if (entry == readers_.end()) continue;
      entry->second.erase(key);
      if (entry->second.empty()) readers_.erase(entry);
    }
    reads_.erase(before);
  }
  if (reads.empty()) return;
  for (const ExternalRead& read : reads) readers_[read].insert(key);
  reads_[key] = std::move(reads);
}

void InstanceController::add_instances(const View& view, const DefinitionKey& definition,
                                       std::vector<std::string>& keys) const {
  for (const std::string& crd : definitions_->kinds_of(definition)) {
    const auto [plural, group] = cut(crd, ".");
    const auto resource = view.find_resource(group.value_or(""), plural);
    if (!resource) continue;
    kind_names_[resource->kind + "." + resource->group] = crd;
    view.list(*resource, "", [&](const Object& instance) {
      definitions_->note_instance(definition, key_of(crd, instance.name_space, instance.name), is_ready(instance));
      keys.push_back(key_of(crd, instance.name_space, instance.name));
      return true;
    });
  }
}

void InstanceController::initial_keys(const View& view, std::vector<std::string>& keys) const {
  definitions_->load(view);
  const auto crds = view.find_resource("apiextensions.k8s.io", "customresourcedefinitions");
  std::set<DefinitionKey> owners;
  view.list(*crds, "", [&](const Object& crd) {
    if (const auto owner = definitions_->owner_of_kind(crd.name)) owners.insert(*owner);
    return true;
  });
  // Children can only be there where something was composed.
  if (owners.empty())
    children_.clear();
  else
    children_.load(view);
  for (const DefinitionKey& owner : owners) add_instances(view, owner, keys);
}

std::string InstanceController::account_for(const DefinitionKey& key, const Object& definition, const Object& instance) const {
  if (const Object* settings = definitions_->settings_of(key)) {
    const Value account = (*settings)["spec"]["serviceAccount"];
    if (account.is_object()) return service_account_name(account["namespace"].as_string(), account["name"].as_string());
  }
  const Value accounts = definition["spec"]["defaultServiceAccounts"];
  for (std::string_view name_space : {std::string_view(instance.name_space), std::string_view("*")}) {
    const std::string_view account = accounts[name_space].as_string();
    if (!account.empty()) return service_account_name(instance.name_space, account);
  }
  return "";
}

void InstanceController::find_graph(const View& view, const DefinitionKey& key, InstanceInput& input) const {
  const auto definition = get_definition(view, key);
  if (!definition || definition->deleting()) {
    input.graph_problem =
        key.shown() + " does not exist any more: children are kept as they are; deleting this instance still removes them";
    return;
  }
  input.owner = owner_of(key, *definition);
  input.service_account = account_for(key, *definition, input.instance);
  input.revision = (*definition)["status"]["lastIssuedRevision"].as_int();
  const AssignedRevision assigned = assigned_revision(input.instance, definitions_->settings_of(key), input.revision);
  input.revision = assigned.revision;
  input.tell_revision = assigned.tell;
  const auto revision = get_revision(view, key, input.revision);
  if (!revision) {
    awaited_.insert(key);
    input.graph_problem = "graph revision " + std::to_string(input.revision) + " is not available";
    return;
  }
  const Document spec = revision->document.get().at((*revision)["spec"]["snapshot"]["spec"]);
  const std::string hash(revision->metadata()["labels"][kRevisionHashLabel].as_string());
  const BuildResult& built = definitions_->graph(view, input.owner, spec, hash);
  input.graph = built.graph;
  if (built.graph != nullptr) return;
  uncompiled_.insert(key);
  input.graph_problem = "latest issued graph revision " + std::to_string(input.revision) + " failed: " + built.failure.message;
}

Plan InstanceController::step(const View& view, const std::string& key, const client::StepContext& context) const {
  const auto [crd, rest] = cut(key, "|");
  const auto [plural, group] = cut(crd, ".");
  const auto owner = definitions_->owner_of_kind(crd);
  const auto resource = view.find_resource(group.value_or(""), plural);
  if (!owner || !resource) return {};
  kind_names_[resource->kind + "." + resource->group] = std::string(crd);
  const auto [name_space, name] = client::split_key(rest.value_or(""));
  const auto instance = view.get(*resource, name_space, name);
  if (!instance) return {};
  ApiSchema api;
  api.group = resource->group;
  api.version = resource->version;
  api.kind = resource->kind;
  api.namespaced = resource->namespaced;
  DefinitionOwner by{owner->dialect, owner->name_space, owner->name,
                     std::string(instance->metadata()["labels"][kDefinitionIdLabel].as_string())};
  InstanceInput input{view, *instance, api, by, nullptr, "", 0, false, "", context, applied_, &children_};
  find_graph(view, *owner, input);
  if (instance->deleting()) return delete_instance(input);
  InstanceResult result = reconcile_instance(input);
  remember_reads(key, std::move(result.reads));
  // Whoever brings what is missing is seen at once, where that can be seen at all.
  if (input.graph == nullptr && input.revision > 0) result.plan.revisit_ns = kUnresolvedEveryNs;
  return std::move(result.plan);
}

}  // namespace

std::unique_ptr<client::Controller> make_instance_controller(std::shared_ptr<Definitions> definitions) {
  return std::make_unique<InstanceController>(std::move(definitions));
}

}  // namespace plinth::compose
