#include "server/auth/rbac.h"

#include "api/go_text.h"
#include "server/auth/rbac_scope.h"
#include "server/object_codec.h"
#include "server/status.h"

namespace plinth::server::auth {
namespace {

constexpr std::string_view kRbacPrefix = "/rbac.authorization.k8s.io/";
constexpr std::size_t kEventsPerRead = 256;

const CompiledRules* resolve(const RbacScope& cluster, const RbacScope& scope, const RoleRef& role) {
  if (role.kind == "ClusterRole") return cluster.role(role.name);
  return role.kind == "Role" && &scope != &cluster ? scope.role(role.name) : nullptr;
}

std::string unresolved(const RoleRef& role) {
  if (role.kind == "ClusterRole") return "clusterrole.rbac.authorization.k8s.io " + api::go_quoted(role.name) + " not found";
  if (role.kind == "Role") return "role.rbac.authorization.k8s.io " + api::go_quoted(role.name) + " not found";
  return "unsupported role reference kind: " + api::go_quoted(role.kind);
}

// Upstream writes name before namespace.
std::string with_namespace(const std::string& name, std::string_view name_space) {
  return api::go_quoted(name + "/" + std::string(name_space));
}

std::string describe(const Subject& subject, std::string_view binding_namespace) {
  if (subject.kind != "ServiceAccount") return subject.kind + " " + api::go_quoted(subject.name);
  return subject.kind + " " + with_namespace(subject.name, subject.name_space.empty() ? binding_namespace : subject.name_space);
}

std::string describe(const RoleBinding& binding, const Subject& subject, std::string_view name_space) {
  std::string out = name_space.empty() ? "ClusterRoleBinding " + api::go_quoted(binding.name)
                                       : "RoleBinding " + with_namespace(binding.name, name_space);
  return out + " of " + binding.role.kind + " " + api::go_quoted(binding.role.name) + " to " + describe(subject, name_space);
}

std::shared_ptr<const RbacScope> empty_scope() { return std::make_shared<const RbacScope>(); }

}  // namespace

RbacPolicy::RbacPolicy() : cluster_(empty_scope()) {}

const RbacScope* RbacPolicy::scope(std::string_view name_space) const {
  if (name_space.empty()) return nullptr;
  const auto found = namespaces_.find(std::string(name_space));
  return found == namespaces_.end() ? nullptr : found->second.get();
}

Decision RbacPolicy::authorize(const Attributes& attributes, bool explain_it) const {
  if (!attributes.user) return {};
  const RuleQuery query(attributes);
  const auto allowed_in = [&](const RbacScope& where) {
    return where.any_binding_of(*attributes.user, [&](const RoleBinding& binding) {
      const CompiledRules* rules = resolve(*cluster_, where, binding.role);
      return rules != nullptr && rules->allows(query);
    });
  };
  const RbacScope* local = scope(attributes.name_space);
  if (!allowed_in(*cluster_) && (local == nullptr || !allowed_in(*local))) return {false, describe_problems(attributes)};
  return {true, explain_it ? explain(attributes, query) : ""};
}

std::string RbacPolicy::explain(const Attributes& attributes, const RuleQuery& query) const {
  const auto search = [&](const RbacScope& where, std::string_view name_space) -> std::string {
    for (const auto& binding : where.bindings()) {
      const Subject* subject = where.subject_of(*binding, *attributes.user);
      const CompiledRules* rules = subject != nullptr ? resolve(*cluster_, where, binding->role) : nullptr;
      if (rules != nullptr && rules->allows(query)) return "RBAC: allowed by " + describe(*binding, *subject, name_space);
    }
    return "";
  };
  std::string reason = search(*cluster_, "");
  const RbacScope* local = scope(attributes.name_space);
  if (reason.empty() && local != nullptr) reason = search(*local, attributes.name_space);
  return reason;
}

std::string RbacPolicy::describe_problems(const Attributes& attributes) const {
  std::set<std::string> problems;
  const auto collect = [&](const RbacScope& where) {
    where.any_binding_of(*attributes.user, [&](const RoleBinding& binding) {
      if (resolve(*cluster_, where, binding.role) == nullptr) problems.insert(unresolved(binding.role));
      return false;
    });
  };
  collect(*cluster_);
  if (const RbacScope* local = scope(attributes.name_space)) collect(*local);
  if (problems.empty()) return "";
  std::string out = "RBAC: ";
  if (problems.size() > 1) out += '[';
  for (const std::string& problem : problems) out.append(&problem == &*problems.begin() ? "" : ", ").append(problem);
  if (problems.size() > 1) out += ']';
  return out;
}

PolicyRules RbacPolicy::rules_for(const UserInfo& user, std::string_view name_space, std::vector<std::string>* problems) const {
  PolicyRules out;
  const auto collect = [&](const RbacScope& where) {
    for (const auto& binding : where.bindings()) {
      if (where.subject_of(*binding, user) == nullptr) continue;
      const CompiledRules* rules = resolve(*cluster_, where, binding->role);
      if (rules != nullptr)
        out.insert(out.end(), rules->rules().begin(), rules->rules().end());
      else if (problems != nullptr)
        problems->push_back(unresolved(binding->role));
    }
  };
  collect(*cluster_);
  if (const RbacScope* local = scope(name_space)) collect(*local);
  return out;
}

Result<PolicyRules> RbacPolicy::rules_of(const RoleRef& role, std::string_view name_space) const {
  if (role.kind != "ClusterRole" && role.kind != "Role") return internal_error(unresolved(role));
  const RbacScope* local = scope(name_space);
  const CompiledRules* rules = role.kind == "ClusterRole" ? cluster_->role(role.name)
                               : local != nullptr         ? local->role(role.name)
                                                          : nullptr;
  if (rules == nullptr) return not_found(kRbacGroup, role.kind == "ClusterRole" ? "clusterroles" : "roles", role.name);
  return rules->rules();
}

void Rbac::follow(store::Store& store, Loop& loop) {
  std::lock_guard lock(mutex_);
  store_ = &store;
  loop_ = &loop;
}

bool Rbac::open_stream(store::Revision after) {
  watch_.reset();
  if (store_ == nullptr) return false;
  // Changes are asked for when a request needs them, so nobody has to be woken.
  auto opened = store_->watch(kRbacPrefix, after, *loop_, Task([] {}));
  if (opened.ok()) watch_ = std::move(opened).value();
  return watch_ != nullptr;
}

bool Rbac::collect_changes(store::Revision revision) {
  if (!watch_) return false;
  for (;;) {
    store::Revision progress = 0;
    auto events = watch_->next(kEventsPerRead, progress);
    if (!events.ok()) {
      watch_.reset();
      return false;
    }
    for (const store::EventPtr& event : *events) dirty_[std::string(key_namespace(event->current->key()))] = event->revision;
    if (events->empty()) return progress >= revision;
  }
}

RbacPolicyPtr Rbac::policy(const store::Snapshot& snapshot) {
  const store::Revision revision = snapshot.revision();
  std::lock_guard lock(mutex_);
  if (compiled_once_ && revision <= compiled_revision_) return policy_;
  const bool known = compiled_once_ && collect_changes(revision);
  // Opened before the full comparison, so that no change falls between the two.
  if (!watch_) open_stream(revision);
  if (!known)
    compile_all(snapshot);
  else if (!dirty_.empty())
    compile_dirty(snapshot);
  compiled_once_ = true;
  compiled_revision_ = revision;
  return policy_;
}

void Rbac::compile_all(const store::Snapshot& snapshot) {
  std::set<std::string> names{""};
  for (const auto& [name, scope] : policy_->namespaces_) names.insert(name);
  for (std::string_view plural : {"roles/", "rolebindings/"}) {
    const std::string prefix = std::string(kRbacPrefix) + std::string(plural);
    snapshot.scan(prefix, prefix, [&](const store::RecordPtr& record) {
      names.emplace(key_namespace(record->key()));
      return true;
    });
  }
  compile(snapshot, names);
}

void Rbac::compile_dirty(const store::Snapshot& snapshot) {
  std::set<std::string> names;
  for (const auto& [name, revision] : dirty_) names.insert(name);
  compile(snapshot, names);
}

void Rbac::compile(const store::Snapshot& snapshot, const std::set<std::string>& names) {
  std::shared_ptr<RbacPolicy> next;  // made on the first difference
  const auto writable = [&]() -> RbacPolicy& {
    if (!next) next = std::make_shared<RbacPolicy>(*policy_);
    return *next;
  };
  for (const std::string& name : names) {
    const auto found = policy_->namespaces_.find(name);
    const RbacPolicy::ScopePtr old = name.empty()                          ? policy_->cluster_
                                     : found != policy_->namespaces_.end() ? found->second
                                                                           : nullptr;
    RbacPolicy::ScopePtr scope = RbacScope::build(snapshot, name, old);
    if (scope == old || (scope->empty() && old == nullptr)) continue;
    if (name.empty())
      writable().cluster_ = std::move(scope);
    else if (scope->empty())
      writable().namespaces_.erase(name);
    else
      writable().namespaces_[name] = std::move(scope);
  }
  if (next) policy_ = std::move(next);
  // A change later than this snapshot is still to be compiled.
  for (auto it = dirty_.begin(); it != dirty_.end();) it = it->second <= snapshot.revision() ? dirty_.erase(it) : std::next(it);
}

Decision Rbac::authorize(const Attributes& attributes, const store::Snapshot& snapshot, bool explain) {
  if (attributes.user && attributes.user->privileged()) return {true, ""};
  return policy(snapshot)->authorize(attributes, explain);
}

Result<void> Rbac::require(const Attributes& attributes, const store::Snapshot& snapshot) {
  const Decision decision = authorize(attributes, snapshot);
  if (decision.allowed) return {};
  return forbidden_error(attributes, decision.reason);
}

}  // namespace plinth::server::auth
