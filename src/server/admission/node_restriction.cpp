#include "server/admission/node_restriction.h"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/core.h>

#include "base/base64.h"
#include "base/quoted.h"
#include "base/text.h"
#include "net/signing.h"
#include "server/admission/plugins.h"
#include "server/admission/secret_references.h"
#include "server/admission/stored_objects.h"
#include "server/auth/auth.h"
#include "server/status.h"

namespace plinth::server {
namespace {

constexpr std::string_view kNodesGroup = "system:nodes";
constexpr std::string_view kNodePrefix = "system:node:";
constexpr std::string_view kMirror = "kubernetes.io/config.mirror";
constexpr std::string_view kLeases = "kube-node-lease";
constexpr std::string_view kRestricted = "node-restriction.kubernetes.io";
constexpr std::string_view kKubeletSigner = "kubernetes.io/kube-apiserver-client-kubelet",
                           kServingSigner = "kubernetes.io/kubelet-serving";

// Labels under kubernetes.io and k8s.io that a node sets itself.
constexpr std::array<std::string_view, 11> kOwnLabels = {"kubernetes.io/hostname",
                                                         "topology.kubernetes.io/zone",
                                                         "topology.kubernetes.io/region",
                                                         "failure-domain.beta.kubernetes.io/zone",
                                                         "failure-domain.beta.kubernetes.io/region",
                                                         "node.kubernetes.io/instance-type",
                                                         "beta.kubernetes.io/instance-type",
                                                         "kubernetes.io/os",
                                                         "kubernetes.io/arch",
                                                         "beta.kubernetes.io/os",
                                                         "beta.kubernetes.io/arch"};

bool is_in(std::string_view domain, std::string_view of) {
  return domain == of || (domain.ends_with(of) && domain[domain.size() - of.size() - 1] == '.');
}

bool is_forbidden_label(std::string_view key) {
  const std::size_t slash = key.find('/');
  const std::string_view domain = slash == std::string_view::npos ? std::string_view() : key.substr(0, slash);
  if (is_in(domain, kRestricted)) return true;
  if (!is_in(domain, "kubernetes.io") && !is_in(domain, "k8s.io")) return false;
  if (std::find(kOwnLabels.begin(), kOwnLabels.end(), key) != kOwnLabels.end()) return false;
  return !is_in(domain, "kubelet.kubernetes.io") && !is_in(domain, "node.kubernetes.io");
}

// Labels that were added, changed or taken away and are not a node's to change; in order, joined.
std::string forbidden_labels(const Value& now, const Value& old) {
  std::set<std::string_view> changed;
  for (const auto& [a, b] : {std::pair(now, old), std::pair(old, now)}) {
    for (const Member& m : a.members()) {
      const Value* other = b.find(m.key());
      if ((other == nullptr || !equal(*other, m.value)) && is_forbidden_label(m.key())) changed.insert(m.key());
    }
  }
  return join(std::vector<std::string_view>(changed.begin(), changed.end()), ", ");
}

// One request of one node. Errors are Forbidden in upstream's words.
class NodeCheck {
 public:
  NodeCheck(const AdmissionRequest& request, std::string node) : request_(request), node_(std::move(node)) {}

  Result<void> check() const {
    if (node_.empty()) return refuse(fmt::format("could not determine node from user {}", quoted(request_.user->name)));
    const std::string_view group = request_.group(), resource = request_.resource();
    if (group.empty() && resource == "pods") return pod();
    if (group.empty() && resource == "nodes") return node();
    if (group.empty() && resource == "persistentvolumeclaims") return claim();
    if (group == "coordination.k8s.io" && resource == "leases") return lease();
    if (group == "storage.k8s.io" && resource == "csinodes") return csi_node();
    if (group == "resource.k8s.io" && resource == "resourceslices") return slice();
    if (group == "certificates.k8s.io" && resource == "certificatesigningrequests") return certificate();
    return {};
  }

 private:
  Error refuse(std::string_view why) const { return admission_forbidden(request_, why); }
  Value object() const { return request_.object != nullptr ? request_.object->root() : Value(); }
  Value old() const { return request_.old_object.root(); }
  bool is(Operation operation) const { return request_.operation == operation; }
  std::string_view operation() const { return operation_name(request_.operation); }
  std::string_view node_of(const Value& pod) const { return pod["spec"]["nodeName"].as_string(); }

