#include "cli/remote/family.h"

#include <algorithm>
#include <set>

#include "base/json.h"
#include "base/text.h"

namespace plinth::cli {
namespace {

constexpr std::string_view kPartOf = "applyset.kubernetes.io/part-of", kSetId = "applyset.kubernetes.io/id",
                           kSetNamespaces = "applyset.kubernetes.io/additional-namespaces",
                           kDefinitionId = "kro.run/resource-graph-definition-id";

struct Listed {
  client::Resource resource;
  Document list;  // keeps the item
  Value item;
};

std::string_view uid_of(const Value& object) { return object["metadata"]["uid"].as_string(); }

std::string service_key(const Value& metadata) {
  return "service " + std::string(metadata["namespace"].as_string()) + "/" + std::string(metadata["name"].as_string());
}

bool is_core(const client::Resource& resource, std::string_view plural) {
  return resource.group.empty() && resource.plural == plural;
}

// What an object may be found by as somebody's child. Endpoints have no owner, and the labels of their Service: they belong to
// it.
std::set<std::string> parents_of(const client::Resource& resource, const Value& object) {
  const Value metadata = object["metadata"];
  if (is_core(resource, "endpoints")) return {service_key(metadata)};
  std::set<std::string> out;
  for (const Value& owner : metadata["ownerReferences"].items()) out.insert("uid " + std::string(owner["uid"].as_string()));
  const Value labels = metadata["labels"];
  if (const std::string_view set = labels[kPartOf].as_string(); !set.empty()) out.insert("set " + std::string(set));
  if (const std::string_view id = labels[kDefinitionId].as_string(); !id.empty()) out.insert("uid " + std::string(id));
  return out;
}

class Family {
 public:
  explicit Family(std::vector<Listed> all) : all_(std::move(all)) {
    for (std::size_t i = 0; i < all_.size(); ++i) {
      for (const std::string& parent : parents_of(all_[i].resource, all_[i].item)) by_parent_[parent].push_back(i);
    }
  }

  void grow(FamilyMember& member) {
    const Value& object = member.object.root();
    std::set<std::size_t> found;
    const std::string_view set = object["metadata"]["labels"][kSetId].as_string();
    std::vector<std::string> keys = {"uid " + std::string(uid_of(object)), "set " + std::string(set)};
    if (is_core(member.resource, "services")) keys.push_back(service_key(object["metadata"]));
    for (const std::string& key : keys) {
      if (const auto at = by_parent_.find(key); at != by_parent_.end()) found.insert(at->second.begin(), at->second.end());
    }
    for (std::size_t i : found) {
      const std::string uid(uid_of(all_[i].item));
      if (!seen_.insert(uid).second) continue;
      FamilyMember child{all_[i].resource, typed(all_[i]), {}};
      grow(child);
      member.children.push_back(std::move(child));
    }
    std::sort(member.children.begin(), member.children.end(), [](const FamilyMember& a, const FamilyMember& b) {
      const auto key = [](const FamilyMember& m) {
        return std::tuple(m.resource.kind, std::string(m.object["metadata"]["namespace"].as_string()),
                          std::string(m.object["metadata"]["name"].as_string()));
      };
      return key(a) < key(b);
    });
  }
  void see(const Value& root) { seen_.insert(std::string(uid_of(root))); }

 private:
  // Items of lists come without their type.
  static Document typed(const Listed& listed) {
    Draft draft(listed.list.at(listed.item));
    draft.set(draft.root(), "apiVersion", listed.resource.api_version());
    draft.set(draft.root(), "kind", listed.resource.kind);
    return std::move(draft).finish();
  }

