// Conditional defaults, kind by kind; the facts are those of upstream's defaults_test tables. Defaults that the schema holds
// are not looked at here.
#include "api/strategies/draft_tools.h"
#include "api/strategies/pod_defaults.h"
#include "api/strategies/strategy_testing.h"

namespace plinth::api {

TEST_CASE("images that mean the latest") {
  for (const char* image : {"nginx", "nginx:latest", "reg.io/a/nginx", "localhost:5000/nginx", "localhost:5000/nginx:latest",
                            "nginx:latest@sha256:abc"}) {
    CHECK_MESSAGE(is_latest_image(image), image);
  }
  for (const char* image : {"nginx:1", "nginx@sha256:abc", "localhost:5000/nginx:1", "a/b:latest-1"}) {
    CHECK_MESSAGE(!is_latest_image(image), image);
  }
}

TEST_CASE("defaults of pods") {
  const DefaultCase kCases[] = {
      {"", "Pod",
       R"({"spec":{"containers":[{"image":"a","resources":{"limits":{"cpu":"1","memory":"1Gi"},"requests":{"cpu":"500m"}}}],"volumes":[{"name":"v"},{"name":"w","hostPath":{"path":"/"}}]}})",
       R"({"spec":{"containers":[{"image":"a","imagePullPolicy":"Always","resources":{"limits":{"cpu":"1","memory":"1Gi"},"requests":{"cpu":"500m","memory":"1Gi"}}}],
           "volumes":[{"name":"v","emptyDir":{}},{"name":"w","hostPath":{"path":"/"}}],"enableServiceLinks":true}})"},
      {"", "Pod",
       R"({"spec":{"hostNetwork":true,"serviceAccount":"sa","containers":[{"image":"a:1","ports":[{"containerPort":80},{"containerPort":81,"hostPort":82}]}]}})",
       R"({"spec":{"hostNetwork":true,"serviceAccount":"sa","serviceAccountName":"sa","enableServiceLinks":true,
           "containers":[{"image":"a:1","imagePullPolicy":"IfNotPresent","ports":[{"containerPort":80,"hostPort":80},{"containerPort":81,"hostPort":82}]}]}})"},
      {"", "Pod",
       R"({"spec":{"serviceAccountName":"x","serviceAccount":"y","enableServiceLinks":false,"containers":[{"image":"a","imagePullPolicy":"Never"}],"terminationGracePeriodSeconds":-5}})",
       R"({"spec":{"serviceAccountName":"x","serviceAccount":"x","enableServiceLinks":false,"containers":[{"image":"a","imagePullPolicy":"Never"}],"terminationGracePeriodSeconds":1}})"},
      {"", "Pod", R"({"status":{"podIP":"1.1.1.1"}})", R"({"status":{"podIP":"1.1.1.1","podIPs":[{"ip":"1.1.1.1"}]}})"},
      {"", "Pod", R"({"status":{"podIPs":[{"ip":"1.1.1.1"},{"ip":"::1"}]}})",
       R"({"status":{"podIP":"1.1.1.1","podIPs":[{"ip":"1.1.1.1"},{"ip":"::1"}]}})"},
      {"", "Pod", R"({})", R"({})"},
  };
  check_defaults(kCases);
}

TEST_CASE("a template gets no requests and no service links") {
  const DefaultCase kCases[] = {
      {"apps", "Deployment",
       R"({"spec":{"template":{"spec":{"hostNetwork":true,"containers":[{"image":"a:1","ports":[{"containerPort":80}],"resources":{"limits":{"cpu":"1"}}}]}}}})",
       R"({"spec":{"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":"25%","maxUnavailable":"25%"}},
           "template":{"spec":{"hostNetwork":true,"containers":[{"image":"a:1","imagePullPolicy":"IfNotPresent","ports":[{"containerPort":80}],"resources":{"limits":{"cpu":"1"}}}]}}}})"},
  };
  check_defaults(kCases);
}

