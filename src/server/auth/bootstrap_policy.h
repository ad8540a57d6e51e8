// The roles and bindings that a cluster starts with, and how they are kept complete across releases.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/value.h"

namespace plinth::server::auth {

// The policy as text, see bootstrap_policy.cpp.
extern const std::string_view kBootstrapRoles;
extern const std::string_view kBootstrapControllers;

// The objects to seed, complete (apiVersion, kind, metadata, rules or subjects), in the order to create them. Roles and
// RoleBindings live in kube-system and kube-public, which must exist before.
Result<std::vector<Document>> bootstrap_objects();
// The same for a policy text of this notation.
Result<std::vector<Document>> parse_bootstrap_policy(std::string_view text);

// What start-up does with one of them.
struct Reconciled {
  enum class Action : std::uint8_t {
    kNone,      // complete, or the owner opted out (annotation autoupdate "false")
    kCreate,    // there was none
    kUpdate,    // `object` is the existing one with what was missing
    kRecreate,  // the roleRef differs and cannot be changed: delete, then create `object`
  };
  Action action = Action::kNone;
  Document object;
};

// `existing` is null when the object does not exist. Missing rules, subjects, selectors, labels and annotations are added; what
// an administrator added is kept.
Reconciled reconcile_bootstrap_object(const Document& expected, const Document* existing);

}  // namespace plinth::server::auth
