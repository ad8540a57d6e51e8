// What is refused about every other kind, by field and type.
#include <fmt/core.h>

#include "api/strategies/flow_objects.h"
#include "api/strategies/object_meta.h"
#include "api/strategies/strategy_testing.h"

namespace plinth::api {
namespace {

#define POD_SPEC R"({"restartPolicy":"Always","terminationGracePeriodSeconds":30,"containers":[{"name":"c","image":"i"}]})"
#define TEMPLATE R"("selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":)" POD_SPEC "}"

struct CreateCase {
  std::string_view group, kind, object, want;
};
struct UpdateCase {
  std::string_view group, kind, now, old, want;
};

void check_creates(std::span<const CreateCase> cases) {
  for (const CreateCase& c : cases) {
    const std::string got = create_errors(c.group, c.kind, c.object);
    CHECK_MESSAGE(got == c.want, c.kind, " ", c.object);
  }
}

void check_updates(std::span<const UpdateCase> cases) {
  for (const UpdateCase& c : cases) {
    CHECK_MESSAGE(update_errors(c.group, c.kind, c.now, c.old) == c.want, c.kind, " ", c.now);
  }
}

std::string metadata_errors(std::string_view metadata, const KindRow& row) {
  const Document document = parsed(fmt::format(R"({{"metadata":{}}})", metadata));
  FieldErrors errors;
  validate_metadata(document.root(), row, errors);
  return brief(errors);
}

}  // namespace

TEST_CASE("metadata of new objects") {
  KindRow row;
  row.scope = Scope::kNamespaced;
  const struct {
    std::string_view metadata, want;
  } kCases[] = {
      {R"({"name":"a","namespace":"b"})", ""},
      {R"({"namespace":"b"})", "metadata.name Required"},
      {R"({"name":"A","generateName":"a-","namespace":"b.c"})", "metadata.name Invalid; metadata.namespace Invalid"},
      {R"({"name":"a","generateName":"A-","namespace":"b"})", ""},
      {R"({"name":"a"})", "metadata.namespace Required"},
      {R"({"name":"a","namespace":"b","generation":-1})", "metadata.generation Invalid"},
      {R"({"name":"a","namespace":"b","labels":{"a b":"c"}})", "metadata.labels Invalid"},
      {R"({"name":"a","namespace":"b","annotations":{"a b":"c","X/Y":"free text"}})", "metadata.annotations Invalid"},
      {R"({"name":"a","namespace":"b","finalizers":["x y"]})", "metadata.finalizers Invalid; metadata.finalizers[0] Invalid"},
      {R"({"name":"a","namespace":"b","finalizers":["orphan","foregroundDeletion"]})", "metadata.finalizers Invalid"},
      {R"({"name":"a","namespace":"b","ownerReferences":[{"apiVersion":"v1","kind":"Event","name":"x","uid":"u"},{"apiVersion":"a/b/c"}]})",
       "metadata.ownerReferences[0] Invalid; metadata.ownerReferences[1].apiVersion Invalid; metadata.ownerReferences[1].kind "
       "Required; "
       "metadata.ownerReferences[1].name Required; metadata.ownerReferences[1].uid Required"},
      {R"({"name":"a","namespace":"b","ownerReferences":[{"apiVersion":"v1","kind":"A","name":"x","uid":"u","controller":true},{"apiVersion":"v1","kind":"B","name":"x","uid":"v","controller":true}]})",
       "metadata.ownerReferences Invalid"},
  };
  for (const auto& c : kCases) CHECK_MESSAGE(metadata_errors(c.metadata, row) == c.want, c.metadata);
  row.scope = Scope::kCluster;
  CHECK(metadata_errors(R"({"name":"a","namespace":"b"})", row) == "metadata.namespace Forbidden");
  row.name_format = NameFormat::kPathSegment;
  CHECK(metadata_errors(R"({"name":"system:a"})", row) == "");
}

TEST_CASE("annotations have a size") {
  KindRow row;
  const std::string big(262145, 'x');
  CHECK(metadata_errors(fmt::format(R"({{"name":"a","namespace":"b","annotations":{{"a":"{}"}}}})", big), row) ==
        "metadata.annotations TooLong");
}

TEST_CASE("metadata of changed objects") {
  const struct {
    std::string_view now, old, want;
  } kCases[] = {
      {R"({"name":"a","uid":"u","generation":2})", R"({"name":"a","uid":"u","generation":2})", ""},
      {R"({"name":"b","uid":"v","generation":1})", R"({"name":"a","uid":"u","generation":2})",
       "metadata.generation Invalid; metadata.name Invalid; metadata.uid Invalid"},
      {R"({"name":"a","finalizers":["x/y"]})", R"({"name":"a"})", ""},
      {R"({"name":"a","deletionTimestamp":"t","finalizers":["x/y"]})", R"({"name":"a","deletionTimestamp":"t"})",
       "metadata.finalizers Forbidden"},
      {R"({"name":"a","deletionTimestamp":"t"})", R"({"name":"a","deletionTimestamp":"t","finalizers":["x/y"]})", ""},
  };
  for (const auto& c : kCases) {
    const Document now = parsed(fmt::format(R"({{"metadata":{}}})", c.now));
    const Document old = parsed(fmt::format(R"({{"metadata":{}}})", c.old));
    FieldErrors errors;
    validate_metadata_update(now.root(), old.root(), KindRow(), errors);
    CHECK_MESSAGE(brief(errors) == c.want, c.now);
  }
}

TEST_CASE("the same owner is named once") {
  Draft draft(parsed(R"({"metadata":{"ownerReferences":[{"uid":"a"},{"uid":"b"},{"uid":"a"}]}})"));
  CHECK(remove_duplicate_owners(draft) == std::vector<std::string>{"a"});
  CHECK(to_json(draft.root()) == R"({"metadata":{"ownerReferences":[{"uid":"a"},{"uid":"b"}]}})");
  CHECK(remove_duplicate_owners(draft).empty());
}

TEST_CASE("config maps and secrets") {
  const CreateCase kCases[] = {
      {"", "ConfigMap", R"({"data":{"a":"1"},"binaryData":{"b":"MQ=="}})", ""},
      {"", "ConfigMap", R"({"data":{"a/b":"","..":"","c":""},"binaryData":{"c":""}})",
       "data[..] Invalid; data[a/b] Invalid; data[c] Invalid"},
      {"", "Secret", R"({"type":"Opaque","data":{"a b":"MQ=="}})", "data[a b] Invalid"},
      {"", "Secret", R"({"type":"kubernetes.io/tls","data":{"tls.crt":""}})", "data[tls.key] Required"},
      {"", "Secret", R"({"type":"kubernetes.io/basic-auth"})", "data[password] Required; data[username] Required"},
      {"", "Secret", R"({"type":"kubernetes.io/basic-auth","data":{"password":"MQ=="}})", ""},
      {"", "Secret", R"({"type":"kubernetes.io/ssh-auth","data":{"ssh-privatekey":""}})", "data[ssh-privatekey] Required"},
      {"", "Secret", R"({"type":"kubernetes.io/service-account-token"})",
       "metadata.annotations[kubernetes.io/service-account.name] Required"},
      {"", "Secret", R"({"type":"kubernetes.io/dockerconfigjson","data":{".dockerconfigjson":"e30="}})", ""},
      {"", "Secret", R"({"type":"kubernetes.io/dockerconfigjson","data":{".dockerconfigjson":"eA=="}})",
       "data[.dockerconfigjson] Invalid"},
      {"", "Secret", R"({"type":"kubernetes.io/dockercfg"})", "data[.dockercfg] Required"},
  };
  check_creates(kCases);
  const UpdateCase kUpdates[] = {
      {"", "ConfigMap", R"({"data":{"a":"2"}})", R"({"data":{"a":"1"}})", ""},
      {"", "ConfigMap", R"({"data":{"a":"2"}})", R"({"immutable":true,"data":{"a":"1"}})",
       "data Forbidden; immutable Forbidden"},
      {"", "ConfigMap", R"({"immutable":true,"data":{"a":"1"},"metadata":{"labels":{"x":"y"}}})",
       R"({"immutable":true,"data":{"a":"1"}})", ""},
      {"", "Secret", R"({"type":"b"})", R"({"type":"a"})", "type Invalid"},
      {"", "Secret", R"({"type":"a","immutable":true,"data":{}})", R"({"type":"a","immutable":true,"data":{"x":""}})",
       "data Forbidden"},
  };
  check_updates(kUpdates);
}

TEST_CASE("values of secrets never show in messages") {
  const Document secret = parsed(R"({"type":"kubernetes.io/dockerconfigjson","data":{".dockerconfigjson":"aHVudGVyMg=="}})");
  FieldErrors errors;
  strategy_of("", "Secret").validate(secret.root(), errors);
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].text().find("hunter2") == std::string::npos);
  CHECK(errors[0].text().find("aHVudGVyMg") == std::string::npos);
}

