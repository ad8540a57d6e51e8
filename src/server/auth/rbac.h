// Role based access control: who may do what, compiled from the Roles, ClusterRoles and their bindings in the store.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "server/auth/attributes.h"
#include "server/auth/compiled_rules.h"
#include "store/store.h"

namespace plinth::server::auth {

struct Decision {
  bool allowed = false;
  // Why: of a refusal what could not be resolved; of a permission the binding that gave it, when that was asked for.
  std::string reason;
};

struct RoleRef {
  std::string group, kind, name;
};

// What applies to one namespace, or to the whole cluster. Immutable.
class RbacScope;

// All rights at one state of the rbac objects. Immutable, any thread.
class RbacPolicy {
 public:
  RbacPolicy();
  // `explain` also names the binding behind a permission (reviews ask for it; it costs a walk over the bindings).
  Decision authorize(const Attributes& attributes, bool explain = false) const;
  // Every rule that `user` has in a namespace ("": cluster-wide only). References that lead nowhere are described in
  // `problems`.
  PolicyRules rules_for(const UserInfo& user, std::string_view name_space, std::vector<std::string>* problems = nullptr) const;
  // The rules behind a binding's roleRef; NotFound when there is no such role.
  Result<PolicyRules> rules_of(const RoleRef& role, std::string_view name_space) const;

 private:
  friend class Rbac;
  using ScopePtr = std::shared_ptr<const RbacScope>;
  const RbacScope* scope(std::string_view name_space) const;
  std::string explain(const Attributes& attributes, const RuleQuery& query) const;
  std::string describe_problems(const Attributes& attributes) const;

  ScopePtr cluster_;
  std::unordered_map<std::string, ScopePtr> namespaces_;
};
using RbacPolicyPtr = std::shared_ptr<const RbacPolicy>;

// Keeps the policy in step with the store. Any thread.
//
// A request pays for a comparison of revisions. When the store has moved on, the change stream says which namespaces had rbac
// changes, and only those are compiled again; where the stream cannot tell, the records are compared with those compiled.
class Rbac {
 public:
  Rbac() = default;
  // Follows the change stream of `store`; without it every new revision is compared in full (tests, small tools).
  void follow(store::Store& store, Loop& loop);

  // The policy at `snapshot` or later.
  RbacPolicyPtr policy(const store::Snapshot& snapshot);
  // Members of system:masters pass.
  Decision authorize(const Attributes& attributes, const store::Snapshot& snapshot, bool explain = false);
  // Ok, or Forbidden in the API server's words.
  Result<void> require(const Attributes& attributes, const store::Snapshot& snapshot);

 private:
  bool open_stream(store::Revision after);
  // False when the stream does not reach up to the revision.
  bool collect_changes(store::Revision revision);
  void compile_all(const store::Snapshot& snapshot);
  void compile_dirty(const store::Snapshot& snapshot);
  void compile(const store::Snapshot& snapshot, const std::set<std::string>& names);

  std::mutex mutex_;
  store::Store* store_ = nullptr;
  Loop* loop_ = nullptr;
  std::unique_ptr<store::Watch> watch_;
  RbacPolicyPtr policy_ = std::make_shared<const RbacPolicy>();
  store::Revision compiled_revision_ = 0;
  bool compiled_once_ = false;
  // Namespaces with changes not compiled yet ("" stands for the cluster), each with the last revision it changed at.
  std::map<std::string, store::Revision> dirty_;
};

}  // namespace plinth::server::auth
