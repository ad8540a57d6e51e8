#include "platform/node_host.h"

#include "base/json.h"
#include "platform/direct_cluster.h"
#include "platform/direct_transport.h"
#include "server/auth/user.h"

namespace plinth::platform {
namespace {

server::auth::UserPtr node_user(const std::string& name) {
  auto user = std::make_shared<server::auth::UserInfo>();
  user->name = "system:node:" + name;
  user->groups = {"system:nodes", std::string(server::auth::kAuthenticatedGroup)};
  return user;
}

}  // namespace

server::auth::UserPtr administrator() {
  auto user = std::make_shared<server::auth::UserInfo>();
  user->name = "system:apiserver";
  user->groups = {std::string(server::auth::kPrivilegedGroup), std::string(server::auth::kAuthenticatedGroup)};
  return user;
}

std::unique_ptr<client::Transport> node_transport(const NodeHostParts& parts, const std::string& name) {
  return std::make_unique<DirectTransport>(*parts.api, *parts.loop, node_user(name));
}

node::NodeAgentParts node_agent_parts(const NodeHostParts& parts, const std::string& name) {
  node::NodeAgentParts out;
  out.loop = parts.loop;
  out.clock = parts.world.clock;
  out.entropy = parts.world.entropy;
  out.cluster = std::make_unique<DirectCluster>(*parts.api, *parts.store, *parts.loop);
  out.transport = node_transport(parts, name);
  out.config.name = name;
  out.facts.name = name;
  out.facts.hostname = name;
  out.facts.kubelet_version = "v1.34.0";
  out.usage = parts.usage;
  out.log = parts.log.named("node");
  return out;
}

void grant_node_rights(const NodeHostParts& parts, const std::string& name, UniqueFunction<void(Result<void>)> done) {
  Draft draft;
  Value& root = draft.root();
  draft.set(root, "apiVersion", "rbac.authorization.k8s.io/v1");
  draft.set(root, "kind", "ClusterRoleBinding");
  draft.member_path(root, {"metadata", "name"}) = draft.text("plinth:node:" + name);
  Value& role = draft.member(root, "roleRef");
  draft.set(role, "apiGroup", "rbac.authorization.k8s.io");
  draft.set(role, "kind", "ClusterRole");
  draft.set(role, "name", "system:node");
  Value subject = draft.object();
  draft.set(subject, "apiGroup", "rbac.authorization.k8s.io");
  draft.set(subject, "kind", "User");
  draft.set(subject, "name", "system:node:" + name);
  Value subjects = draft.array();
  draft.push(subjects, subject);
  draft.set(root, "subjects", subjects);
  auto transport = std::make_shared<DirectTransport>(*parts.api, *parts.loop, administrator());
  auto finish = std::make_shared<UniqueFunction<void(Result<void>)>>(std::move(done));
  transport->call({"POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", "", to_json(root)},
                  [transport, finish](Result<client::Response> response) {
                    auto outcome =
                        response.ok() ? client::check_response(*response) : Result<void>(std::move(response).error());
                    if (!outcome.ok() && outcome.error().reason() == Reason::kAlreadyExists) outcome = Result<void>();
                    (*finish)(std::move(outcome));
                  });
}

}  // namespace plinth::platform