TEST_CASE("defaults of workloads") {
  const DefaultCase kCases[] = {
      {"apps", "Deployment", R"({"spec":{"strategy":{"type":"Recreate"}}})", R"({"spec":{"strategy":{"type":"Recreate"}}})"},
      {"apps", "Deployment", R"({"spec":{"strategy":{"rollingUpdate":{"maxSurge":3}}}})",
       R"({"spec":{"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":3,"maxUnavailable":"25%"}}}})"},
      {"apps", "StatefulSet", R"({"spec":{"volumeClaimTemplates":[{"metadata":{"name":"d"}}]}})",
       R"({"spec":{"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"partition":0}},
           "volumeClaimTemplates":[{"metadata":{"name":"d"},"apiVersion":"v1","kind":"PersistentVolumeClaim"}]}})"},
      {"apps", "StatefulSet", R"({"spec":{"updateStrategy":{"type":"OnDelete"}}})",
       R"({"spec":{"updateStrategy":{"type":"OnDelete"}}})"},
      {"apps", "DaemonSet", R"({"spec":{}})",
       R"({"spec":{"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":1,"maxSurge":0}}}})"},
      {"", "ReplicationController", R"({"spec":{"template":{"metadata":{"labels":{"a":"b"}}}}})",
       R"({"metadata":{"labels":{"a":"b"}},"spec":{"selector":{"a":"b"},"template":{"metadata":{"labels":{"a":"b"}}}}})"},
      {"batch", "Job", R"({"spec":{}})",
       R"({"spec":{"completions":1,"parallelism":1,"backoffLimit":6,"completionMode":"NonIndexed","suspend":false,"manualSelector":false,"podReplacementPolicy":"TerminatingOrFailed"}})"},
      {"batch", "Job",
       R"({"spec":{"parallelism":5,"podFailurePolicy":{"rules":[]},"backoffLimitPerIndex":2,"template":{"metadata":{"labels":{"a":"b"}}}}})",
       R"({"metadata":{"labels":{"a":"b"}},"spec":{"parallelism":5,"podFailurePolicy":{"rules":[]},"backoffLimitPerIndex":2,"template":{"metadata":{"labels":{"a":"b"}}},
           "backoffLimit":2147483647,"completionMode":"NonIndexed","suspend":false,"manualSelector":false,"podReplacementPolicy":"Failed"}})"},
      {"batch", "CronJob", R"({"spec":{"jobTemplate":{"spec":{"template":{"spec":{"containers":[{"image":"a"}]}}}}}})",
       R"({"spec":{"jobTemplate":{"spec":{"template":{"spec":{"containers":[{"image":"a","imagePullPolicy":"Always"}]}}}}}})"},
      {"autoscaling", "HorizontalPodAutoscaler", R"({"spec":{"maxReplicas":3}})",
       R"({"spec":{"maxReplicas":3,"minReplicas":1,"metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":80}}}]}})"},
      {"autoscaling", "HorizontalPodAutoscaler",
       R"({"spec":{"minReplicas":2,"metrics":[{"type":"Pods"}],"behavior":{"scaleUp":{"selectPolicy":"Min"}}}})",
       R"({"spec":{"minReplicas":2,"metrics":[{"type":"Pods"}],"behavior":{
           "scaleUp":{"selectPolicy":"Min","stabilizationWindowSeconds":0,"policies":[{"type":"Pods","value":4,"periodSeconds":15},{"type":"Percent","value":100,"periodSeconds":15}]},
           "scaleDown":{"selectPolicy":"Max","policies":[{"type":"Percent","value":100,"periodSeconds":15}]}}}})"},
  };
  check_defaults(kCases);
}