TEST_CASE("services") {
  const CreateCase kCases[] = {
      {"", "Service", R"({"spec":{"type":"ClusterIP","ports":[{"port":80,"targetPort":80,"protocol":"TCP"}]}})", ""},
      {"", "Service", R"({"spec":{"type":"ClusterIP"}})", "spec.ports Required"},
      {"", "Service", R"({"spec":{"type":"ClusterIP","clusterIP":"None","clusterIPs":["None"]}})", ""},
      {"", "Service", R"({"spec":{"type":"NodePort","clusterIP":"None","clusterIPs":["None"]}})", "spec.clusterIPs[0] Invalid"},
      {"", "Service", R"({"spec":{"type":"ExternalName","clusterIPs":["1.2.3.4"]}})",
       "spec.clusterIPs Forbidden; spec.externalName Required"},
      {"", "Service", R"({"spec":{"type":"ExternalName","externalName":"a_b"}})", "spec.externalName Invalid"},
      {"", "Service",
       R"({"spec":{"type":"ClusterIP","ports":[{"port":80,"targetPort":"","protocol":"TCP"},{"name":"B","port":80,"targetPort":0,"protocol":"TCP","nodePort":30000}]}})",
       "spec.ports[0].name Required; spec.ports[0].targetPort Invalid; spec.ports[1] Duplicate; spec.ports[1].name Invalid; "
       "spec.ports[1].nodePort Forbidden; spec.ports[1].targetPort Invalid"},
      {"", "Service", R"({"spec":{"type":"ClusterIP","ports":[{"port":0,"targetPort":1}],"clusterIP":"x","clusterIPs":["x"]}})",
       "spec.clusterIPs[0] Invalid; spec.ports[0].port Invalid"},
      {"", "Service",
       R"({"spec":{"type":"ClusterIP","ports":[{"port":1,"targetPort":1}],"clusterIP":"1.1.1.1","clusterIPs":["1.1.1.2"]}})",
       "spec.clusterIPs Invalid"},
      {"", "Service",
       R"({"spec":{"type":"ClusterIP","ports":[{"port":1,"targetPort":1}],"externalTrafficPolicy":"Local","loadBalancerClass":"a/b","externalIPs":["127.0.0.1"]}})",
       "spec.externalIPs[0] Invalid; spec.loadBalancerClass Forbidden"},
      {"", "Service",
       R"({"spec":{"type":"ClusterIP","ports":[{"port":1,"targetPort":1}],"externalTrafficPolicy":"Local","selector":{"a b":"c"}}})",
       "spec.externalTrafficPolicy Invalid; spec.selector Invalid"},
      {"", "Service",
       R"({"spec":{"type":"LoadBalancer","ports":[{"port":1,"targetPort":1}],"loadBalancerSourceRanges":["1.2.3.4"],"sessionAffinity":"ClientIP","sessionAffinityConfig":{"clientIP":{"timeoutSeconds":90000}}}})",
       "spec.loadBalancerSourceRanges[0] Invalid; spec.sessionAffinityConfig.clientIP.timeoutSeconds Invalid"},
      {"", "Endpoints", R"({"subsets":[{},{"addresses":[{"ip":"x"}],"ports":[{"port":0},{"name":"a","port":1}]}]})",
       "subsets[0] Required; subsets[1].addresses[0].ip Invalid; subsets[1].ports[0].name Required; subsets[1].ports[0].port "
       "Invalid"},
      {"discovery.k8s.io", "EndpointSlice",
       R"({"addressType":"IPv4","endpoints":[{},{"addresses":["::1"]}],"ports":[{"name":"a"},{"name":"a"}]})",
       "endpoints[0].addresses Required; endpoints[1].addresses Invalid; ports[1].name Duplicate"},
  };
  check_creates(kCases);
  const UpdateCase kUpdates[] = {
      {"", "Service", R"({"spec":{"type":"ClusterIP","clusterIP":"1.1.1.2","clusterIPs":["1.1.1.2"]}})",
       R"({"spec":{"type":"ClusterIP","clusterIP":"1.1.1.1","clusterIPs":["1.1.1.1"]}})", "spec.clusterIPs[0] Invalid"},
      {"", "Service", R"({"spec":{"type":"ClusterIP","clusterIPs":["1.1.1.1"]}})", R"({"spec":{"type":"ExternalName"}})", ""},
      {"", "Service", R"({"spec":{"type":"LoadBalancer","clusterIPs":["1.1.1.1"],"loadBalancerClass":"a/b"}})",
       R"({"spec":{"type":"LoadBalancer","clusterIPs":["1.1.1.1"]}})", "spec.loadBalancerClass Invalid"},
      {"discovery.k8s.io", "EndpointSlice", R"({"addressType":"IPv6"})", R"({"addressType":"IPv4"})", "addressType Invalid"},
  };
  check_updates(kUpdates);
}