  Result<void> pod() const {
    if (request_.subresource == "status") return pod_status();
    if (request_.subresource == "eviction") {
      if (node_of(old()) == node_) return {};
      return refuse(fmt::format("node {} can only evict pods with spec.nodeName set to itself", node_));
    }
    if (!request_.subresource.empty()) {
      return refuse(
          fmt::format("unexpected pod subresource {}, only 'status' and 'eviction' are allowed", quoted(request_.subresource)));
    }
    if (is(Operation::kCreate)) return mirror_pod();
    if (!is(Operation::kDelete)) {
      return refuse(fmt::format("unexpected operation {}, node {} can only create and delete mirror pods", quoted(operation()),
                                quoted(node_)));
    }
    if (node_of(old()) == node_) return {};
    return refuse(fmt::format("node {} can only delete pods with spec.nodeName set to itself", quoted(node_)));
  }

  Result<void> pod_status() const {
    if (node_of(old()) != node_)
      return refuse(fmt::format("node {} can only update pod status for pods with spec.nodeName set to itself", quoted(node_)));
    if (!equal(old()["metadata"]["labels"], object()["metadata"]["labels"])) {
      return refuse(fmt::format("node {} cannot update labels through pod status", quoted(node_)));
    }
    if (!equal(old()["status"]["resourceClaimStatuses"], object()["status"]["resourceClaimStatuses"])) {
      return refuse(fmt::format("node {} cannot update resource claim statues", quoted(node_)));
    }
    return {};
  }

  Result<void> mirror_pod() const {
    const Value pod = object();
    if (pod["metadata"]["annotations"].find(kMirror) == nullptr) {
      return refuse(
          fmt::format("pod does not have {} annotation, node {} can only create mirror pods", quoted(kMirror), quoted(node_)));
    }
    if (node_of(pod) != node_)
      return refuse(fmt::format("node {} can only create pods with spec.nodeName set to itself", quoted(node_)));
    TRY(owner(pod["metadata"]["ownerReferences"]));
    const std::string_view referenced = reference_in(pod);
    if (referenced.empty()) return {};
    return refuse(fmt::format("node {} can not create pods that reference {}", quoted(node_), referenced));
  }

  Result<void> owner(const Value& owners) const {
    if (owners.size() > 1)
      return refuse(fmt::format("node {} can only create pods with a single owner reference set to itself", quoted(node_)));
    const Value owner = owners.size() == 0 ? Value() : owners.items()[0];
    if (owner["apiVersion"].as_string() != "v1" || owner["kind"].as_string() != "Node" || owner["name"].as_string() != node_) {
      return refuse(fmt::format("node {} can only create pods with an owner reference set to itself", quoted(node_)));
    }
    if (!owner["controller"].as_bool()) {
      return refuse(fmt::format("node {} can only create pods with a controller owner reference set to itself", quoted(node_)));
    }
    if (owner["blockOwnerDeletion"].as_bool()) {
      return refuse(fmt::format("node {} must not set blockOwnerDeletion on an owner reference", quoted(node_)));
    }
    store::RecordPtr node = request_.snapshot->get("/core/nodes//" + node_);
    if (node == nullptr) return not_found("", "nodes", node_);
    const std::string_view uid = owner["uid"].as_string();
    if (uid == node->uid()) return {};
    return refuse(fmt::format("node {} UID mismatch: expected {} got {}", node_, uid, node->uid()));
  }

  // The first kind of other objects that a pod needs; "" when it needs none.
  static std::string_view reference_in(const Value& pod) {
    const Value spec = pod["spec"];
    if (!spec["serviceAccountName"].as_string().empty()) return "serviceaccounts";
    if (refers_to_secrets(spec)) return "secrets";
    if (uses_config_maps(spec)) return "configmaps";
    if (spec["resourceClaims"].size() > 0) return "resourceclaims";
    for (const Value& volume : spec["volumes"].items()) {
      if (volume.find("persistentVolumeClaim") != nullptr || volume.find("ephemeral") != nullptr)
        return "persistentvolumeclaims";
    }
    return "";
  }

