#include "platform/attach_manifests.h"

#include "base/yaml.h"
#include "platform/controller_groups.h"

namespace plinth::platform {
namespace {

// Two roles: what the controllers do themselves, and what they do to children, which may be of any kind. Who has all
// definitions act with service accounts of their own binds only the first.
constexpr std::string_view kRights = R"(
apiVersion: v1
kind: ServiceAccount
metadata: {name: plinth-attach}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: plinth-attach}
rules:
- {apiGroups: ['*'], resources: ['*'], verbs: [get, list, watch]}
- {nonResourceURLs: [/api, /api/*, /apis, /apis/*, /openapi, /openapi/*, /version], verbs: [get]}
- {apiGroups: [apiextensions.k8s.io], resources: [customresourcedefinitions], verbs: [create, update, patch]}
- {apiGroups: [kro.run, internal.kro.run, plinth.dev], resources: ['*'], verbs: [create, update, patch, delete]}
- {apiGroups: [coordination.k8s.io], resources: [leases], verbs: [create, update]}
- {apiGroups: [''], resources: [events], verbs: [create, patch]}
- {apiGroups: [''], resources: [serviceaccounts], verbs: [impersonate]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: plinth-attach}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: plinth-attach}
subjects: [{kind: ServiceAccount, name: plinth-attach}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: plinth-attach-children}
rules:
- {apiGroups: ['*'], resources: ['*'], verbs: ['*']}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: plinth-attach-children}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: plinth-attach-children}
subjects: [{kind: ServiceAccount, name: plinth-attach}]
)";

Document in_namespace(const Document& document, const std::string& name_space) {
  Draft draft(document);
  if (document["kind"].as_string() == "ServiceAccount")
    draft.set(draft.member(draft.root(), "metadata"), "namespace", name_space);
  if (Value* subjects = draft.mutable_find(draft.root(), "subjects")) {
    for (Value& subject : draft.mutable_items(*subjects)) draft.set(subject, "namespace", name_space);
  }
  return std::move(draft).finish();
}

// Deleting a kind deletes its instances, so this right is not given for nothing.
Document with_crd_deletion(const Document& role) {
  Draft draft(role);
  Value rule = draft.object();
  for (const auto& [member, text] :
       {std::pair{"apiGroups", "apiextensions.k8s.io"}, {"resources", "customresourcedefinitions"}, {"verbs", "delete"}})
    draft.push(draft.member(rule, member), draft.text(text));
  draft.push(draft.member(draft.root(), "rules"), rule);
  return std::move(draft).finish();
}

}  // namespace

std::vector<Document> attach_manifests(const std::string& name_space, const ComposeChoices& choices) {
  std::vector<Document> out;
  for (const ControllerGroup& group : controller_groups()) {
    for (Document& crd : group.kinds()) out.push_back(std::move(crd));
  }
  const auto rights = parse_yaml_stream(kRights);
  for (const Document& document : *rights) {
    const bool own =
        document["kind"].as_string() == "ClusterRole" && document["metadata"]["name"].as_string() == kAttachAccount;
    out.push_back(in_namespace(own && choices.allow_crd_deletion ? with_crd_deletion(document) : document, name_space));
  }
  return out;
}

}  // namespace plinth::platform