TEST_CASE("workloads") {
  const CreateCase kCases[] = {
      {"apps", "Deployment", R"({"spec":{"replicas":1,)" TEMPLATE R"(,"strategy":{"type":"Recreate"}}})", ""},
      {"apps", "Deployment",
       R"({"spec":{"replicas":-1,"selector":{"matchLabels":{"a":"x"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":)" POD_SPEC
       R"(},"strategy":{"type":"Recreate","rollingUpdate":{}},"progressDeadlineSeconds":5,"minReadySeconds":5}})",
       "spec.progressDeadlineSeconds Invalid; spec.replicas Invalid; spec.strategy.rollingUpdate Forbidden; "
       "spec.template.metadata.labels Invalid"},
      {"apps", "Deployment",
       R"({"spec":{"selector":{},"template":{"spec":{"restartPolicy":"Never","activeDeadlineSeconds":3,"containers":[{"name":"c","image":"i"}]}},
          "strategy":{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":"0%","maxSurge":0}}}})",
       "spec.selector Invalid; spec.strategy.rollingUpdate.maxUnavailable Invalid; spec.template.spec.activeDeadlineSeconds "
       "Forbidden; "
       "spec.template.spec.restartPolicy NotSupported"},
      {"apps", "Deployment",
       R"({"spec":{)" TEMPLATE
       R"(,"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":"101%","maxSurge":"x"}}}})",
       "spec.strategy.rollingUpdate.maxSurge Invalid; spec.strategy.rollingUpdate.maxUnavailable Invalid"},
      {"apps", "StatefulSet",
       R"({"spec":{"serviceName":"A","selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"restartPolicy":"Always",
          "containers":[{"name":"c","image":"i","volumeMounts":[{"name":"data","mountPath":"/d"}]}]}},"volumeClaimTemplates":[{"metadata":{"name":"data"},
          "spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}]}})",
       "spec.serviceName Invalid"},
      {"apps", "StatefulSet",
       R"({"spec":{)" TEMPLATE
       R"(,"volumeClaimTemplates":[{"metadata":{"name":"d"},"spec":{}}],"updateStrategy":{"type":"OnDelete","rollingUpdate":{}}}})",
       "spec.updateStrategy.rollingUpdate Invalid; spec.volumeClaimTemplates[0].spec.accessModes Required; "
       "spec.volumeClaimTemplates[0].spec.resources[storage] Required"},
      {"apps", "DaemonSet",
       R"({"spec":{)" TEMPLATE
       R"(,"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":1,"maxSurge":1}}}})",
       "spec.updateStrategy.rollingUpdate.maxSurge Invalid"},
      {"", "ReplicationController",
       R"({"spec":{"selector":{"a":"x"},"template":{"metadata":{"labels":{"a":"b"}},"spec":)" POD_SPEC "}}}",
       "spec.template.metadata.labels Invalid"},
      {"apps", "ControllerRevision", R"({"revision":-1})", "data Required; revision Invalid"},
  };
  check_creates(kCases);
  const UpdateCase kUpdates[] = {
      {"apps", "Deployment", R"({"spec":{"selector":{"matchLabels":{"a":"b"}}}})",
       R"({"spec":{"selector":{"matchLabels":{"a":"c"}}}})", "spec.selector Invalid"},
      {"apps", "StatefulSet", R"({"spec":{"replicas":2,"template":{"x":1},"updateStrategy":{}}})",
       R"({"spec":{"replicas":1,"template":{"x":2}}})", ""},
      {"apps", "StatefulSet", R"({"spec":{"serviceName":"a"}})", R"({"spec":{"serviceName":"b"}})", "spec.serviceName Invalid"},
      {"apps", "ControllerRevision", R"({"data":{"a":1}})", R"({"data":{"a":2}})", "data Invalid"},
  };
  check_updates(kUpdates);
}