  static bool uses_config_maps(const Value& spec) {
    for (const char* list : {"initContainers", "containers", "ephemeralContainers"}) {
      for (const Value& container : spec[list].items()) {
        for (const Value& from : container["envFrom"].items()) {
          if (from.find("configMapRef") != nullptr) return true;
        }
        for (const Value& env : container["env"].items()) {
          if (env["valueFrom"].find("configMapKeyRef") != nullptr) return true;
        }
      }
    }
    for (const Value& volume : spec["volumes"].items()) {
      if (volume.find("configMap") != nullptr) return true;
      for (const Value& source : volume["projected"]["sources"].items()) {
        if (source.find("configMap") != nullptr) return true;
      }
    }
    return false;
  }

  Result<void> node() const {
    if (request_.name != node_)
      return refuse(fmt::format("node {} is not allowed to modify node {}", quoted(node_), quoted(request_.name)));
    if (is(Operation::kDelete)) return {};
    const Value now = object();
    const bool has_source = now["spec"]["configSource"].is_object();
    if (is(Operation::kCreate)) {
      if (has_source)
        return refuse(fmt::format("node {} is not allowed to create pods with a non-nil configSource", quoted(node_)));
      const std::string labels = forbidden_labels(now["metadata"]["labels"], Value());
      if (!labels.empty())
        return refuse(fmt::format("node {} is not allowed to set the following labels: {}", quoted(node_), labels));
      return {};
    }
    if (has_source && !equal(now["spec"]["configSource"], old()["spec"]["configSource"])) {
      return refuse(fmt::format("node {} is not allowed to update configSource to a new non-nil configSource", quoted(node_)));
    }
    if (!equal(now["spec"]["taints"], old()["spec"]["taints"]))
      return refuse(fmt::format("node {} is not allowed to modify taints", quoted(node_)));
    if (!equal(now["metadata"]["ownerReferences"], old()["metadata"]["ownerReferences"])) {
      return refuse(fmt::format("node {} is not allowed to modify ownerReferences", quoted(node_)));
    }
    const std::string labels = forbidden_labels(now["metadata"]["labels"], old()["metadata"]["labels"]);
    if (!labels.empty()) return refuse("is not allowed to modify labels: " + labels);
    return {};
  }

  Result<void> claim() const {
    if (request_.subresource != "status") return refuse("may only update PVC status");
    if (!is(Operation::kUpdate)) return refuse(fmt::format("unexpected operation {}", quoted(operation())));
    const auto without = [](const Value& claim) {
      Draft draft;
      draft.root() = draft.clone(claim);
      draft.remove(draft.member(draft.root(), "metadata"), "resourceVersion");
      Value& status = draft.member(draft.root(), "status");
      for (const char* key : {"capacity", "conditions", "allocatedResources", "allocatedResourceStatuses"})
        draft.remove(status, key);
      return std::move(draft).finish();
    };
    if (equal(without(old()).root(), without(object()).root())) return {};
    return refuse(
        fmt::format("node {} is not allowed to update fields other than status.quantity and status.conditions", quoted(node_)));
  }

  Result<void> lease() const {
    if (request_.name_space != kLeases)
      return refuse(fmt::format("can only access leases in the {} system namespace", quoted(kLeases)));
    if (request_.name == node_) return {};
    return refuse("can only access node lease with the same name as the requesting node");
  }

  Result<void> csi_node() const {
    if (request_.name == node_) return {};
    return refuse("can only access CSINode with the same name as the requesting node");
  }

  Result<void> slice() const {
    if (is(Operation::kCreate) && object()["spec"]["nodeName"].as_string() != node_) {
      return refuse("can only create ResourceSlice with the same NodeName as the requesting node");
    }
    if (is(Operation::kDelete) && old()["spec"]["nodeName"].as_string() != node_) {
      return refuse("can only delete ResourceSlice with the same NodeName as the requesting node");
    }
    return {};
  }

