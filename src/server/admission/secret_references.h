// Which Secrets a pod refers to, and whether its ServiceAccount lets it.
#pragma once

#include <string>

#include "base/value.h"

namespace plinth::server {

// By volumes, environments or pull secrets.
bool refers_to_secrets(const Value& pod_spec);

// Of an account that names what may be mounted (annotation kubernetes.io/enforce-mountable-secrets).
bool enforces_mountable_secrets(const Value& account);
// Upstream's sentence about the first Secret that the account does not name; empty when there is none. With `ephemeral_only`
// only ephemeral containers are looked at, otherwise everything but these.
std::string unmountable_secret(const Value& pod_spec, const Value& account, bool ephemeral_only);

}  // namespace plinth::server
