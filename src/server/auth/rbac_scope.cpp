#include "server/auth/rbac_scope.h"

#include <algorithm>

#include "server/object_codec.h"

namespace plinth::server::auth {
namespace {

std::string prefix_of(std::string_view plural, std::string_view name_space) {
  std::string out = "/";
  return out.append(kRbacGroup).append("/").append(plural).append("/").append(name_space).append("/");
}

// Null when the stored bytes cannot be read: no right comes from an object that is not understood.
Document document_of(const store::Record& record) {
  Result<Document> document = decode_record(record, "", false);
  return document.ok() ? std::move(document).value() : Document();
}

std::shared_ptr<const RoleBinding> binding_from(const store::Record& record) {
  auto binding = std::make_shared<RoleBinding>();
  binding->name = key_name(record.key());
  binding->revision = record.revision();
  const Document document = document_of(record);
  binding->role = role_ref_from_value(document["roleRef"]);
  for (const Value& subject : document["subjects"].items()) {
    binding->subjects.push_back({std::string(subject["kind"].as_string()), std::string(subject["name"].as_string()),
                                 std::string(subject["namespace"].as_string())});
  }
  return binding;
}

}  // namespace

RoleRef role_ref_from_value(const Value& value) {
  return {std::string(value["apiGroup"].as_string()), std::string(value["kind"].as_string()),
          std::string(value["name"].as_string())};
}

std::shared_ptr<const RbacScope> RbacScope::build(const store::Snapshot& snapshot, std::string_view name_space,
                                                  const std::shared_ptr<const RbacScope>& previous) {
  auto scope = std::make_shared<RbacScope>();
  scope->name_space_ = name_space;
  const bool same_roles = scope->read_roles(snapshot, previous.get());
  const bool same_bindings = scope->read_bindings(snapshot, previous.get());
  if (previous && same_roles && same_bindings) return previous;
  scope->index_bindings();
  return scope;
}

bool RbacScope::read_roles(const store::Snapshot& snapshot, const RbacScope* previous) {
  bool same = previous != nullptr;
  const std::string prefix = prefix_of(name_space_.empty() ? "clusterroles" : "roles", name_space_);
  snapshot.scan(prefix, prefix, [&](const store::RecordPtr& record) {
    const std::string name(key_name(record->key()));
    if (previous != nullptr) {
      const auto old = previous->roles_.find(name);
      if (old != previous->roles_.end() && old->second.revision == record->revision()) {
        roles_.emplace(name, old->second);
        return true;
      }
    }
    same = false;
    roles_.emplace(name,
                   Role{record->revision(), std::make_shared<CompiledRules>(rules_from_value(document_of(*record)["rules"]))});
    return true;
  });
  return same && roles_.size() == previous->roles_.size();
}

bool RbacScope::read_bindings(const store::Snapshot& snapshot, const RbacScope* previous) {
  bool same = previous != nullptr;
  const std::string prefix = prefix_of(name_space_.empty() ? "clusterrolebindings" : "rolebindings", name_space_);
  const auto by_name = [](const std::shared_ptr<const RoleBinding>& binding, std::string_view name) {
    return binding->name < name;
  };
  snapshot.scan(prefix, prefix, [&](const store::RecordPtr& record) {
    if (previous != nullptr) {
      const std::string_view name = key_name(record->key());
      const auto old = std::lower_bound(previous->bindings_.begin(), previous->bindings_.end(), name, by_name);
      if (old != previous->bindings_.end() && (*old)->name == name && (*old)->revision == record->revision()) {
        bindings_.push_back(*old);
        return true;
      }
    }
    same = false;
    bindings_.push_back(binding_from(*record));
    return true;
  });
  return same && bindings_.size() == previous->bindings_.size();
}

std::string RbacScope::service_account_namespace(const Subject& subject) const {
  return subject.name_space.empty() ? name_space_ : subject.name_space;
}

void RbacScope::index_bindings() {
  for (const auto& binding : bindings_) {
    for (const Subject& subject : binding->subjects) {
      if (subject.kind == "User") by_user_[subject.name].push_back(binding.get());
      if (subject.kind == "Group") by_group_[subject.name].push_back(binding.get());
      if (subject.kind != "ServiceAccount") continue;
      const std::string name_space = service_account_namespace(subject);
      if (!name_space.empty()) by_user_[service_account_username(name_space, subject.name)].push_back(binding.get());
    }
  }
}

const CompiledRules* RbacScope::role(const std::string& name) const {
  const auto found = roles_.find(name);
  return found == roles_.end() ? nullptr : found->second.rules.get();
}

const Subject* RbacScope::subject_of(const RoleBinding& binding, const UserInfo& user) const {
  for (const Subject& subject : binding.subjects) {
    if (subject.kind == "User" && subject.name == user.name) return &subject;
    if (subject.kind == "Group" && user.in_group(subject.name)) return &subject;
    if (subject.kind != "ServiceAccount") continue;
    const std::string name_space = service_account_namespace(subject);
    if (!name_space.empty() && service_account_username(name_space, subject.name) == user.name) return &subject;
  }
  return nullptr;
}

}  // namespace plinth::server::auth
