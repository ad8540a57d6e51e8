// The rights that every Kubernetes cluster starts with: which roles exist and what each may do is fixed by upstream's documents
// and by what clients expect. Notation: bootstrap_policy.cpp.
#include "server/auth/bootstrap_policy.h"

namespace plinth::server::auth {

const std::string_view kBootstrapRoles = R"(
clusterrole admin gathers=admin
clusterrole cluster-admin
  * | * | *
  url | * | *
clusterrole edit into=admin gathers=edit
clusterrole system:aggregate-to-admin into=admin
  authorization.k8s.io | localsubjectaccessreviews | create
  rbac.authorization.k8s.io | rolebindings roles | all
clusterrole system:aggregate-to-edit into=edit
  core | pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy | read
  core | serviceaccounts | impersonate
  core | pods pods/attach pods/exec pods/portforward pods/proxy | write
  core | pods/eviction | create
  core | configmaps persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy | write
  core | serviceaccounts/token | create
  core events.k8s.io | events | write
  apps | daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale | write
  autoscaling | horizontalpodautoscalers | write
  batch | cronjobs jobs | write
  extensions | daemonsets deployments deployments/rollback deployments/scale ingresses networkpolicies replicasets replicasets/scale replicationcontrollers/scale | write
  policy | poddisruptionbudgets | write
  networking.k8s.io | ingresses networkpolicies | write
  coordination.k8s.io | leases | all
  resource.k8s.io | resourceclaims resourceclaimtemplates | write
clusterrole system:aggregate-to-view into=view
  core | configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status | read
  core | bindings limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status | read
  core | namespaces | read
  core events.k8s.io | events | read
  discovery.k8s.io | endpointslices | read
  apps | controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status | read
  autoscaling | horizontalpodautoscalers horizontalpodautoscalers/status | read
  batch | cronjobs cronjobs/status jobs jobs/status | read
  extensions | daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses ingresses/status networkpolicies replicasets replicasets/scale replicasets/status replicationcontrollers/scale | read
  policy | poddisruptionbudgets poddisruptionbudgets/status | read
  networking.k8s.io | ingresses ingresses/status networkpolicies | read
  resource.k8s.io | resourceclaims resourceclaims/status resourceclaimtemplates | read
clusterrole system:aggregated-metrics-reader into=view
  metrics.k8s.io | nodes pods | read
clusterrole system:auth-delegator
  authentication.k8s.io | tokenreviews | create
  authorization.k8s.io | subjectaccessreviews | create
clusterrole system:basic-user
  authorization.k8s.io | selfsubjectaccessreviews selfsubjectrulesreviews | create
  authentication.k8s.io | selfsubjectreviews | create
clusterrole system:certificates.k8s.io:certificatesigningrequests:nodeclient
  certificates.k8s.io | certificatesigningrequests/nodeclient | create
clusterrole system:certificates.k8s.io:certificatesigningrequests:selfnodeclient
  certificates.k8s.io | certificatesigningrequests/selfnodeclient | create
clusterrole system:certificates.k8s.io:kube-apiserver-client-approver
  certificates.k8s.io | signers | approve | kubernetes.io/kube-apiserver-client
clusterrole system:certificates.k8s.io:kube-apiserver-client-kubelet-approver
  certificates.k8s.io | signers | approve | kubernetes.io/kube-apiserver-client-kubelet
clusterrole system:certificates.k8s.io:kubelet-serving-approver
  certificates.k8s.io | signers | approve | kubernetes.io/kubelet-serving
clusterrole system:certificates.k8s.io:legacy-unknown-approver
  certificates.k8s.io | signers | approve | kubernetes.io/legacy-unknown
clusterrole system:cluster-trust-bundle-discovery
  certificates.k8s.io | clustertrustbundles | read
clusterrole system:discovery
  url | /api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/ | get
clusterrole system:heapster
  core | events namespaces nodes pods | read
  extensions | deployments | read
clusterrole system:kube-aggregator
  core | endpoints services | read
clusterrole system:kube-controller-manager
  @report
  coordination.k8s.io | leases | create
  coordination.k8s.io | leases | get update | kube-controller-manager
  core | secrets serviceaccounts | create
  core | secrets | delete
  core | configmaps namespaces secrets serviceaccounts | get
  core | secrets serviceaccounts | update
  authentication.k8s.io | tokenreviews | create
  authorization.k8s.io | subjectaccessreviews | create
  * | * | list watch
  core | serviceaccounts/token | create
clusterrole system:kube-dns
  core | endpoints services | list watch
clusterrole system:kube-scheduler
  @report
  coordination.k8s.io | leases | create
  coordination.k8s.io | leases | get list update watch | kube-scheduler
  coordination.k8s.io | leasecandidates | all
  core | nodes | read
  core | pods | delete get list watch
  core | bindings pods/binding | create
  core | pods/status | patch update
  core | replicationcontrollers services | read
  apps extensions | replicasets | read
  apps | statefulsets | read
  policy | poddisruptionbudgets | read
  core | persistentvolumeclaims persistentvolumes | read
  authentication.k8s.io | tokenreviews | create
  authorization.k8s.io | subjectaccessreviews | create
  storage.k8s.io | csinodes | read
  storage.k8s.io | volumeattachments | read
  core | namespaces | read
  storage.k8s.io | csidrivers | read
  storage.k8s.io | csistoragecapacities | read
  resource.k8s.io | deviceclasses | read
  resource.k8s.io | resourceclaims | get list patch update watch
  resource.k8s.io | resourceclaims/status | get list patch update watch
  core | pods/finalizers | update
  resource.k8s.io | resourceslices | read
  resource.k8s.io | resourceclaims | create delete
  resource.k8s.io | devicetaintrules | read
  resource.k8s.io | resourceclaims/binding | patch update
clusterrole system:kubelet-api-admin
  core | nodes | read
  core | nodes | proxy
  core | nodes/log nodes/metrics nodes/proxy nodes/stats | *
  core | nodes/configz nodes/healthz nodes/pods | *
clusterrole system:monitoring
  url | /flagz /healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/* /statusz | get
  core | nodes/metrics | get
clusterrole system:node
  authentication.k8s.io | tokenreviews | create
  authorization.k8s.io | localsubjectaccessreviews subjectaccessreviews | create
  core | services | read
  core | nodes | create get list watch
  core | nodes/status | patch update
  core | nodes | patch update
  @report
  core | pods | read
  core | pods | create delete
  core | pods/status | patch update
  core | pods/eviction | create
  core | configmaps secrets | read
  core | persistentvolumeclaims persistentvolumes | get
  core | endpoints | get
  certificates.k8s.io | certificatesigningrequests | create get list watch
  coordination.k8s.io | leases | create delete get patch update
  storage.k8s.io | volumeattachments | get
  core | serviceaccounts/token | create
  core | persistentvolumeclaims/status | get patch update
  storage.k8s.io | csidrivers | read
  storage.k8s.io | csinodes | create delete get patch update
  node.k8s.io | runtimeclasses | read
  resource.k8s.io | resourceclaims | get
  resource.k8s.io | resourceslices | deletecollection
  certificates.k8s.io | clustertrustbundles | read
  core | serviceaccounts | get
  certificates.k8s.io | podcertificaterequests | create get list watch
clusterrole system:node-bootstrapper
  certificates.k8s.io | certificatesigningrequests | create get list watch
clusterrole system:node-problem-detector
  core | nodes | get
  core | nodes/status | patch
  @report
clusterrole system:node-proxier
  core | endpoints services | list watch
  core | nodes | read
  @report
  networking.k8s.io | servicecidrs | list watch
  discovery.k8s.io | endpointslices | list watch
clusterrole system:persistent-volume-provisioner
  core | persistentvolumes | create delete get list watch
  core | persistentvolumeclaims | get list update watch
  storage.k8s.io | storageclasses | read
  core | events | watch
  @report
clusterrole system:public-info-viewer
  url | /healthz /livez /readyz /version /version/ | get
clusterrole system:service-account-issuer-discovery
  url | /.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/ | get
clusterrole system:volume-scheduler
  core | persistentvolumes | get list patch update watch
  storage.k8s.io | storageclasses | read
  core | persistentvolumeclaims | get list patch update watch
clusterrole view into=edit gathers=view
role kube-system/extension-apiserver-authentication-reader
  core | configmaps | read | extension-apiserver-authentication
role kube-system/system::leader-locking-kube-controller-manager
  coordination.k8s.io | leases | create get list update watch
  coordination.k8s.io | leasecandidates | create get list update watch
role kube-system/system::leader-locking-kube-scheduler
  coordination.k8s.io | leases | create get list update watch
  coordination.k8s.io | leasecandidates | create get list update watch
role kube-public/system:controller:bootstrap-signer
  core | configmaps | read
  core | configmaps | update | cluster-info
  @report
role kube-system/system:controller:bootstrap-signer
  core | secrets | read
role kube-system/system:controller:cloud-provider
  core | configmaps | create get list watch
role kube-system/system:controller:token-cleaner
  core | secrets | delete get list watch
  @report
clusterrolebinding cluster-admin cluster-admin group=system:masters
clusterrolebinding system:basic-user system:basic-user group=system:authenticated
clusterrolebinding system:cluster-trust-bundle-discovery system:cluster-trust-bundle-discovery group=system:serviceaccounts
clusterrolebinding system:discovery system:discovery group=system:authenticated
clusterrolebinding system:kube-controller-manager system:kube-controller-manager user=system:kube-controller-manager
clusterrolebinding system:kube-dns system:kube-dns account=kube-system/kube-dns
clusterrolebinding system:kube-scheduler system:kube-scheduler user=system:kube-scheduler
clusterrolebinding system:monitoring system:monitoring group=system:monitoring
clusterrolebinding system:node system:node
clusterrolebinding system:node-proxier system:node-proxier user=system:kube-proxy
clusterrolebinding system:public-info-viewer system:public-info-viewer group=system:authenticated group=system:unauthenticated
clusterrolebinding system:service-account-issuer-discovery system:service-account-issuer-discovery group=system:serviceaccounts
clusterrolebinding system:volume-scheduler system:volume-scheduler user=system:kube-scheduler
rolebinding kube-system/system::extension-apiserver-authentication-reader extension-apiserver-authentication-reader user=system:kube-controller-manager user=system:kube-scheduler
rolebinding kube-system/system::leader-locking-kube-controller-manager system::leader-locking-kube-controller-manager user=system:kube-controller-manager account=kube-system/kube-controller-manager account=kube-system/leader-election-controller
rolebinding kube-system/system::leader-locking-kube-scheduler system::leader-locking-kube-scheduler user=system:kube-scheduler account=kube-system/kube-scheduler
rolebinding kube-public/system:controller:bootstrap-signer system:controller:bootstrap-signer account=kube-system/bootstrap-signer
rolebinding kube-system/system:controller:bootstrap-signer system:controller:bootstrap-signer account=kube-system/bootstrap-signer
rolebinding kube-system/system:controller:cloud-provider system:controller:cloud-provider account=kube-system/cloud-provider
rolebinding kube-system/system:controller:token-cleaner system:controller:token-cleaner account=kube-system/token-cleaner
)";

}  // namespace plinth::server::auth
