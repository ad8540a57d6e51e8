// The rights that every Kubernetes cluster starts with: which roles exist and what each may do is fixed by upstream's documents
// and by what clients expect. Notation: bootstrap_policy.cpp.
#include "server/auth/bootstrap_policy.h"

namespace plinth::server::auth {

const std::string_view kBootstrapControllers = R"(
controller attachdetach-controller
  core | persistentvolumeclaims persistentvolumes | list watch
  core | nodes | read
  core | nodes/status | patch update
  core | pods | list watch
  @report
  storage.k8s.io | volumeattachments | create delete get list watch
  storage.k8s.io | csidrivers | read
  storage.k8s.io | csinodes | read
controller certificate-controller
  certificates.k8s.io | certificatesigningrequests | delete get list watch
  certificates.k8s.io | certificatesigningrequests/approval certificatesigningrequests/status | update
  certificates.k8s.io | signers | approve | kubernetes.io/kube-apiserver-client-kubelet
  certificates.k8s.io | signers | sign | kubernetes.io/kube-apiserver-client kubernetes.io/kube-apiserver-client-kubelet kubernetes.io/kubelet-serving kubernetes.io/legacy-unknown
  authorization.k8s.io | subjectaccessreviews | create
  @report
controller clusterrole-aggregation-controller
  rbac.authorization.k8s.io | clusterroles | escalate get list patch update watch
controller crd-finalizer
  apiextensions.k8s.io | customresourcedefinitions | get list patch update watch
  apiextensions.k8s.io | customresourcedefinitions/status | patch update
  * | * | delete deletecollection get list watch
controller composition-kinds
  apiextensions.k8s.io | customresourcedefinitions | create get list patch update watch
controller cronjob-controller
  batch | cronjobs | get list update watch
  batch | jobs | create delete get list patch update watch
  batch | cronjobs/status | update
  batch | cronjobs/finalizers | update
  core | pods | delete list watch
  @report
controller csi-attacher
  core | persistentvolumes | get list patch update watch
  storage.k8s.io | volumeattachments | get list patch update watch
  storage.k8s.io | volumeattachments/status | patch update
controller csi-capacity
  storage.k8s.io | csistoragecapacities | create delete get list patch update watch
controller csi-provisioner
  core | persistentvolumes | create delete get list patch update watch
  core | persistentvolumeclaims | get list patch update watch
  @report
controller csi-registrar
  core | nodes | get patch
  storage.k8s.io | csinodes | create get patch update
  storage.k8s.io | csidrivers storageclasses | create get
  snapshot.storage.k8s.io | volumesnapshotclasses | create get
controller csi-resizer
  core | persistentvolumes | get list patch update watch
  core | persistentvolumeclaims | read
  core | persistentvolumeclaims/status | patch update
  @report
controller csi-snapshotter
  snapshot.storage.k8s.io | volumesnapshotcontents | get list patch update watch
  snapshot.storage.k8s.io | volumesnapshotcontents/status | patch update
  @report
controller definition-installer
  apiextensions.k8s.io | customresourcedefinitions | read
  kro.run | resourcegraphdefinitions | create get list update watch
controller daemon-set-controller
  apps extensions | daemonsets | read
  apps extensions | daemonsets/status | update
  apps extensions | daemonsets/finalizers | update
  core | nodes | list watch
  core | pods | create delete list patch watch
  core | pods/binding | create
  apps | controllerrevisions | create delete get list patch update watch
  @report
controller deployment-controller
  apps extensions | deployments | get list update watch
  apps extensions | deployments/status | update
  apps extensions | deployments/finalizers | update
  apps extensions | replicasets | create delete get list patch update watch
  core | pods | get list update watch
  @report
controller device-taint-eviction-controller
  core | pods | delete get list watch
  core | pods/status | patch update
  resource.k8s.io | resourceclaims | read
  resource.k8s.io | resourceslices | read
  resource.k8s.io | deviceclasses | read
  @report
  resource.k8s.io | devicetaintrules/status | patch update
  resource.k8s.io | devicetaintrules | read
controller disruption-controller
  apps extensions | deployments | read
  apps extensions | replicasets | read
  core | replicationcontrollers | read
  policy | poddisruptionbudgets | read
  apps | statefulsets | read
  policy | poddisruptionbudgets/status | update
  core | pods/status | patch update
  * | */scale | get
  @report
controller dns-service-controller
  core | services endpoints | create get list patch watch
  core | endpoints/restricted | create
  discovery.k8s.io | endpointslices | create get list patch watch
  discovery.k8s.io | endpointslices/restricted | create
controller endpoint-controller
  core | pods services | read
  core | endpoints | create delete get list update watch
  core | endpoints/restricted | create
  @report
controller endpointslice-controller
  core | nodes pods services | read
  core | services/finalizers | update
  discovery.k8s.io | endpointslices | create delete get list update watch
  @report
controller endpointslicemirroring-controller
  core | endpoints services | read
  core | services/finalizers | update
  core | endpoints/finalizers | update
  discovery.k8s.io | endpointslices | create delete get list update watch
  @report
controller ephemeral-volume-controller
  core | pods | read
  core | pods/finalizers | update
  core | persistentvolumeclaims | create get list watch
  @report
controller expand-controller
  core | persistentvolumes | get list patch update watch
  core | persistentvolumeclaims/status | patch update
  core | persistentvolumeclaims | read
  @report
controller event-expiry
  core events.k8s.io | events | delete get list watch
controller flow-schema-controller
  flowcontrol.apiserver.k8s.io | flowschemas prioritylevelconfigurations | list watch
  flowcontrol.apiserver.k8s.io | flowschemas/status | patch
controller generic-garbage-collector
  * | * | delete get list patch update watch
  @report
controller horizontal-pod-autoscaler
  autoscaling | horizontalpodautoscalers | read
  autoscaling | horizontalpodautoscalers/status | update
  * | */scale | get update
  core | pods | list watch
  metrics.k8s.io | pods | list watch
  custom.metrics.k8s.io | * | read
  external.metrics.k8s.io | * | read
  @report
controller ingress-class-controller
  networking.k8s.io | ingressclasses | create patch
controller ingress-router
  networking.k8s.io | ingresses/status | patch
  @report
controller instance-controller
  * | * | *
  @report
controller job-controller
  batch | jobs | get list patch update watch
  batch | jobs/status | update
  batch | jobs/finalizers | update
  core | pods | create delete list patch watch
  @report
controller kube-scheduler
  @report
  core | nodes namespaces | read
  core | pods | delete get list watch
  core | pods/binding | create
  core | pods/status | patch update
  core | persistentvolumeclaims persistentvolumes | get list update watch
  policy | poddisruptionbudgets | read
  storage.k8s.io | csidrivers csinodes csistoragecapacities storageclasses | read
controller kubernetes-service-controller
  core | namespaces | read
  core | endpoints services | create delete get list update watch
  core | endpoints/restricted | create
  discovery.k8s.io | endpointslices | create get list update watch
  discovery.k8s.io | endpointslices/restricted | create
  networking.k8s.io | servicecidrs | create delete get list watch
controller legacy-service-account-token-cleaner
  core | configmaps | get | kube-apiserver-legacy-service-account-token-tracking
  core | secrets | delete patch
controller namespace-controller
  core | namespaces | delete get list watch
  core | namespaces/finalize namespaces/status | update
  * | * | delete deletecollection get list watch
controller node-controller
  core | nodes | delete get list patch update watch
  core | nodes/status | patch update
  core | pods/status | patch update
  core | pods | delete get list watch
  coordination.k8s.io | leases | read
  @report
controller persistent-volume-binder
  core | persistentvolumes | create delete get list update watch
  core | persistentvolumes/status | update
  core | persistentvolumeclaims | get list update watch
  core | persistentvolumeclaims/status | update
  core | pods | create delete get list watch
  storage.k8s.io | storageclasses | read
  core | nodes | list watch
  @report
  core | events | watch
controller pod-garbage-collector
  core | pods | delete list watch
  core | nodes | read
  core | pods/status | patch
controller process-lease
  coordination.k8s.io | leases | create delete get list update watch
controller pv-protection-controller
  core | persistentvolumes | get list update watch
  @report
controller pvc-protection-controller
  core | persistentvolumeclaims | get list update watch
  core | persistentvolumeclaims/status | update
  core | pods | read
  @report
controller replicaset-controller
  apps extensions | replicasets | get list update watch
  apps extensions | replicasets/status | update
  apps extensions | replicasets/finalizers | update
  core | pods | create delete list patch watch
  @report
controller replication-controller
  core | replicationcontrollers | get list update watch
  core | replicationcontrollers/status | update
  core | replicationcontrollers/finalizers | update
  core | pods | create delete list patch watch
  @report
controller resource-claim-controller
  core | pods | read
  core | pods/finalizers | update
  resource.k8s.io | resourceclaims | create delete get list watch
  resource.k8s.io | resourceclaims resourceclaims/status | patch update
  core | pods/status | patch update
  @report
  resource.k8s.io | resourceclaims/binding | patch update
controller resource-graph-definition-controller
  kro.run internal.kro.run plinth.dev | * | *
  apiextensions.k8s.io | customresourcedefinitions | create delete get list patch update watch
  * | * | list watch
  @report
controller resourcequota-controller
  * | * | list watch
  core | resourcequotas/status | update
  @report
controller rollout-controller
  * | * | get list patch watch
  plinth.dev | definitionsettings/status | update
  @report
controller root-ca-cert-publisher
  core | configmaps | create update
  @report
controller route-controller
  core | nodes | list watch
  core | nodes/status | patch
  @report
controller selinux-warning-controller
  @report
  core | persistentvolumes | read
  core | persistentvolumeclaims | read
  core | pods | read
  storage.k8s.io | csidrivers | read
controller service-account-token-controller
  core | secrets | delete get list patch watch
  core | serviceaccounts | get list watch
  core | serviceaccounts/token | create
  @report
controller service-account-controller
  core | serviceaccounts | create
  @report
controller service-cidrs-controller
  networking.k8s.io | servicecidrs | get list patch update watch
  networking.k8s.io | servicecidrs/finalizers | patch update
  networking.k8s.io | servicecidrs/status | patch update
  networking.k8s.io | ipaddresses | read
  @report
controller service-ranges-controller
  core | services | read
  networking.k8s.io | servicecidrs | get list patch update watch
  networking.k8s.io | servicecidrs/status | patch update
  networking.k8s.io | ipaddresses | create delete get list watch
  @report
controller service-controller
  core | services | read
  core | services/status | patch update
  core | nodes | list watch
  @report
controller snapshot-controller
  core | persistentvolumes | read
  core | persistentvolumeclaims | get list update watch
  snapshot.storage.k8s.io | volumesnapshots | get list patch update watch
  snapshot.storage.k8s.io | volumesnapshots/status | patch update
  snapshot.storage.k8s.io | volumesnapshotcontents | create delete get list patch update watch
  snapshot.storage.k8s.io | volumesnapshotclasses | read
  @report
controller snapshot-kinds
  apiextensions.k8s.io | customresourcedefinitions | create get list watch
controller statefulset-controller
  core | pods | list watch
  apps | statefulsets | read
  apps | statefulsets/status | update
  apps | statefulsets/finalizers | update
  core | pods | create delete get patch update
  apps | controllerrevisions | create delete get list patch update watch
  core | persistentvolumeclaims | create get list watch
  core | persistentvolumeclaims | delete update
  core | pods/finalizers | update
  @report
controller ttl-after-finished-controller
  batch | jobs | delete get list watch
  @report
controller ttl-controller
  core | nodes | list patch update watch
  @report
controller validatingadmissionpolicy-status-controller
  admissionregistration.k8s.io | validatingadmissionpolicies | read
  admissionregistration.k8s.io | validatingadmissionpolicies/status | get patch update
  @report
controller volumeattributesclass-protection-controller
  core | persistentvolumeclaims | read
  core | persistentvolumes | read
  storage.k8s.io | volumeattributesclasses | get list update watch
  @report
)";

}  // namespace plinth::server::auth
