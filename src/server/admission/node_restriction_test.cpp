#include "server/admission/node_restriction.h"

#include <doctest/doctest.h>

#include "server/admission/plugins.h"
#include "server/admission/test_admission.h"

namespace plinth::server {
namespace {

auth::UserPtr node_user(const std::string& name) {
  auto user = std::make_shared<auth::UserInfo>();
  user->name = name;
  user->groups = {"system:nodes", "system:authenticated"};
  return user;
}

struct Case {
  std::string_view group, plural;
  std::string object, old, subresource, outcome;
};

const std::string kMirrorPod =
    R"({"metadata":{"name":"p","annotations":{"kubernetes.io/config.mirror":"x"},"ownerReferences":[{"apiVersion":"v1","kind":"Node","name":"n1","uid":"u1","controller":true}]},)";

}  // namespace

TEST_CASE("a node may only touch what is its own") {
  const Case kCases[] = {
      {"", "nodes", R"({"metadata":{"name":"n1","labels":{"kubernetes.io/hostname":"n1","team":"a"}}})", "", "", ""},
      {"", "nodes", R"({"metadata":{"name":"n2"}})", "", "",
       "nodes \"n2\" is forbidden: node \"n1\" is not allowed to modify node \"n2\""},
      {"", "nodes",
       R"({"metadata":{"name":"n1","labels":{"node-restriction.kubernetes.io/a":"b","foo.k8s.io/x":"y","kubelet.kubernetes.io/z":"1"}}})",
       "", "",
       "nodes \"n1\" is forbidden: node \"n1\" is not allowed to set the following labels: foo.k8s.io/x, "
       "node-restriction.kubernetes.io/a"},
      {"", "nodes", R"({"metadata":{"name":"n1","labels":{"kubernetes.io/role":"a"}}})", R"({"metadata":{"name":"n1"}})", "",
       "nodes \"n1\" is forbidden: is not allowed to modify labels: kubernetes.io/role"},
      {"", "nodes", R"({"metadata":{"name":"n1"},"spec":{}})",
       R"({"metadata":{"name":"n1"},"spec":{"taints":[{"key":"a","effect":"NoSchedule"}]}})", "status",
       "nodes \"n1\" is forbidden: node \"n1\" is not allowed to modify taints"},
      {"", "pods", R"({"metadata":{"name":"p"},"spec":{"nodeName":"n1"}})", "", "",
       "pods \"p\" is forbidden: pod does not have \"kubernetes.io/config.mirror\" annotation, node \"n1\" can only create "
       "mirror pods"},
      {"", "pods", kMirrorPod + R"("spec":{"nodeName":"n1"}})", "", "", ""},
      {"", "pods", kMirrorPod + R"("spec":{"nodeName":"n2"}})", "", "",
       "pods \"p\" is forbidden: node \"n1\" can only create pods with spec.nodeName set to itself"},
      {"", "pods", kMirrorPod + R"("spec":{"nodeName":"n1","volumes":[{"name":"a","configMap":{"name":"c"}}]}})", "", "",
       "pods \"p\" is forbidden: node \"n1\" can not create pods that reference configmaps"},
      {"", "pods", R"({"metadata":{"name":"p"},"spec":{"nodeName":"n1"}})",
       R"({"metadata":{"name":"p"},"spec":{"nodeName":"n1"}})", "",
       "pods \"p\" is forbidden: unexpected operation \"UPDATE\", node \"n1\" can only create and delete mirror pods"},
      {"", "pods", R"({"metadata":{"name":"p"},"spec":{"nodeName":"n1"},"status":{"phase":"Running"}})",
       R"({"metadata":{"name":"p"},"spec":{"nodeName":"n1"}})", "status", ""},
      {"", "pods", R"({"metadata":{"name":"p"},"spec":{"nodeName":"n2"}})",
       R"({"metadata":{"name":"p"},"spec":{"nodeName":"n2"}})", "status",
       "pods \"p\" is forbidden: node \"n1\" can only update pod status for pods with spec.nodeName set to itself"},
      {"", "persistentvolumeclaims", R"({"metadata":{"name":"c"}})", R"({"metadata":{"name":"c"}})", "",
       "persistentvolumeclaims \"c\" is forbidden: may only update PVC status"},
      {"", "persistentvolumeclaims", R"({"metadata":{"name":"c"},"status":{"capacity":{"storage":"1Gi"}}})",
       R"({"metadata":{"name":"c"},"status":{}})", "status", ""},
      {"coordination.k8s.io", "leases", R"({"metadata":{"name":"n1"}})", "", "",
       "leases.coordination.k8s.io \"n1\" is forbidden: can only access leases in the \"kube-node-lease\" system namespace"},
      {"storage.k8s.io", "csinodes", R"({"metadata":{"name":"n2"}})", "", "",
       "csinodes.storage.k8s.io \"n2\" is forbidden: can only access CSINode with the same name as the requesting node"},
      {"certificates.k8s.io", "certificatesigningrequests",
       R"({"metadata":{"name":"c"},"spec":{"signerName":"kubernetes.io/kubelet-serving","request":"eA=="}})", "", "",
       "certificatesigningrequests.certificates.k8s.io \"c\" is forbidden: unable to parse csr: PEM block type must be "
       "CERTIFICATE REQUEST"},
      {"", "configmaps", R"({"metadata":{"name":"c"}})", "", "", ""},
  };
  AdmissionBench bench;
  bench.snapshot->put("/core/nodes//n1", R"({"metadata":{"name":"n1","uid":"u1"}})");
  bench.user = node_user("system:node:n1");
  const auto plugin = make_node_restriction();
  for (const Case& c : kCases) {
    CAPTURE(c.object);
    const std::string outcome = bench.run(*plugin, c.group, c.plural, c.object, c.old, c.subresource);
    CHECK(outcome == (c.outcome.empty() ? "" : "403 " + c.outcome));
  }
}

TEST_CASE("who is a node") {
  CHECK(node_identity(*node_user("system:node:a")) == "a");
  CHECK(node_identity(*node_user("system:node:")) == "");
  CHECK(!node_identity(*node_user("system:kube-proxy")));
  auth::UserInfo outsider;
  outsider.name = "system:node:a";
  CHECK(!node_identity(outsider));
}

TEST_CASE("a pod that gets its node gets the node's zone and region") {
  AdmissionBench bench;
  bench.snapshot->put("/core/nodes//n1",
                      R"({"metadata":{"name":"n1","uid":"u1","labels":{"topology.kubernetes.io/zone":"z","other":"x"}}})");
  const auto plugin = make_pod_topology_labels();
  CHECK(bench.run(*plugin, "", "pods", R"({"metadata":{"name":"p"},"spec":{"nodeName":"n1"}})",
                  R"({"metadata":{"name":"p"},"spec":{}})", "binding") == "");
  CHECK(bench.left("metadata") == R"({"name":"p","labels":{"topology.kubernetes.io/zone":"z"}})");
  CHECK(bench.run(*plugin, "", "pods", R"({"metadata":{"name":"p"},"spec":{}})") == "");
  CHECK(bench.left("metadata") == R"({"name":"p"})");
  CHECK(bench.run(*plugin, "", "pods", R"({"metadata":{"name":"p"},"spec":{"nodeName":"gone"}})") == "");
  CHECK(bench.left("metadata") == R"({"name":"p"})");
}

}  // namespace plinth::server