TEST_CASE("jobs") {
#define JOB_TEMPLATE \
  R"("selector":{"matchLabels":{"controller-uid":"u"}},"template":{"metadata":{"labels":{"controller-uid":"u","batch.kubernetes.io/controller-uid":"u"}},"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}})"
  const CreateCase kCases[] = {
      {"batch", "Job", R"({"metadata":{"uid":"u"},"spec":{)" JOB_TEMPLATE "}}", ""},
      {"batch", "Job", R"({"metadata":{"uid":"w"},"spec":{)" JOB_TEMPLATE "}}",
       "spec.selector Invalid; spec.template.metadata.labels[batch.kubernetes.io/controller-uid] Invalid; "
       "spec.template.metadata.labels[controller-uid] Invalid"},
      {"batch", "Job",
       R"({"metadata":{"uid":"u"},"spec":{"manualSelector":true,"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":)" POD_SPEC
       "}}}",
       "spec.template.spec.restartPolicy Required"},
      {"batch", "Job",
       R"({"metadata":{"uid":"u"},"spec":{"completionMode":"Indexed","parallelism":-1,"ttlSecondsAfterFinished":-1,)" JOB_TEMPLATE
       "}}",
       "spec.completions Required; spec.parallelism Invalid; spec.ttlSecondsAfterFinished Invalid"},
      {"batch", "Job",
       R"({"metadata":{"uid":"u"},"spec":{"maxFailedIndexes":1,"podFailurePolicy":{"rules":[{"action":"FailIndex"},{"action":"Ignore","onExitCodes":{"operator":"In","values":[0,3,3]}}]},"podReplacementPolicy":"TerminatingOrFailed",)" JOB_TEMPLATE
       "}}",
       "spec.backoffLimitPerIndex Required; spec.maxFailedIndexes Invalid; spec.podFailurePolicy.rules[0] Invalid; "
       "spec.podFailurePolicy.rules[0].action Invalid; spec.podFailurePolicy.rules[1].onExitCodes.values[0] Invalid; "
       "spec.podFailurePolicy.rules[1].onExitCodes.values[2] Duplicate; spec.podReplacementPolicy NotSupported"},
      {"batch", "CronJob",
       R"({"metadata":{"name":"n"},"spec":{"schedule":"*/5 * * * *","jobTemplate":{"spec":{"template":{"spec":{"restartPolicy":"OnFailure","containers":[{"name":"c","image":"i"}]}}}}}})",
       ""},
      {"batch", "CronJob",
       R"({"metadata":{"name":"a123456789012345678901234567890123456789012345678901x"},"spec":{"schedule":"99 * * * *","timeZone":"","jobTemplate":{"spec":{"manualSelector":true,"selector":{},"template":{"spec":{"restartPolicy":"OnFailure","containers":[{"name":"c","image":"i"}]}}}}}})",
       "metadata.name Invalid; spec.jobTemplate.spec.manualSelector NotSupported; spec.jobTemplate.spec.selector Invalid; "
       "spec.schedule Invalid; spec.timeZone Invalid"},
  };
  check_creates(kCases);
  const UpdateCase kUpdates[] = {
      {"batch", "Job", R"({"spec":{"parallelism":3,"suspend":true}})", R"({"spec":{"parallelism":1}})", ""},
      {"batch", "Job", R"({"spec":{"completions":3,"template":{"spec":{"nodeSelector":{"a":"b"}}}}})",
       R"({"spec":{"completions":1,"template":{"spec":{}}}})", "spec.completions Invalid; spec.template Invalid"},
      {"batch", "Job", R"({"spec":{"suspend":false,"template":{"spec":{"nodeSelector":{"a":"b"}}}}})",
       R"({"spec":{"suspend":true,"template":{"spec":{}}}})", ""},
      {"batch", "Job", R"({"spec":{"completionMode":"Indexed","completions":3,"parallelism":3}})",
       R"({"spec":{"completionMode":"Indexed","completions":1,"parallelism":1}})", ""},
  };
  check_updates(kUpdates);
#undef JOB_TEMPLATE
}

TEST_CASE("autoscalers") {
  const CreateCase kCases[] = {
      {"autoscaling", "HorizontalPodAutoscaler",
       R"({"spec":{"minReplicas":3,"maxReplicas":2,"scaleTargetRef":{"kind":"Deployment"}}})",
       "spec.maxReplicas Invalid; spec.scaleTargetRef.name Required"},
      {"autoscaling", "HorizontalPodAutoscaler",
       R"({"spec":{"maxReplicas":2,"scaleTargetRef":{"kind":"D","name":"n"},"metrics":[
          {"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization"}}},{"type":"Pods"},{"type":"External","external":{"metric":{"name":"m"},"target":{"type":"Value","value":"0"}},"pods":{}}],
          "behavior":{"scaleUp":{"stabilizationWindowSeconds":4000,"policies":[{"type":"Pods","value":0,"periodSeconds":2000}]}}}})",
       "spec.behavior.scaleUp.policies[0].periodSeconds Invalid; spec.behavior.scaleUp.policies[0].value Invalid; "
       "spec.behavior.scaleUp.stabilizationWindowSeconds Invalid; spec.metrics[0].resource.target.averageUtilization Required; "
       "spec.metrics[1].pods Required; spec.metrics[2].external.target.value Invalid; spec.metrics[2].pods Forbidden"},
      {"autoscaling", "Scale", R"({"spec":{"replicas":-1}})", "spec.replicas Invalid"},
  };
  check_creates(kCases);
}

TEST_CASE("network") {
  const CreateCase kCases[] = {
      {"networking.k8s.io", "Ingress", R"({"spec":{}})", "spec Invalid"},
      {"networking.k8s.io", "Ingress", R"({"spec":{"defaultBackend":{"service":{"name":"s","port":{"number":80}}}}})", ""},
      {"networking.k8s.io", "Ingress",
       R"({"spec":{"rules":[{"host":"1.2.3.4","http":{"paths":[{"path":"x","backend":{"service":{"name":"s","port":{"name":"a","number":1}}}},{"pathType":"Prefix","path":"/a/../b","backend":{}}]}}],"tls":[{"hosts":["A"],"secretName":"S"}]}})",
       "spec.rules[0].host Invalid; spec.rules[0].http.paths[0].backend Invalid; spec.rules[0].http.paths[0].pathType "
       "Required; "
       "spec.rules[0].http.paths[1].backend Invalid; spec.rules[0].http.paths[1].path Invalid; spec.tls[0].hosts[0] Invalid; "
       "spec.tls[0].secretName Invalid"},
      {"networking.k8s.io", "IngressClass",
       R"({"spec":{"controller":"x","parameters":{"kind":"K","name":"n","scope":"Namespace"}}})",
       "spec.controller Invalid; spec.parameters.namespace Required"},
      {"networking.k8s.io", "NetworkPolicy",
       R"({"spec":{"podSelector":{},"ingress":[{"from":[{},{"ipBlock":{"cidr":"10.0.0.0/8","except":["10.0.0.0/7"]}},{"podSelector":{},"ipBlock":{"cidr":"x"}}],"ports":[{"port":80,"endPort":70},{"endPort":3}]}]}})",
       "spec.ingress[0].from[0] Required; spec.ingress[0].from[1].ipBlock.except[0] Invalid; spec.ingress[0].from[2] "
       "Forbidden; "
       "spec.ingress[0].from[2].ipBlock.cidr Invalid; spec.ingress[0].ports[0].endPort Invalid; "
       "spec.ingress[0].ports[1].endPort Invalid"},
      {"networking.k8s.io", "ServiceCIDR", R"({"spec":{"cidrs":["10.0.0.0/8","11.0.0.0/8"]}})", "spec.cidrs Invalid"},
      {"networking.k8s.io", "IPAddress", R"({"metadata":{"name":"x"},"spec":{}})",
       "metadata.name Invalid; spec.parentRef Required"},
  };
  check_creates(kCases);
}

