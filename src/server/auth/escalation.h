// No write of a role or binding may give rights that the writer does not hold (unless the verbs escalate and bind allow it).
#pragma once

#include "base/result.h"
#include "base/value.h"
#include "server/auth/attributes.h"
#include "server/auth/rbac.h"

namespace plinth::server::auth {

// Whether a write of this resource has to pass check_role_write() or check_binding_write().
bool is_role_resource(std::string_view group, std::string_view resource);
bool is_binding_resource(std::string_view group, std::string_view resource);

// `request` is the write as it was authorized (user, group, resource, name, namespace); `object` the state to be stored, `old`
// the stored one (null for a creation). Forbidden with the missing rights, in upstream's words.
Result<void> check_role_write(const RbacPolicy& policy, const Attributes& request, const Value& object, const Value* old);
Result<void> check_binding_write(const RbacPolicy& policy, const Attributes& request, const Value& object, const Value* old);

// Whether `object` differs from `old` in owner references, finalizers and managed fields at most: what the garbage collector
// needs to change on objects that it could not have written.
bool only_gc_fields_differ(const Value& object, const Value& old);

}  // namespace plinth::server::auth
