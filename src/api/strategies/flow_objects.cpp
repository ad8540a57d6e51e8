#include "api/strategies/flow_objects.h"

namespace plinth::api {
namespace {

// clang-format off
constexpr std::string_view kMandatory[] = {
    R"({"apiVersion":"flowcontrol.apiserver.k8s.io/v1","kind":"PriorityLevelConfiguration","metadata":{"name":"exempt",)"
    R"("annotations":{"apf.kubernetes.io/autoupdate-spec":"true"}},"spec":{"type":"Exempt","exempt":{"nominalConcurrenc)"
    R"(yShares":0,"lendablePercent":0}}})",
    R"({"apiVersion":"flowcontrol.apiserver.k8s.io/v1","kind":"PriorityLevelConfiguration","metadata":{"name":"catch-al)"
    R"(l","annotations":{"apf.kubernetes.io/autoupdate-spec":"true"}},"spec":{"type":"Limited","limited":{"nominalConcu)"
    R"(rrencyShares":5,"lendablePercent":0,"limitResponse":{"type":"Reject"}}}})",
    R"({"apiVersion":"flowcontrol.apiserver.k8s.io/v1","kind":"FlowSchema","metadata":{"name":"exempt","annotations":{")"
    R"(apf.kubernetes.io/autoupdate-spec":"true"}},"spec":{"priorityLevelConfiguration":{"name":"exempt"},"matchingPrec)"
    R"(edence":1,"rules":[{"subjects":[{"kind":"Group","group":{"name":"system:masters"}}],"resourceRules":[{"verbs":[")"
    R"(*"],"apiGroups":["*"],"resources":["*"],"clusterScope":true,"namespaces":["*"]}],"nonResourceRules":[{"verbs":[")"
    R"(*"],"nonResourceURLs":["*"]}]}]}})",
    R"({"apiVersion":"flowcontrol.apiserver.k8s.io/v1","kind":"FlowSchema","metadata":{"name":"catch-all","annotations")"
    R"(:{"apf.kubernetes.io/autoupdate-spec":"true"}},"spec":{"priorityLevelConfiguration":{"name":"catch-all"},"matchi)"
    R"(ngPrecedence":10000,"distinguisherMethod":{"type":"ByUser"},"rules":[{"subjects":[{"kind":"Group","group":{"name)"
    R"(":"system:unauthenticated"}},{"kind":"Group","group":{"name":"system:authenticated"}}],"resourceRules":[{"verbs")"
    R"(:["*"],"apiGroups":["*"],"resources":["*"],"clusterScope":true,"namespaces":["*"]}],"nonResourceRules":[{"verbs")"
    R"(:["*"],"nonResourceURLs":["*"]}]}]}})",
};

constexpr std::string_view kSuggested[] = {
    R"({"apiVersion":"flowcontrol.apiserver.k8s.io/v1","kind":"PriorityLevelConfiguration","metadata":{"name":"system",)"
    R"("annotations":{"apf.kubernetes.io/autoupdate-spec":"true"}},"spec":{"type":"Limited","limited":{"nominalConcurre)"
    R"(ncyShares":30,"lendablePercent":33,"limitResponse":{"type":"Queue","queuing":{"queues":64,"handSize":6,"queueLen)"
    R"(gthLimit":50}}}}})",
    R"({"apiVersion":"flowcontrol.apiserver.k8s.io/v1","kind":"PriorityLevelConfiguration","metadata":{"name":"node-hig)"
    R"(h","annotations":{"apf.kubernetes.io/autoupdate-spec":"true"}},"spec":{"type":"Limited","limited":{"nominalConcu)"
    R"(rrencyShares":40,"lendablePercent":25,"limitResponse":{"type":"Queue","queuing":{"queues":64,"handSize":6,"queue)"
    R"(LengthLimit":50}}}}})",
    R"({"apiVersion":"flowcontrol.apiserver.k8s.io/v1","kind":"PriorityLevelConfiguration","metadata":{"name":"leader-e)"
    R"(lection","annotations":{"apf.kubernetes.io/autoupdate-spec":"true"}},"spec":{"type":"Limited","limited":{"nomina)"
    R"(lConcurrencyShares":10,"lendablePercent":0,"limitResponse":{"type":"Queue","queuing":{"queues":16,"handSize":4,")"
    R"(queueLengthLimit":50}}}}})",
    R"({"apiVersion":"flowcontrol.apiserver.k8s.io/v1","kind":"PriorityLevelConfiguration","metadata":{"name":"workload)"
    R"(-high","annotations":{"apf.kubernetes.io/autoupdate-spec":"true"}},"spec":{"type":"Limited","limited":{"nominalC)"
    R"(oncurrencyShares":40,"lendablePercent":50,"limitResponse":{"type":"Queue","queuing":{"queues":128,"handSize":6,")"
    R"(queueLengthLimit":50}}}}})",
    R"({"apiVersion":"flowcontrol.apiserver.k8s.io/v1","kind":"PriorityLevelConfiguration","metadata":{"name":"workload)"
    R"(-low","annotations":{"apf.kubernetes.io/autoupdate-spec":"true"}},"spec":{"type":"Limited","limited":{"nominalCo)"
    R"(ncurrencyShares":100,"lendablePercent":90,"limitResponse":{"type":"Queue","queuing":{"queues":128,"handSize":6,")"
    R"(queueLengthLimit":50}}}}})",
    R"({"apiVersion":"flowcontrol.apiserver.k8s.io/v1","kind":"PriorityLevelConfiguration","metadata":{"name":"global-d)"
    R"(efault","annotations":{"apf.kubernetes.io/autoupdate-spec":"true"}},"spec":{"type":"Limited","limited":{"nominal)"
    R"(ConcurrencyShares":20,"lendablePercent":50,"limitResponse":{"type":"Queue","queuing":{"queues":128,"handSize":6,)"
    R"("queueLengthLimit":50}}}}})",
    R"({"apiVersion":"flowcontrol.apiserver.k8s.io/v1","kind":"FlowSchema","metadata":{"name":"probes","annotations":{")"
    R"(apf.kubernetes.io/autoupdate-spec":"true"}},"spec":{"priorityLevelConfiguration":{"name":"exempt"},"matchingPrec)"
    R"(edence":2,"rules":[{"subjects":[{"kind":"Group","group":{"name":"system:unauthenticated"}},{"kind":"Group","grou)"
    R"(p":{"name":"system:authenticated"}}],"nonResourceRules":[{"verbs":["get"],"nonResourceURLs":["/healthz","/readyz)"
    R"(","/livez"]}]}]}})",
    R"({"apiVersion":"flowcontrol.apiserver.k8s.io/v1","kind":"FlowSchema","metadata":{"name":"system-leader-election",)"
    R"("annotations":{"apf.kubernetes.io/autoupdate-spec":"true"}},"spec":{"priorityLevelConfiguration":{"name":"leader)"
    R"(-election"},"matchingPrecedence":100,"distinguisherMethod":{"type":"ByUser"},"rules":[{"subjects":[{"kind":"User)"
    R"(","user":{"name":"system:kube-controller-manager"}},{"kind":"User","user":{"name":"system:kube-scheduler"}},{"ki)"
    R"(nd":"ServiceAccount","serviceAccount":{"namespace":"kube-system","name":"*"}}],"resourceRules":[{"verbs":["get",)"
    R"("create","update"],"apiGroups":["coordination.k8s.io"],"resources":["leases"],"namespaces":["*"]}]}]}})",
    R"({"apiVersion":"flowcontrol.apiserver.k8s.io/v1","kind":"FlowSchema","metadata":{"name":"system-node-high","annot)"
    R"(ations":{"apf.kubernetes.io/autoupdate-spec":"true"}},"spec":{"priorityLevelConfiguration":{"name":"node-high"},)"
    R"("matchingPrecedence":400,"distinguisherMethod":{"type":"ByUser"},"rules":[{"subjects":[{"kind":"Group","group":{)"
    R"("name":"system:nodes"}}],"resourceRules":[{"verbs":["*"],"apiGroups":[""],"resources":["nodes","nodes/status"],")"
    R"(clusterScope":true,"namespaces":["*"]},{"verbs":["*"],"apiGroups":["coordination.k8s.io"],"resources":["leases"])"
    R"(,"namespaces":["*"]}]}]}})",
    R"({"apiVersion":"flowcontrol.apiserver.k8s.io/v1","kind":"FlowSchema","metadata":{"name":"system-nodes","annotatio)"
    R"(ns":{"apf.kubernetes.io/autoupdate-spec":"true"}},"spec":{"priorityLevelConfiguration":{"name":"system"},"matchi)"
    R"(ngPrecedence":500,"distinguisherMethod":{"type":"ByUser"},"rules":[{"subjects":[{"kind":"Group","group":{"name":)"
    R"("system:nodes"}}],"resourceRules":[{"verbs":["*"],"apiGroups":["*"],"resources":["*"],"clusterScope":true,"names)"
    R"(paces":["*"]}],"nonResourceRules":[{"verbs":["*"],"nonResourceURLs":["*"]}]}]}})",
    R"({"apiVersion":"flowcontrol.apiserver.k8s.io/v1","kind":"FlowSchema","metadata":{"name":"kube-controller-manager")"
    R"(,"annotations":{"apf.kubernetes.io/autoupdate-spec":"true"}},"spec":{"priorityLevelConfiguration":{"name":"workl)"
    R"(oad-high"},"matchingPrecedence":800,"distinguisherMethod":{"type":"ByNamespace"},"rules":[{"subjects":[{"kind":")"
    R"(User","user":{"name":"system:kube-controller-manager"}}],"resourceRules":[{"verbs":["*"],"apiGroups":["*"],"reso)"
    R"(urces":["*"],"clusterScope":true,"namespaces":["*"]}],"nonResourceRules":[{"verbs":["*"],"nonResourceURLs":["*"])"
    R"(}]}]}})",
    R"({"apiVersion":"flowcontrol.apiserver.k8s.io/v1","kind":"FlowSchema","metadata":{"name":"kube-scheduler","annotat)"
    R"(ions":{"apf.kubernetes.io/autoupdate-spec":"true"}},"spec":{"priorityLevelConfiguration":{"name":"workload-high")"
    R"(},"matchingPrecedence":800,"distinguisherMethod":{"type":"ByNamespace"},"rules":[{"subjects":[{"kind":"User","us)"
    R"(er":{"name":"system:kube-scheduler"}}],"resourceRules":[{"verbs":["*"],"apiGroups":["*"],"resources":["*"],"clus)"
    R"(terScope":true,"namespaces":["*"]}],"nonResourceRules":[{"verbs":["*"],"nonResourceURLs":["*"]}]}]}})",
    R"({"apiVersion":"flowcontrol.apiserver.k8s.io/v1","kind":"FlowSchema","metadata":{"name":"kube-system-service-acco)"
    R"(unts","annotations":{"apf.kubernetes.io/autoupdate-spec":"true"}},"spec":{"priorityLevelConfiguration":{"name":")"
    R"(workload-high"},"matchingPrecedence":900,"distinguisherMethod":{"type":"ByNamespace"},"rules":[{"subjects":[{"ki)"
    R"(nd":"ServiceAccount","serviceAccount":{"namespace":"kube-system","name":"*"}}],"resourceRules":[{"verbs":["*"],")"
    R"(apiGroups":["*"],"resources":["*"],"clusterScope":true,"namespaces":["*"]}],"nonResourceRules":[{"verbs":["*"],")"
    R"(nonResourceURLs":["*"]}]}]}})",
    R"({"apiVersion":"flowcontrol.apiserver.k8s.io/v1","kind":"FlowSchema","metadata":{"name":"service-accounts","annot)"
    R"(ations":{"apf.kubernetes.io/autoupdate-spec":"true"}},"spec":{"priorityLevelConfiguration":{"name":"workload-low)"
    R"("},"matchingPrecedence":9000,"distinguisherMethod":{"type":"ByUser"},"rules":[{"subjects":[{"kind":"Group","grou)"
    R"(p":{"name":"system:serviceaccounts"}}],"resourceRules":[{"verbs":["*"],"apiGroups":["*"],"resources":["*"],"clus)"
    R"(terScope":true,"namespaces":["*"]}],"nonResourceRules":[{"verbs":["*"],"nonResourceURLs":["*"]}]}]}})",
    R"({"apiVersion":"flowcontrol.apiserver.k8s.io/v1","kind":"FlowSchema","metadata":{"name":"global-default","annotat)"
    R"(ions":{"apf.kubernetes.io/autoupdate-spec":"true"}},"spec":{"priorityLevelConfiguration":{"name":"global-default)"
    R"("},"matchingPrecedence":9900,"distinguisherMethod":{"type":"ByUser"},"rules":[{"subjects":[{"kind":"Group","grou)"
    R"(p":{"name":"system:unauthenticated"}},{"kind":"Group","group":{"name":"system:authenticated"}}],"resourceRules":)"
    R"([{"verbs":["*"],"apiGroups":["*"],"resources":["*"],"clusterScope":true,"namespaces":["*"]}],"nonResourceRules":)"
    R"([{"verbs":["*"],"nonResourceURLs":["*"]}]}]}})",
};
// clang-format on

}  // namespace

std::span<const std::string_view> mandatory_flow_objects() { return kMandatory; }
std::span<const std::string_view> suggested_flow_objects() { return kSuggested; }

}  // namespace plinth::api
