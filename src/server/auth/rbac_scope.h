// The roles and bindings of one namespace (or of the cluster), indexed by subject. Immutable once made.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "server/auth/compiled_rules.h"
#include "server/auth/rbac.h"
#include "store/store.h"

namespace plinth::server::auth {

struct Subject {
  std::string kind, name, name_space;
};

struct RoleBinding {
  std::string name;
  RoleRef role;
  std::vector<Subject> subjects;
  store::Revision revision = 0;
};

RoleRef role_ref_from_value(const Value& value);

class RbacScope {
 public:
  // Reads the scope's objects from `snapshot`; what has not changed since `previous` (may be null) is taken over from it.
  // Returns `previous` itself when nothing changed.
  static std::shared_ptr<const RbacScope> build(const store::Snapshot& snapshot, std::string_view name_space,
                                                const std::shared_ptr<const RbacScope>& previous);

  // Null when there is no such role.
  const CompiledRules* role(const std::string& name) const;
  bool empty() const { return roles_.empty() && bindings_.empty(); }
  // In name order.
  const std::vector<std::shared_ptr<const RoleBinding>>& bindings() const { return bindings_; }
  // The subject of `binding` that `user` is, or null.
  const Subject* subject_of(const RoleBinding& binding, const UserInfo& user) const;

  // Calls visit(binding) for the bindings of a user, some maybe twice; ends early with true when a call returns true.
  template <typename Visit>
  bool any_binding_of(const UserInfo& user, Visit visit) const {
    if (any_in(by_user_, user.name, visit)) return true;
    for (const std::string& group : user.groups) {
      if (any_in(by_group_, group, visit)) return true;
    }
    return false;
  }

 private:
  struct Role {
    store::Revision revision = 0;
    std::shared_ptr<const CompiledRules> rules;
  };
  using Index = std::unordered_map<std::string, std::vector<const RoleBinding*>>;

  template <typename Visit>
  static bool any_in(const Index& index, const std::string& key, Visit& visit) {
    const auto found = index.find(key);
    if (found == index.end()) return false;
    for (const RoleBinding* binding : found->second) {
      if (visit(*binding)) return true;
    }
    return false;
  }
  // Both return whether all of it was taken over from `previous`.
  bool read_roles(const store::Snapshot& snapshot, const RbacScope* previous);
  bool read_bindings(const store::Snapshot& snapshot, const RbacScope* previous);
  void index_bindings();
  std::string service_account_namespace(const Subject& subject) const;

  std::string name_space_;
  std::unordered_map<std::string, Role> roles_;
  std::vector<std::shared_ptr<const RoleBinding>> bindings_;
  Index by_user_, by_group_;  // service accounts by their user name
};

}  // namespace plinth::server::auth