TEST_CASE("namespaces, nodes, quotas, limits") {
  const CreateCase kCases[] = {
      {"", "Binding", R"({"target":{"kind":"Pod"}})", "target.kind NotSupported; target.name Required"},
      {"", "Binding", R"({"target":{"name":"n"}})", ""},
      {"", "Namespace", R"({"spec":{"finalizers":["kubernetes","x","a/b"]}})", "spec.finalizers Invalid"},
      {"", "Node",
       R"({"spec":{"taints":[{"key":"a","effect":"NoSchedule"},{"key":"a","effect":"NoSchedule"}],"podCIDRs":["x"]}})",
       "metadata.taints[1] Duplicate; spec.podCIDRs[0] Invalid"},
      {"", "ResourceQuota",
       R"({"spec":{"hard":{"pods":"1","nonsense":"1","cpu":"-1","pods.x/y":"1","count/deployments.apps":"3"},"scopes":["BestEffort"]}})",
       "spec.hard[cpu] Invalid; spec.hard[nonsense] Invalid; spec.scopes Invalid"},
      {"", "ResourceQuota",
       R"({"spec":{"hard":{"pods":"500m"},"scopeSelector":{"matchExpressions":[{"scopeName":"PriorityClass","operator":"In"}]}}})",
       "spec.hard[pods] Invalid; spec.scopeSelector.matchExpressions[0].values Required"},
      {"", "LimitRange",
       R"({"spec":{"limits":[{"type":"Pod","default":{"cpu":"1"}},{"type":"Container","min":{"cpu":"2"},"max":{"cpu":"1"}},{"type":"Container"},{"type":"PersistentVolumeClaim"}]}})",
       "spec.limits[0].default Forbidden; spec.limits[1].min[cpu] Invalid; spec.limits[2].type Duplicate; "
       "spec.limits[3].limits Required"},
  };
  check_creates(kCases);
  const UpdateCase kUpdates[] = {
      {"", "Node", R"({"spec":{"podCIDRs":["a"],"providerID":"x"}})", R"({"spec":{"podCIDRs":["b"],"providerID":"y"}})",
       "spec.podCIDRs Forbidden; spec.providerID Invalid"},
      {"", "ResourceQuota", R"({"spec":{"scopes":["BestEffort"]}})", R"({"spec":{}})", "spec.scopes Invalid"},
  };
  check_updates(kUpdates);
}

TEST_CASE("storage") {
  const CreateCase kCases[] = {
      {"", "PersistentVolume",
       R"({"spec":{"capacity":{"storage":"1Gi"},"accessModes":["ReadWriteOnce"],"hostPath":{"path":"/a"}}})", ""},
      {"", "PersistentVolume",
       R"({"spec":{"capacity":{"storage":"0"},"accessModes":["ReadWriteOnce","ReadWriteOncePod"],"hostPath":{"path":"/a/../b"},"nfs":{}}})",
       "spec.accessModes Forbidden; spec.capacity[storage] Invalid; spec.hostPath.path Invalid; spec.nfs Forbidden"},
      {"", "PersistentVolume", R"({"spec":{}})",
       "spec Required; spec.accessModes Required; spec.capacity NotSupported; spec.capacity Required"},
      {"", "PersistentVolumeClaim", R"({"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}})",
       ""},
      {"", "PersistentVolumeClaim",
       R"({"spec":{"accessModes":["ReadWriteOnce"],"storageClassName":"","resources":{"requests":{"storage":"1Gi"}}}})", ""},
      {"", "PersistentVolumeClaim",
       R"({"spec":{"resources":{"requests":{"storage":"-1"}},"storageClassName":"A","dataSource":{"kind":"X","name":"y"}}})",
       "spec.accessModes Required; spec.dataSource Invalid; spec.resources[storage] Invalid; spec.storageClassName Invalid"},
      {"storage.k8s.io", "StorageClass", R"({"reclaimPolicy":"Recycle"})", "provisioner Required; reclaimPolicy NotSupported"},
      {"storage.k8s.io", "VolumeAttachment", R"({"spec":{"attacher":"a","nodeName":"n","source":{}}})", "spec.source Required"},
      {"storage.k8s.io", "CSIDriver", R"({"spec":{"tokenRequests":[{"audience":"a"},{"audience":"a","expirationSeconds":1}]}})",
       "spec.tokenRequests[1].audience Duplicate; spec.tokenRequests[1].expirationSeconds Invalid"},
      {"storage.k8s.io", "CSINode", R"({"spec":{"drivers":[{"name":"a","nodeID":"x"},{"name":"a"}]}})",
       "spec.drivers[1].name Duplicate; spec.drivers[1].nodeID Required"},
  };
  check_creates(kCases);
  const std::string_view old =
      R"({"spec":{"volumeName":"v","resources":{"requests":{"storage":"2Gi"}}},"status":{"phase":"Bound","capacity":{"storage":"2Gi"}}})";
  const UpdateCase kUpdates[] = {
      {"", "PersistentVolumeClaim",
       R"({"spec":{"volumeName":"v","resources":{"requests":{"storage":"3Gi"}}},"status":{"phase":"Bound"}})", old, ""},
      {"", "PersistentVolumeClaim",
       R"({"spec":{"volumeName":"v","resources":{"requests":{"storage":"1Gi"}}},"status":{"phase":"Bound"}})", old,
       "spec.resources.requests.storage Forbidden"},
      {"", "PersistentVolumeClaim",
       R"({"spec":{"volumeName":"w","resources":{"requests":{"storage":"2Gi"}}},"status":{"phase":"Bound"}})", old,
       "spec Forbidden"},
      {"", "PersistentVolumeClaim", R"({"spec":{"volumeName":"v"}})", R"({"spec":{}})", ""},
      {"", "PersistentVolume", R"({"spec":{"hostPath":{"path":"/b"},"claimRef":{"name":"x"}}})",
       R"({"spec":{"hostPath":{"path":"/a"}}})", "spec.persistentvolumesource Forbidden"},
      {"storage.k8s.io", "StorageClass", R"({"provisioner":"a","parameters":{"x":"y"}})", R"({"provisioner":"b"})",
       "parameters Invalid; provisioner Invalid"},
      {"storage.k8s.io", "VolumeAttachment", R"({"spec":{"nodeName":"a"}})", R"({"spec":{"nodeName":"b"}})", "spec Invalid"},
  };
  check_updates(kUpdates);
}