  Result<void> certificate() const {
    if (!is(Operation::kCreate)) return {};
    const std::string_view signer = object()["spec"]["signerName"].as_string();
    if (signer != kKubeletSigner && signer != kServingSigner) return {};
    const auto pem = base64_decode(object()["spec"]["request"].as_string());
    const auto names = net::read_certificate_request(pem.value_or(""));
    if (!names.ok()) return refuse("unable to parse csr: " + names.error().message());
    if (names->common_name == std::string(kNodePrefix) + node_) return {};
    return refuse(fmt::format("can only create a node CSR with CN={}{}", kNodePrefix, node_));
  }

  const AdmissionRequest& request_;
  std::string node_;
};

class NodeRestriction final : public AdmissionPlugin {
 public:
  std::string_view name() const override { return "NodeRestriction"; }

  Result<void> mutate(ServerContext&, AdmissionRequest& request) const override { return check(request); }
  // Deletions are not mutated.
  Result<void> validate(ServerContext&, AdmissionRequest& request) const override {
    if (request.object != nullptr && request.operation != Operation::kDelete) return {};
    return check(request);
  }

 private:
  static Result<void> check(const AdmissionRequest& request) {
    auto node = request.user == nullptr ? std::nullopt : node_identity(*request.user);
    if (!node) return {};
    return NodeCheck(request, std::move(*node)).check();
  }
};

bool mounts_audience(const Value& pod, std::string_view audience) {
  for (const Value& volume : pod["spec"]["volumes"].items()) {
    for (const Value& source : volume["projected"]["sources"].items()) {
      if (source.find("serviceAccountToken") != nullptr && source["serviceAccountToken"]["audience"].as_string() == audience)
        return true;
    }
  }
  return false;
}

}  // namespace

std::optional<std::string> node_identity(const auth::UserInfo& user) {
  if (!user.name.starts_with(kNodePrefix) || !user.in_group(kNodesGroup)) return std::nullopt;
  return user.name.substr(kNodePrefix.size());
}

Result<void> check_token_of_node(ServerContext& context, const auth::UserPtr& user, const store::Snapshot& snapshot,
                                 std::string_view name_space, std::string_view account, const Value& request) {
  const auto node = node_identity(*user);
  if (!node) return {};
  const auto refuse = [&](std::string_view why) { return forbidden("", "serviceaccounts", account, why); };
  const Value ref = request["spec"]["boundObjectRef"];
  if (ref["apiVersion"].as_string() != "v1" || ref["kind"].as_string() != "Pod" || ref["name"].as_string().empty()) {
    return refuse("node requested token not bound to a pod");
  }
  const std::string_view uid = ref["uid"].as_string();
  if (uid.empty()) return refuse("node requested token with a pod binding without a uid");
  const std::string_view name = ref["name"].as_string();
  const Document pod = TRY(read_stored(snapshot, fmt::format("/core/pods/{}/{}", name_space, name)));
  if (pod.is_null()) return not_found("", "pods", name);
  if (pod["metadata"]["uid"].as_string() != uid) {
    return refuse(
        fmt::format("the UID in the bound object reference ({}) does not match the UID in record. The object might have been "
                    "deleted and then recreated",
                    uid));
  }
  if (pod["spec"]["nodeName"].as_string() != *node)
    return refuse("node requested token bound to a pod scheduled on a different node");
  const auto audiences = request["spec"]["audiences"].items();
  if (audiences.size() > 1) return refuse("node may only request 0 or 1 audiences");
  const std::string audience(audiences.empty() ? std::string_view() : audiences[0].as_string());
  if (mounts_audience(pod.root(), audience)) return {};
  auth::Attributes asked;
  asked.user = user;
  asked.verb = "request-serviceaccounts-token-audience";
  asked.version = "v1";
  asked.resource = audience;
  asked.name_space = name_space;
  asked.name = account;
  if (context.auth->rbac().authorize(asked, snapshot).allowed) return {};
  return refuse(
      fmt::format("audience {} not found in pod spec volume, {} is not authorized to request tokens for this audience",
                  quoted(audience), user->name));
}

std::unique_ptr<AdmissionPlugin> make_node_restriction() { return std::make_unique<NodeRestriction>(); }

}  // namespace plinth::server
