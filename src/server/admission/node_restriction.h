// What a node may not do although its rights would let it: touch other nodes, their pods and leases, or steer pods to itself.
#pragma once

#include <optional>
#include <string>

#include "server/admission/admission.h"

namespace plinth::server {

// The node that a user stands for ("system:node:NAME" in the group system:nodes); "" when it is a node without a name. Nothing
// for everybody else.
std::optional<std::string> node_identity(const auth::UserInfo& user);

// Of serviceaccounts/token: a node gets tokens only for pods that run on it, for audiences that they mount. `request` is a
// TokenRequest.
Result<void> check_token_of_node(ServerContext& context, const auth::UserPtr& user, const store::Snapshot& snapshot,
                                 std::string_view name_space, std::string_view account, const Value& request);

}  // namespace plinth::server