TEST_CASE("access") {
  const CreateCase kCases[] = {
      {"rbac.authorization.k8s.io", "Role",
       R"({"rules":[{"verbs":["get"],"apiGroups":[""],"resources":["pods"]},{"verbs":["get"]},{"nonResourceURLs":["/x"],"verbs":[]}]})",
       "rules[1].apiGroups Required; rules[1].resources Required; rules[2].nonResourceURLs Invalid; rules[2].verbs Required"},
      {"rbac.authorization.k8s.io", "ClusterRole",
       R"({"rules":[{"nonResourceURLs":["/x"],"verbs":["get"]}],"aggregationRule":{}})",
       "aggregationRule.clusterRoleSelectors Required"},
      {"rbac.authorization.k8s.io", "RoleBinding",
       R"({"roleRef":{"apiGroup":"x","kind":"Pod","name":""},"subjects":[{"kind":"User","name":"u"},{"kind":"ServiceAccount","name":"S"},{"kind":"X","name":"y"}]})",
       "roleRef.apiGroup NotSupported; roleRef.kind NotSupported; roleRef.name Required; subjects[0].apiGroup NotSupported; "
       "subjects[1].name Invalid; subjects[2].kind NotSupported"},
      {"rbac.authorization.k8s.io", "ClusterRoleBinding",
       R"({"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"r"},"subjects":[{"kind":"ServiceAccount","name":"s"}]})",
       "roleRef.kind NotSupported; subjects[0].namespace Required"},
  };
  check_creates(kCases);
  const UpdateCase kUpdates[] = {
      {"rbac.authorization.k8s.io", "RoleBinding", R"({"roleRef":{"name":"a"}})", R"({"roleRef":{"name":"b"}})",
       "roleRef Invalid"},
  };
  check_updates(kUpdates);
}

TEST_CASE("policy, priorities, leases, events") {
  const CreateCase kCases[] = {
      {"policy", "PodDisruptionBudget", R"({"spec":{"minAvailable":1,"maxUnavailable":"101%"}})",
       "spec Invalid; spec.maxUnavailable Invalid"},
      {"scheduling.k8s.io", "PriorityClass", R"({"metadata":{"name":"a"},"value":1000000001})", "value Forbidden"},
      {"scheduling.k8s.io", "PriorityClass", R"({"metadata":{"name":"system-x"},"value":1})", "metadata.name Forbidden"},
      {"node.k8s.io", "RuntimeClass", R"({"handler":"A"})", "handler Invalid"},
      {"coordination.k8s.io", "Lease", R"({"spec":{"leaseDurationSeconds":0,"leaseTransitions":-1}})",
       "spec.leaseDurationSeconds Invalid; spec.leaseTransitions Invalid"},
      {"", "Event", R"({"metadata":{"namespace":"a"},"involvedObject":{"namespace":"b"}})", "involvedObject.namespace Invalid"},
      {"", "Event", R"({"metadata":{"namespace":"default"},"involvedObject":{"kind":"Node"}})", ""},
      {"", "Event", R"({"metadata":{"namespace":"a"},"eventTime":"t","involvedObject":{"namespace":"a"}})",
       "action Required; reason Required; reportingComponent Invalid; reportingComponent Required; reportingInstance Required"},
  };
  check_creates(kCases);
  const UpdateCase kUpdates[] = {
      {"scheduling.k8s.io", "PriorityClass", R"({"value":2})", R"({"value":1})", "value Forbidden"},
      {"node.k8s.io", "RuntimeClass", R"({"handler":"a"})", R"({"handler":"b"})", "handler Invalid"},
  };
  check_updates(kUpdates);
}