TEST_CASE("defaults of services") {
  const DefaultCase kCases[] = {
      {"", "Service", R"({"spec":{"ports":[{"port":80},{"port":81,"targetPort":"http","protocol":"UDP"}]}})",
       R"({"spec":{"type":"ClusterIP","sessionAffinity":"None","internalTrafficPolicy":"Cluster",
           "ports":[{"port":80,"protocol":"TCP","targetPort":80},{"port":81,"targetPort":"http","protocol":"UDP"}]}})"},
      {"", "Service", R"({"spec":{"type":"LoadBalancer","sessionAffinity":"ClientIP"}})",
       R"({"spec":{"type":"LoadBalancer","sessionAffinity":"ClientIP","sessionAffinityConfig":{"clientIP":{"timeoutSeconds":10800}},
           "externalTrafficPolicy":"Cluster","internalTrafficPolicy":"Cluster","allocateLoadBalancerNodePorts":true}})"},
      {"", "Service", R"({"spec":{"type":"ExternalName","sessionAffinityConfig":{"clientIP":{}}}})",
       R"({"spec":{"type":"ExternalName","sessionAffinity":"None"}})"},
      {"", "Service", R"({"spec":{"externalIPs":["1.2.3.4"],"internalTrafficPolicy":"Local"}})",
       R"({"spec":{"externalIPs":["1.2.3.4"],"type":"ClusterIP","sessionAffinity":"None","externalTrafficPolicy":"Cluster","internalTrafficPolicy":"Local"}})"},
      {"networking.k8s.io", "NetworkPolicy", R"({"spec":{}})", R"({"spec":{"policyTypes":["Ingress"]}})"},
      {"networking.k8s.io", "NetworkPolicy", R"({"spec":{"egress":[{}]}})",
       R"({"spec":{"egress":[{}],"policyTypes":["Ingress","Egress"]}})"},
  };
  check_defaults(kCases);
}

TEST_CASE("defaults of the rest") {
  const DefaultCase kCases[] = {
      {"", "Namespace", R"({"metadata":{"name":"a"}})",
       R"({"metadata":{"name":"a","labels":{"kubernetes.io/metadata.name":"a"}}})"},
      {"", "Secret", R"({"data":{"a":"MQ==","b":"Mg=="},"stringData":{"a":"hello","c":""}})",
       R"({"data":{"a":"aGVsbG8=","b":"Mg==","c":""}})"},
      {"", "Node", R"({"spec":{"podCIDR":"10.0.0.0/24"},"status":{"capacity":{"cpu":"2"}}})",
       R"({"spec":{"podCIDR":"10.0.0.0/24","podCIDRs":["10.0.0.0/24"]},"status":{"capacity":{"cpu":"2"},"allocatable":{"cpu":"2"}}})"},
      {"", "LimitRange",
       R"({"spec":{"limits":[{"type":"Container","max":{"cpu":"2"},"min":{"memory":"1Mi"}},{"type":"Pod","max":{"cpu":"2"}}]}})",
       R"({"spec":{"limits":[{"type":"Container","max":{"cpu":"2"},"min":{"memory":"1Mi"},"default":{"cpu":"2"},"defaultRequest":{"cpu":"2","memory":"1Mi"}},
           {"type":"Pod","max":{"cpu":"2"}}]}})"},
      {"", "PersistentVolume", R"({"spec":{}})",
       R"({"spec":{"persistentVolumeReclaimPolicy":"Retain","volumeMode":"Filesystem"}})"},
      {"rbac.authorization.k8s.io", "RoleBinding",
       R"({"roleRef":{"kind":"Role","name":"r"},"subjects":[{"kind":"User","name":"u"},{"kind":"ServiceAccount","name":"s"}]})",
       R"({"roleRef":{"kind":"Role","name":"r","apiGroup":"rbac.authorization.k8s.io"},
           "subjects":[{"kind":"User","name":"u","apiGroup":"rbac.authorization.k8s.io"},{"kind":"ServiceAccount","name":"s"}]})"},
  };
  check_defaults(kCases);
}