  std::vector<Listed> all_;
  std::map<std::string, std::vector<std::size_t>> by_parent_;
  std::set<std::string> seen_;
};

// Where children may be: an owner reaches its own namespace, an ApplySet also those that it names.
std::vector<std::string> namespaces_below(const Document& root, const std::string& name_space) {
  if (name_space.empty() || !root["metadata"]["annotations"][kSetNamespaces].as_string().empty()) return {""};
  return {name_space};
}

std::vector<Listed> list_all(ApiClient& api, const ServedKinds& kinds, const std::vector<std::string>& namespaces,
                             std::vector<std::string>& unseen) {
  std::vector<client::Request> requests;
  std::vector<client::Resource> resources;
  std::set<client::Resource> known;
  for (const ServedKind& kind : kinds.all()) {
    if (!kind.has("list") || !kind.has("watch") || kind.resource.plural == "events" || !known.insert(kind.resource).second)
      continue;
    for (const std::string& name_space : namespaces) {
      requests.push_back({"GET", client::object_path(kind.resource, name_space, "")});
      resources.push_back(kind.resource);
    }
  }
  std::vector<Listed> out;
  auto answers = api.call_all(requests);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    auto list = answers[i].ok() ? parse_json(answers[i]->body) : Result<Document>(std::move(answers[i]).error());
    if (!list.ok()) {
      unseen.push_back(resources[i].plural + (resources[i].group.empty() ? "" : "." + resources[i].group));
      continue;
    }
    for (const Value& item : (*list)["items"].items()) out.push_back({resources[i], *list, item});
  }
  return out;
}

const Value* condition(const Value& object, std::string_view type) {
  for (const Value& c : object["status"]["conditions"].items()) {
    if (c["type"].as_string() == type) return &c;
  }
  return nullptr;
}

// Why a pod's container does not run.
Health pod_health(const Value& pod) {
  const std::string phase(pod["status"]["phase"].as_string());
  if (phase == "Succeeded") return {Health::State::kReady, "", ""};
  const Value* ready = condition(pod, "Ready");
  if (ready != nullptr && (*ready)["status"].as_string() == "True") return {Health::State::kReady, "", ""};
  for (const char* list : {"initContainerStatuses", "containerStatuses"}) {
    for (const Value& container : pod["status"][list].items()) {
      for (const char* state : {"waiting", "terminated"}) {
        const Value why = container["state"][state];
        if (!why["reason"].as_string().empty() && why["reason"].as_string() != "Completed")
          return {Health::State::kNotReady, std::string(why["reason"].as_string()), std::string(why["message"].as_string())};
      }
    }
  }
  if (const Value* scheduled = condition(pod, "PodScheduled");
      scheduled != nullptr && (*scheduled)["status"].as_string() == "False")
    return {Health::State::kNotReady, std::string((*scheduled)["reason"].as_string()),
            std::string((*scheduled)["message"].as_string())};
  return {Health::State::kNotReady, phase.empty() ? "Pending" : phase, ""};
}

Health of_condition(const Value& c) {
  if (c["status"].as_string() == "True") return {Health::State::kReady, "", ""};
  return {Health::State::kNotReady, std::string(c["reason"].as_string()), std::string(c["message"].as_string())};
}

Health of_counts(std::int64_t ready, std::int64_t wanted) {
  if (ready >= wanted) return {Health::State::kReady, "", ""};
  return {Health::State::kNotReady, std::to_string(ready) + "/" + std::to_string(wanted) + " ready", ""};
}

// A dependent that explains why Ready is not there says more than Ready itself.
Health of_worst(const Value& object, const Value& ready) {
  Health out = of_condition(ready);
  if (out.state == Health::State::kReady || !out.message.empty()) return out;
  for (const Value& c : object["status"]["conditions"].items()) {
    if (c["status"].as_string() == "False" && !c["message"].as_string().empty()) return of_condition(c);
  }
  return out;
}

}  // namespace

Health health_of(const client::Resource& resource, const Value& object) {
  const Value spec = object["spec"], status = object["status"];
  if (object["metadata"].find("deletionTimestamp") != nullptr) {
    std::string keeps;
    for (const Value& f : object["metadata"]["finalizers"].items())
      keeps += (keeps.empty() ? "finalizers " : ", ") + std::string(f.as_string());
    return {Health::State::kNotReady, "Deleting", keeps};
  }
  if (resource.is("", "pods")) return pod_health(object);
  if (resource.group == "apps" && resource.plural == "daemonsets")
    return of_counts(status["numberReady"].as_int(), status["desiredNumberScheduled"].as_int());
  if (resource.group == "apps" && spec.find("replicas") != nullptr)
    return of_counts(status["readyReplicas"].as_int(), spec["replicas"].as_int());
  for (std::string_view type : {"Ready", "Available", "Complete", "Established"}) {
    if (const Value* c = condition(object, type)) return of_worst(object, *c);
  }
  // The form of 2024 has no Ready of its own.
  for (std::string_view type : {"InstanceSynced", "CustomResourceDefinitionSynced", "Failed"}) {
    const Value* c = condition(object, type);
    if (c == nullptr) continue;
    Health out = of_condition(*c);
    if (type == "Failed")
      out = {Health::State::kNotReady, std::string((*c)["reason"].as_string()), std::string((*c)["message"].as_string())};
    return out;
  }
  const std::string_view phase = status["phase"].as_string();
  if (phase == "Bound" || phase == "Active" || phase == "Available") return {Health::State::kReady, "", ""};
  if (phase == "Pending" || phase == "Lost" || phase == "Failed") return {Health::State::kNotReady, std::string(phase), ""};
  return {};
}

Result<FamilyMember> find_family(ApiClient& api, const ServedKinds& kinds, const client::Resource& resource,
                                 const std::string& name_space, const std::string& name, std::vector<std::string>& unseen) {
  FamilyMember root{resource, TRY(api.get(client::object_path(resource, name_space, name))), {}};
  // What a definition defines is wherever its instances are.
  const bool definition =
      resource.group == "kro.run" && (resource.plural == "resourcegraphdefinitions" || resource.plural == "resourcegroups");
  Family family(
      list_all(api, kinds, definition ? std::vector<std::string>{""} : namespaces_below(root.object, name_space), unseen));
  family.see(root.object.root());
  family.grow(root);
  return root;
}

}  // namespace plinth::cli