TEST_CASE("flow schemas and priority levels") {
  constexpr std::string_view kGroup = "flowcontrol.apiserver.k8s.io";
#define RULE(subjects, rules)                                                                                                           \
  R"({"metadata":{"name":"a"},"spec":{"matchingPrecedence":9,"priorityLevelConfiguration":{"name":"p"},"rules":[{"subjects":)" subjects \
  "," rules "}]}}"
#define ALL_URLS R"("nonResourceRules":[{"verbs":["*"],"nonResourceURLs":["*"]}])"
#define JANE R"([{"kind":"User","user":{"name":"jane"}}])"
#define LEVEL(limited) R"({"metadata":{"name":"a"},"spec":{"type":"Limited","limited":)" limited "}}"
#define QUEUE(numbers) LEVEL(R"({"nominalConcurrencyShares":5,"limitResponse":{"type":"Queue","queuing":)" numbers "}}")
  const CreateCase kCases[] = {
      {kGroup, "FlowSchema", RULE(JANE, ALL_URLS), ""},
      {kGroup, "FlowSchema", R"({"metadata":{"name":"a"},"spec":{"matchingPrecedence":1}})",
       "spec.matchingPrecedence Invalid; spec.priorityLevelConfiguration.name Required"},
      {kGroup, "FlowSchema",
       R"({"metadata":{"name":"a"},"spec":{"matchingPrecedence":10001,"priorityLevelConfiguration":{"name":"P"},"distinguisherMethod":{"type":"x"}}})",
       "spec.distinguisherMethod.type NotSupported; spec.matchingPrecedence Invalid; spec.priorityLevelConfiguration.name "
       "Invalid"},
      {kGroup, "FlowSchema", RULE("[]", R"("resourceRules":[])"), "spec.rules[0] Required; spec.rules[0].subjects Required"},
      {kGroup, "FlowSchema",
       RULE(
           R"([{"kind":"User","group":{"name":"g"}},{"kind":"Group","group":{}},{"kind":"ServiceAccount","serviceAccount":{"name":"*"}},{"kind":"Robot"}])",
           ALL_URLS),
       "spec.rules[0].subjects[0].group Forbidden; spec.rules[0].subjects[0].user Required; "
       "spec.rules[0].subjects[1].group.name Required; "
       "spec.rules[0].subjects[2].serviceAccount.namespace Required; spec.rules[0].subjects[3].kind NotSupported"},
      {kGroup, "FlowSchema",
       RULE(
           JANE,
           R"("resourceRules":[{"verbs":["get","*"],"apiGroups":[],"resources":["pods"]},{"verbs":["look"],"apiGroups":["*"],"resources":["*","x"],"namespaces":["A_b"]}])"),
       "spec.rules[0].resourceRules[0].apiGroups Required; spec.rules[0].resourceRules[0].namespaces Required; "
       "spec.rules[0].resourceRules[0].verbs Invalid; spec.rules[0].resourceRules[1].namespaces[0] Invalid; "
       "spec.rules[0].resourceRules[1].resources Invalid; spec.rules[0].resourceRules[1].verbs NotSupported"},
      {kGroup, "FlowSchema",
       RULE(JANE, R"("nonResourceRules":[{"verbs":["get"],"nonResourceURLs":["/","/a/*","a","/a b","/a//b","/a*","/*/a"]}])"),
       "spec.rules[0].nonResourceRules[0].nonResourceURLs[2] Invalid; spec.rules[0].nonResourceRules[0].nonResourceURLs[3] "
       "Invalid; "
       "spec.rules[0].nonResourceRules[0].nonResourceURLs[4] Invalid; spec.rules[0].nonResourceRules[0].nonResourceURLs[5] "
       "Invalid; "
       "spec.rules[0].nonResourceRules[0].nonResourceURLs[6] Invalid"},
      {kGroup, "FlowSchema",
       R"({"metadata":{"name":"catch-all"},"spec":{"matchingPrecedence":10000,"priorityLevelConfiguration":{"name":"catch-all"}}})",
       "spec Invalid"},
      {kGroup, "PriorityLevelConfiguration", QUEUE(R"({"queues":64,"handSize":8,"queueLengthLimit":50})"), ""},
      {kGroup, "PriorityLevelConfiguration", R"({"metadata":{"name":"a"},"spec":{"type":"Exempt","limited":{}}})",
       "spec.limited Forbidden; spec.type Invalid"},
      {kGroup, "PriorityLevelConfiguration",
       R"({"metadata":{"name":"exempt"},"spec":{"type":"Exempt","exempt":{"nominalConcurrencyShares":5,"lendablePercent":101}}})",
       "spec.exempt.lendablePercent Invalid"},
      {kGroup, "PriorityLevelConfiguration", R"({"metadata":{"name":"a"},"spec":{"type":"Limited"}})", "spec.limited Required"},
      {kGroup, "PriorityLevelConfiguration", R"({"metadata":{"name":"a"},"spec":{}})", "spec.type Required"},
      {kGroup, "PriorityLevelConfiguration",
       LEVEL(R"({"nominalConcurrencyShares":-1,"borrowingLimitPercent":-1,"limitResponse":{"type":"Reject","queuing":{}}})"),
       "spec.limited.borrowingLimitPercent Invalid; spec.limited.limitResponse.queuing Forbidden; "
       "spec.limited.nominalConcurrencyShares Invalid"},
      {kGroup, "PriorityLevelConfiguration", LEVEL(R"({"limitResponse":{"type":"Queue"}})"),
       "spec.limited.limitResponse.queuing Required"},
      {kGroup, "PriorityLevelConfiguration", QUEUE(R"({"queues":4,"handSize":5,"queueLengthLimit":0})"),
       "spec.limited.limitResponse.queuing.handSize Invalid; spec.limited.limitResponse.queuing.queueLengthLimit Invalid"},
      {kGroup, "PriorityLevelConfiguration", QUEUE(R"({"queues":1024,"handSize":7,"queueLengthLimit":1})"),
       "spec.limited.limitResponse.queuing.handSize Invalid"},
  };
  check_creates(kCases);
  for (const std::span<const std::string_view> objects : {mandatory_flow_objects(), suggested_flow_objects()}) {
    for (const std::string_view object : objects) {
      const std::string kind(parsed(object)["kind"].as_string());
      CHECK_MESSAGE(create_errors(kGroup, kind, object).empty(), object);
    }
  }
}

TEST_CASE("requests for devices") {
  const CreateCase kCases[] = {
      {"resource.k8s.io", "ResourceClaim",
       R"({"spec":{"devices":{"requests":[{"name":"a","exactly":{"deviceClassName":"c"}}]}}})", ""},
      {"resource.k8s.io", "ResourceClaim",
       R"({"spec":{"devices":{"requests":[{"name":"a"},{"name":"b","exactly":{},"firstAvailable":[{}]}]}}})",
       "spec.devices.requests[0] Required; spec.devices.requests[1] Invalid"},
      {"resource.k8s.io", "ResourceClaimTemplate", R"({"spec":{"spec":{"devices":{"requests":[{"name":"a"}]}}}})",
       "spec.spec.devices.requests[0] Required"},
  };
  check_creates(kCases);
  const UpdateCase kUpdates[] = {
      {"resource.k8s.io", "ResourceClaim", R"({"spec":{"devices":{"requests":[{"name":"a","exactly":{}}]}}})",
       R"({"spec":{"devices":{"requests":[{"name":"b","exactly":{}}]}}})", "spec Invalid"},
      {"resource.k8s.io", "ResourceSlice", R"({"spec":{"driver":"a","nodeName":"n","pool":{"name":"p","generation":2}}})",
       R"({"spec":{"driver":"b","nodeName":"m","pool":{"name":"q","generation":1}}})",
       "spec.driver Invalid; spec.nodeName Invalid; spec.pool.name Invalid"},
  };
  check_updates(kUpdates);
}