TEST_CASE("what create sets") {
  const struct {
    std::string_view group, kind, given, want;
  } kCases[] = {
      {"", "Pod", R"({"spec":{"containers":[{"name":"a"}]}})",
       R"({"spec":{"containers":[{"name":"a"}]},"status":{"phase":"Pending","qosClass":"BestEffort"}})"},
      {"", "Pod",
       R"({"spec":{"containers":[{"resources":{"limits":{"cpu":"1","memory":"1Gi"},"requests":{"cpu":"1000m","memory":"1Gi"}}}]},"status":{"phase":"Running"}})",
       R"({"spec":{"containers":[{"resources":{"limits":{"cpu":"1","memory":"1Gi"},"requests":{"cpu":"1000m","memory":"1Gi"}}}]},"status":{"phase":"Pending","qosClass":"Guaranteed"}})"},
      {"", "Pod", R"({"spec":{"containers":[{"resources":{"requests":{"cpu":"1"}}}]}})",
       R"({"spec":{"containers":[{"resources":{"requests":{"cpu":"1"}}}]},"status":{"phase":"Pending","qosClass":"Burstable"}})"},
      {"", "Namespace", R"({})", R"({"spec":{"finalizers":["kubernetes"]},"status":{"phase":"Active"}})"},
      {"", "Service", R"({"spec":{"type":"ClusterIP","clusterIP":"None"}})",
       R"({"spec":{"type":"ClusterIP","clusterIP":"None","clusterIPs":["None"]}})"},
      {"apps", "DaemonSet", R"({"spec":{}})",
       R"({"spec":{},"metadata":{"annotations":{"deprecated.daemonset.template.generation":"1"}}})"},
      {"batch", "Job", R"({"metadata":{"name":"j","uid":"u"},"spec":{"template":{"spec":{}}}})",
       R"({"metadata":{"name":"j","uid":"u"},"spec":{"selector":{"matchLabels":{"batch.kubernetes.io/controller-uid":"u"}},
           "template":{"spec":{},"metadata":{"labels":{"controller-uid":"u","job-name":"j","batch.kubernetes.io/controller-uid":"u","batch.kubernetes.io/job-name":"j"}}}}})"},
      {"batch", "Job", R"({"metadata":{"name":"j","uid":"u"},"spec":{"manualSelector":true}})",
       R"({"metadata":{"name":"j","uid":"u"},"spec":{"manualSelector":true}})"},
  };
  for (const auto& c : kCases) {
    Draft draft(parsed(c.given));
    strategy_of(c.group, c.kind).prepare_for_create(draft);
    CHECK_MESSAGE(equal(draft.root(), parsed(c.want).root()), to_json(draft.root()));
  }
}

TEST_CASE("what update keeps") {
  const struct {
    std::string_view group, kind, given, old, want;
  } kCases[] = {
      {"", "Service", R"({"spec":{"type":"NodePort","ports":[{"name":"a","port":80}]}})",
       R"({"spec":{"type":"NodePort","clusterIP":"10.0.0.1","clusterIPs":["10.0.0.1"],"ipFamilies":["IPv4"],"ipFamilyPolicy":"SingleStack","ports":[{"name":"a","port":80,"nodePort":30001}]}})",
       R"({"spec":{"type":"NodePort","clusterIP":"10.0.0.1","clusterIPs":["10.0.0.1"],"ipFamilies":["IPv4"],"ipFamilyPolicy":"SingleStack","ports":[{"name":"a","port":80,"nodePort":30001}]}})"},
      {"", "Service",
       R"({"spec":{"type":"ClusterIP","clusterIP":"10.0.0.1","clusterIPs":["10.0.0.1"],"externalTrafficPolicy":"Cluster","ports":[{"port":80,"nodePort":30001}],"ipFamilies":["IPv4"],"ipFamilyPolicy":"SingleStack"}})",
       R"({"spec":{"type":"NodePort","clusterIP":"10.0.0.1","clusterIPs":["10.0.0.1"],"externalTrafficPolicy":"Cluster","ports":[{"port":80,"nodePort":30001}],"ipFamilies":["IPv4"],"ipFamilyPolicy":"SingleStack"}})",
       R"({"spec":{"type":"ClusterIP","clusterIP":"10.0.0.1","clusterIPs":["10.0.0.1"],"ports":[{"port":80}],"ipFamilies":["IPv4"],"ipFamilyPolicy":"SingleStack"}})"},
      {"apps", "DaemonSet", R"({"spec":{"template":{"x":2}}})",
       R"({"metadata":{"annotations":{"deprecated.daemonset.template.generation":"4"}},"spec":{"template":{"x":1}}})",
       R"({"metadata":{"annotations":{"deprecated.daemonset.template.generation":"5"}},"spec":{"template":{"x":2}}})"},
      {"", "Namespace", R"({"spec":{}})", R"({"spec":{"finalizers":["kubernetes"]},"status":{"phase":"Active"}})",
       R"({"spec":{"finalizers":["kubernetes"]},"status":{"phase":"Active"}})"},
      {"", "Pod", R"({"status":{"phase":"Failed"}})", R"({})", R"({})"},
  };
  for (const auto& c : kCases) {
    Draft draft(parsed(c.given));
    strategy_of(c.group, c.kind).prepare_for_update(draft, parsed(c.old).root());
    CHECK_MESSAGE(equal(draft.root(), parsed(c.want).root()), to_json(draft.root()));
  }
}