TEST_CASE("admission and certificates") {
#define HOOK R"("name":"a.b.c","sideEffects":"None","admissionReviewVersions":["v1"],"clientConfig":{"url":"https://h"})"
  const CreateCase kCases[] = {
      {"admissionregistration.k8s.io", "ValidatingWebhookConfiguration",
       R"({"webhooks":[{)" HOOK
       R"(,"rules":[{"apiGroups":["*"],"apiVersions":["v1"],"resources":["pods","pods/log"],"operations":["CREATE"]}]}]})",
       ""},
      {"admissionregistration.k8s.io", "ValidatingWebhookConfiguration",
       R"({"webhooks":[{)" HOOK R"(,"matchConditions":[{"name":"x","expression":"object.metadata.name == 'a'"}]}]})", ""},
      {"admissionregistration.k8s.io", "ValidatingWebhookConfiguration",
       R"({"webhooks":[{)" HOOK
       R"(,"matchConditions":[{"name":"x","expression":"1"},{"name":"x","expression":"params.a"},{"name":"","expression":" "}]}]})",
       "webhooks[0].matchConditions[0].expression Invalid; webhooks[0].matchConditions[1].expression Invalid; "
       "webhooks[0].matchConditions[1].name Duplicate; webhooks[0].matchConditions[2].expression Required; "
       "webhooks[0].matchConditions[2].name Required"},
      {"admissionregistration.k8s.io", "MutatingWebhookConfiguration",
       R"({"webhooks":[{"name":"a.b","sideEffects":"Some","admissionReviewVersions":[],"timeoutSeconds":31,"clientConfig":{"url":"http://h","service":{}}},
           {)" HOOK
       R"(,"rules":[{"apiGroups":["*","x"],"apiVersions":[],"resources":["*","pods"],"operations":["*","CREATE"]}]},{)" HOOK
       "}]}",
       "webhooks[0].admissionReviewVersions Required; webhooks[0].clientConfig Required; webhooks[0].name Invalid; "
       "webhooks[0].sideEffects NotSupported; webhooks[0].timeoutSeconds Invalid; webhooks[1].rules[0].apiGroups Invalid; "
       "webhooks[1].rules[0].apiVersions Required; webhooks[1].rules[0].operations Invalid; webhooks[1].rules[0].resources "
       "Invalid; "
       "webhooks[2].name Duplicate"},
      {"admissionregistration.k8s.io", "ValidatingAdmissionPolicy", R"({"spec":{}})",
       "spec.auditAnnotations Required; spec.failurePolicy Required; spec.matchConstraints Required; spec.validations "
       "Required"},
      {"admissionregistration.k8s.io", "ValidatingAdmissionPolicy",
       R"x({"spec":{"failurePolicy":"Fail","paramKind":{"apiVersion":"v1","kind":"ConfigMap"},
           "matchConstraints":{"matchPolicy":"Exact","namespaceSelector":{},"objectSelector":{},"resourceRules":[{"apiGroups":["apps"],"apiVersions":["v1"],
           "operations":["CREATE"],"resources":["deployments"]}]},"variables":[{"name":"n","expression":"object.spec.replicas"},{"name":"twice","expression":"variables.n * 2"}],
           "matchConditions":[{"name":"x","expression":"params.data.a == 'b'"}],
           "validations":[{"expression":"variables.twice < 10 && authorizer.group('').resource('pods').check('get').allowed()","messageExpression":"'n is ' + string(variables.n)"},
             {"expression":"namespaceObject.metadata.labels['a'] == request.name || request.userInfo.groups.exists(g, g == 'x')","reason":"Forbidden"}]}})x",
       ""},
      {"admissionregistration.k8s.io", "ValidatingAdmissionPolicy",
       R"x({"spec":{"failurePolicy":"Ignore","matchConstraints":{"matchPolicy":"Equivalent","namespaceSelector":{},"objectSelector":{},"resourceRules":[{"apiGroups":["apps"],"apiVersions":["v1"],"operations":["CREATE"],"resources":["deployments"]}]},
           "variables":[{"name":"a-b","expression":"1"},{"name":"c","expression":"variables.d"}],
           "validations":[{"expression":"1"},{"expression":"params.a"},{"expression":"request.nope == 'a'"},{"expression":"true","messageExpression":"authorizer.path('/')"},
             {"expression":" ","message":" ","reason":"Other"}]}})x",
       "spec.validations[0].expression Invalid; spec.validations[1].expression Invalid; spec.validations[2].expression "
       "Invalid; "
       "spec.validations[3].messageExpression Invalid; spec.validations[4].expression Required; spec.validations[4].message "
       "Invalid; "
       "spec.validations[4].reason NotSupported; spec.variables[0].name Invalid; spec.variables[1].expression Invalid"},
      {"admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding",
       R"({"spec":{"policyName":"P","paramRef":{"name":"a","selector":{},"parameterNotFoundAction":"Deny"},"validationActions":["Deny","Warn","Deny"]}})",
       "spec.paramRef.name Forbidden; spec.paramRef.selector Forbidden; spec.policyName Invalid; spec.validationActions "
       "Invalid; "
       "spec.validationActions[2] Duplicate"},
      {"admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding", R"({"spec":{}})", "spec Forbidden"},
      {"certificates.k8s.io", "CertificateSigningRequest",
       R"({"spec":{"request":"eA==","signerName":"x","usages":["client auth","client auth","tea"],"expirationSeconds":1}})",
       "spec.expirationSeconds Invalid; spec.request Invalid; spec.signerName Invalid; spec.usages[1] Duplicate; "
       "spec.usages[2] NotSupported"},
  };
  check_creates(kCases);
#undef HOOK
}

}  // namespace plinth::api