TEST_CASE("what a deletion does to an object is its kind's") {
  const Strategy* pod = find_strategy("", "Pod");
  struct Row {
    const char* pod;
    std::optional<std::int64_t> asked;
    std::int64_t grace;
  };
  const Row rows[] = {
      {R"({"spec":{"nodeName":"n","terminationGracePeriodSeconds":45}})", std::nullopt, 45},
      {R"({"spec":{"nodeName":"n","terminationGracePeriodSeconds":45}})", 5, 5},
      {R"({"spec":{"nodeName":"n","terminationGracePeriodSeconds":45}})", -1, 1},
      {R"({"spec":{"terminationGracePeriodSeconds":45}})", 5, 0},
      {R"({"spec":{"nodeName":"n","terminationGracePeriodSeconds":45},"status":{"phase":"Failed"}})", std::nullopt, 0},
  };
  for (const Row& row : rows) {
    CAPTURE(row.pod);
    CHECK(pod->deletion_grace(parsed(row.pod).root(), row.asked) == row.grace);
  }
  CHECK(find_strategy("", "Namespace")->is_kept(parsed(R"({"spec":{"finalizers":["kubernetes"]}})").root()));
  CHECK_FALSE(find_strategy("", "Namespace")->is_kept(parsed(R"({"spec":{"finalizers":[]}})").root()));
  Draft definition(
      parsed(R"({"metadata":{"finalizers":["a/b"]},"status":{"conditions":[{"type":"Terminating","status":"False"}]}})"));
  find_strategy("apiextensions.k8s.io", "CustomResourceDefinition")->mark_deletion(definition, 0);
  CHECK(to_json(definition.root()["metadata"]) == R"({"finalizers":["a/b","customresourcecleanup.apiextensions.k8s.io"]})");
  CHECK(definition.root()["status"]["conditions"].items()[0]["status"].as_string() == "True");
  KindRow custom;
  custom.builtin = false;
  custom.kind = "Pod";
  CHECK(find_strategy(custom) == nullptr);
}

TEST_CASE("defaults of requests for devices") {
  const DefaultCase kCases[] = {
      {"resource.k8s.io", "ResourceClaim",
       R"({"spec":{"devices":{"requests":[{"exactly":{"deviceClassName":"a"}},{"exactly":{"allocationMode":"All"}},{"firstAvailable":[{"count":2},{}]}]}}})",
       R"({"spec":{"devices":{"requests":[{"exactly":{"deviceClassName":"a","count":1}},{"exactly":{"allocationMode":"All"}},{"firstAvailable":[{"count":2},{"count":1}]}]}}})"},
      {"resource.k8s.io", "ResourceClaimTemplate", R"({"spec":{"spec":{"devices":{"requests":[{"exactly":{}}]}}}})",
       R"({"spec":{"spec":{"devices":{"requests":[{"exactly":{"count":1}}]}}}})"},
  };
  check_defaults(kCases);
}

}  // namespace plinth::api
