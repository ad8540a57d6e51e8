// What is refused about pods, by field and type; the paths and types are those of upstream's validation_test tables.
#include <fmt/core.h>

#include "api/strategies/strategy_testing.h"

namespace plinth::api {
namespace {

// A pod that is fine, with more members in its container and its spec.
std::string pod(std::string_view container, std::string_view spec = "") {
  return fmt::format(
      R"({{"metadata":{{"name":"p","namespace":"d"}},"spec":{{"restartPolicy":"Always","dnsPolicy":"ClusterFirst",
    "terminationGracePeriodSeconds":30,"containers":[{{"name":"c","image":"i","imagePullPolicy":"Always"{}{}}}]{}{}}}}})",
      container.empty() ? "" : ",", container, spec.empty() ? "" : ",", spec);
}

struct PodCase {
  std::string_view container, spec, want;
};

}  // namespace

TEST_CASE("pods that are refused") {
  const PodCase kCases[] = {
      {"", "", ""},
      // names
      {"", R"("initContainers":[{"name":"c","image":"i"}])", "spec.initContainers[0].name Duplicate"},
      {"", R"("initContainers":[{"name":"C","image":" i"}])",
       "spec.initContainers[0].image Invalid; spec.initContainers[0].name Invalid"},
      {"", R"("containers":[])", "spec.containers Required"},
      {"", R"("hostname":"a.b","subdomain":"-","serviceAccountName":"A","nodeName":"_")",
       "spec.hostname Invalid; spec.nodeName Invalid; spec.serviceAccountName Invalid; spec.subdomain Invalid"},
      // ports
      {R"("ports":[{"name":"a","containerPort":1,"hostPort":9,"protocol":"TCP"},{"name":"a","containerPort":2,"hostPort":9,"protocol":"TCP"}])",
       "", "spec.containers[0].ports[1].hostPort Duplicate; spec.containers[0].ports[1].name Duplicate"},
      {R"("ports":[{"name":"8080","containerPort":1,"protocol":"TCP"}])", "", "spec.containers[0].ports[0].name Invalid"},
      {R"("ports":[{"containerPort":80,"protocol":"TCP"}])", R"("hostNetwork":true)",
       "spec.containers[0].ports[0].hostPort Invalid"},
      // environment
      {R"("env":[{"name":"a=b","value":"x"},{"name":"A","value":"x","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}}])",
       "", "spec.containers[0].env[0].name Invalid; spec.containers[0].env[1].valueFrom Invalid"},
      {R"("env":[{"name":"A","valueFrom":{"fieldRef":{"fieldPath":"spec.foo"}}},{"name":"B","valueFrom":{"fieldRef":{"fieldPath":"metadata.labels['a']"}}}])",
       "", "spec.containers[0].env[0].valueFrom.fieldRef.fieldPath Invalid"},
      {R"("env":[{"name":"A","valueFrom":{"resourceFieldRef":{"resource":"limits.gpu"}}},{"name":"B","valueFrom":{}}])", "",
       "spec.containers[0].env[0].valueFrom.resourceFieldRef.resource NotSupported; spec.containers[0].env[1].valueFrom "
       "Invalid"},
      {R"("env":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"S","key":"a/b"}}}],"envFrom":[{}])", "",
       "spec.containers[0].envFrom Invalid; spec.containers[0].env[0].valueFrom.secretKeyRef.key Invalid; "
       "spec.containers[0].env[0].valueFrom.secretKeyRef.name Invalid"},
      // mounts
      {R"("volumeMounts":[{"name":"v","mountPath":"/a"},{"name":"missing","mountPath":"/a","subPath":"../x"}])",
       R"("volumes":[{"name":"v","emptyDir":{}}])",
       "spec.containers[0].volumeMounts.subPath Invalid; spec.containers[0].volumeMounts[1].mountPath Invalid; "
       "spec.containers[0].volumeMounts[1].name NotFound"},
      {R"("volumeMounts":[{"name":"v","mountPath":"/a","mountPropagation":"Bidirectional"}])",
       R"("volumes":[{"name":"v","emptyDir":{}}])", "spec.containers[0].volumeMounts.mountPropagation Forbidden"},
      {R"("volumeDevices":[{"name":"v","devicePath":"/a"}])", R"("volumes":[{"name":"v","emptyDir":{}}])",
       "spec.containers[0].volumeDevices[0].name Invalid"},
      // volumes
      {"",
       R"("volumes":[{"name":"v"},{"name":"V","emptyDir":{}},{"name":"w","emptyDir":{},"hostPath":{"path":"/"}},{"name":"x","emptyDir":{}},{"name":"x","emptyDir":{}}])",
       "spec.volumes[0] Required; spec.volumes[1].name Invalid; spec.volumes[2].hostPath Forbidden; spec.volumes[4].name "
       "Duplicate"},
      {"",
       R"("volumes":[{"name":"v","configMap":{"name":"c","items":[{"key":"k","path":"/abs"},{"key":"k","path":"a/../b"},{"key":"k","path":"..x"}]}}])",
       "spec.volumes[0].configMap.items[0].path Invalid; spec.volumes[0].configMap.items[1].path Invalid; "
       "spec.volumes[0].configMap.items[2].path Invalid"},
      {"",
       R"("serviceAccountName":"s","volumes":[{"name":"v","projected":{"sources":[{"secret":{"name":"s","items":[{"key":"a","path":"x"}]}},{"configMap":{"name":"c","items":[{"key":"a","path":"x"}]}},{}]}}])",
       "spec.volumes[0].projected Invalid"},
      {"", R"("volumes":[{"name":"v","projected":{"sources":[{"serviceAccountToken":{"path":"t"}}]}}])",
       "spec.volumes[0].projected.sources[0].serviceAccountToken Forbidden"},
      {"", R"("volumes":[{"name":"v","image":{"pullPolicy":"Always"}},{"name":"w","image":{"reference":"a:1"},"emptyDir":{}}])",
       "spec.volumes[0].image.reference Required; spec.volumes[1].image Forbidden"},
      {R"("volumeMounts":[{"name":"v","mountPath":"/a","subPath":"data"}])",
       R"("volumes":[{"name":"v","image":{"reference":"a:1","pullPolicy":"Never"}}])", ""},
      // resources
      {R"("resources":{"limits":{"cpu":"1"},"requests":{"cpu":"2"}})", "", "spec.containers[0].resources.requests Invalid"},
      {R"("resources":{"limits":{"cpu":"1000m"},"requests":{"cpu":"1"}})", "", ""},
      {R"("resources":{"requests":{"cpu":"-1","example.com/gpu":"1"}})", "",
       "spec.containers[0].resources.limits Required; spec.containers[0].resources.requests[cpu] Invalid"},
      {R"("resources":{"limits":{"pods":"1","nonsense":"1","example.com/gpu":"500m"}})", "",
       "spec.containers[0].resources.limits[example.com/gpu] Invalid; spec.containers[0].resources.limits[nonsense] Invalid; "
       "spec.containers[0].resources.limits[pods] Invalid"},
      {R"("resources":{"limits":{"hugepages-2Mi":"4Mi"}})", "", "spec.containers[0].resources Forbidden"},
      {R"("resources":{"claims":[{"name":"x"}]})", "", "spec.containers[0].resources.claims[0] NotFound"},
      // probes and hooks
      {R"("livenessProbe":{"successThreshold":2,"exec":{"command":["x"]}},"readinessProbe":{"successThreshold":1,"terminationGracePeriodSeconds":5,"tcpSocket":{"port":0}})",
       "",
       "spec.containers[0].livenessProbe.successThreshold Invalid; spec.containers[0].readinessProbe.tcpSocket.port Invalid; "
       "spec.containers[0].readinessProbe.terminationGracePeriodSeconds Invalid"},
      {R"("startupProbe":{"successThreshold":1},"lifecycle":{"preStop":{"exec":{"command":["a"]},"httpGet":{"port":80}},"postStart":{"sleep":{"seconds":31}}})",
       "",
       "spec.containers[0].lifecycle.postStart.sleep Invalid; spec.containers[0].lifecycle.preStop.httpGet Forbidden; "
       "spec.containers[0].startupProbe Required"},
      {"", R"("initContainers":[{"name":"i","image":"i","livenessProbe":{"successThreshold":1,"exec":{"command":["x"]}}}])",
       "spec.initContainers[0].livenessProbe Forbidden"},
      {"",
       R"("initContainers":[{"name":"i","image":"i","restartPolicy":"Always","livenessProbe":{"successThreshold":1,"exec":{"command":["x"]}}}])",
       ""},
      // security
      {R"("securityContext":{"privileged":true,"allowPrivilegeEscalation":false,"seccompProfile":{"type":"Localhost"}})", "",
       "spec.containers[0].securityContext Invalid; spec.containers[0].securityContext.seccompProfile.localhostProfile "
       "Required"},
      {"",
       R"("hostPID":true,"shareProcessNamespace":true,"securityContext":{"sysctls":[{"name":"a..b","value":""},{"name":"a.b","value":""},{"name":"a.b","value":""}]})",
       "spec.securityContext.sysctls[0].name Invalid; spec.securityContext.sysctls[2].name Duplicate; "
       "spec.shareProcessNamespace Invalid"},
      // scheduling
      {"",
       R"("tolerations":[{"operator":"Equal"},{"key":"a","operator":"Exists","value":"b"},{"key":"a","tolerationSeconds":1,"effect":"NoSchedule"},{"key":"a","operator":"Near"}])",
       "spec.tolerations[0].operator Invalid; spec.tolerations[1].operator Invalid; spec.tolerations[2].effect Invalid; "
       "spec.tolerations[3].operator NotSupported"},
      {"",
       R"("nodeSelector":{"a b":"c"},"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[]}},
          "podAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":101,"podAffinityTerm":{"topologyKey":""}}]}})",
       "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms Required; "
       "spec.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm.topologyKey Required; "
       "spec.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight Invalid; spec.nodeSelector "
       "Invalid"},
      {"",
       R"("topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"z","whenUnsatisfiable":"ScheduleAnyway","minDomains":1},{"maxSkew":1,"topologyKey":"z","whenUnsatisfiable":"ScheduleAnyway"}])",
       "spec.topologySpreadConstraints[0].minDomains Invalid; spec.topologySpreadConstraints[0].{topologyKey, "
       "whenUnsatisfiable} Duplicate"},
      // names and addresses
      {"", R"("dnsPolicy":"None")", "spec.dnsConfig Required"},
      {"", R"("dnsConfig":{"nameservers":["1.1.1.1","1.1.1.2","1.1.1.3","x"],"searches":["a_b.c","UP"],"options":[{}]})",
       "spec.dnsConfig.nameservers Invalid; spec.dnsConfig.nameservers[3] Invalid; spec.dnsConfig.options[0] Required; "
       "spec.dnsConfig.searches[1] Invalid"},
      {"", R"("hostAliases":[{"ip":"x","hostnames":["A"]}],"imagePullSecrets":[{}])",
       "spec.hostAliases[0].hostnames[0] Invalid; spec.hostAliases[0].ip Invalid; spec.imagePullSecrets[0].name Required"},
      {"", R"("nodeName":"n","schedulingGates":[{"name":"g"}],"activeDeadlineSeconds":0)",
       "spec.activeDeadlineSeconds Invalid; spec.nodeName Forbidden"},
      {"", R"("ephemeralContainers":[{"name":"e","image":"i","ports":[{}]}])",
       "spec.ephemeralContainers Forbidden; spec.ephemeralContainers[0].ports Forbidden"},
  };
  for (const PodCase& c : kCases) {
    const std::string text = pod(c.container, c.spec);
    CHECK_MESSAGE(create_errors("", "Pod", text) == c.want, text);
  }
}

TEST_CASE("messages name the value and the rule") {
  const Document document = parsed(pod(R"("resources":{"limits":{"cpu":"1"},"requests":{"cpu":"2"}})"));
  FieldErrors errors;
  strategy_of("", "Pod").validate(document.root(), errors);
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].text() ==
        R"(spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1)");
}

TEST_CASE("changes of a pod") {
  const std::string old = pod(
      "",
      R"("tolerations":[{"key":"a","operator":"Exists","effect":"NoExecute","tolerationSeconds":3}],"schedulingGates":[{"name":"g"}],"nodeSelector":{"a":"b"},"activeDeadlineSeconds":10)");
  const auto changed = [&](std::string_view from, std::string_view to) {
    std::string text = old;
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
  };
  const struct {
    std::string now;
    std::string_view want;
  } kCases[] = {
      {old, ""},
      {changed(R"("image":"i")", R"("image":"j")"), ""},
      {changed(R"("tolerationSeconds":3)", R"("tolerationSeconds":9)"), ""},
      {changed(R"("tolerations":[)", R"("tolerations":[{"key":"b","operator":"Exists"},)"), ""},
      {changed(R"("schedulingGates":[{"name":"g"}],)", ""), ""},
      {changed(R"("nodeSelector":{"a":"b"})", R"("nodeSelector":{"a":"b","c":"d"})"), ""},
      {changed(R"("activeDeadlineSeconds":10)", R"("activeDeadlineSeconds":5)"), ""},
      {changed(R"("activeDeadlineSeconds":10)", R"("activeDeadlineSeconds":20)"), "spec.activeDeadlineSeconds Invalid"},
      {changed(R"("key":"a")", R"("key":"z")"), "spec.tolerations Forbidden"},
      {changed(R"({"name":"g"})", R"({"name":"g"},{"name":"h"})"), "spec.schedulingGates[1].name Forbidden"},
      {changed(R"("nodeSelector":{"a":"b"})", R"("nodeSelector":{"a":"c"})"), "spec.nodeSelector Invalid"},
      {changed(R"("restartPolicy":"Always")", R"("restartPolicy":"Never")"), "spec Forbidden"},
      {changed(R"("imagePullPolicy":"Always")", R"("imagePullPolicy":"Never")"), "spec Forbidden"},
      {changed(R"("containers":[)", R"("containers":[{"name":"n","image":"i"},)"), "spec.containers Forbidden"},
  };
  for (const auto& c : kCases) CHECK_MESSAGE(update_errors("", "Pod", c.now, old) == c.want, c.now);
}

TEST_CASE("a pod without gates keeps its node selector") {
  CHECK(update_errors("", "Pod", pod("", R"("nodeSelector":{"a":"b","c":"d"})"), pod("", R"("nodeSelector":{"a":"b"})")) ==
        "spec Forbidden");
}

TEST_CASE("subresources of a pod change their part only") {
  const std::string plain =
      pod(R"("resources":{"limits":{"cpu":"1","memory":"1Gi"},"requests":{"cpu":"500m","memory":"1Gi"}})");
  const std::string debugged = pod("", R"("ephemeralContainers":[{"name":"e","image":"i"}])");
  const struct {
    std::string_view subresource;
    std::string now, old;
    std::string_view want;
  } kCases[] = {
      {"ephemeralcontainers", debugged, pod(""), ""},
      {"ephemeralcontainers", pod(""), debugged, "spec.ephemeralContainers Forbidden"},
      {"ephemeralcontainers", pod("", R"("ephemeralContainers":[{"name":"e","image":"j"}])"), debugged,
       "spec.ephemeralContainers Forbidden"},
      {"resize", pod(R"("resources":{"limits":{"cpu":"2","memory":"1Gi"},"requests":{"cpu":"500m","memory":"1Gi"}})"), plain,
       ""},
      {"resize", pod(R"("resources":{"limits":{"cpu":"1","memory":"1Gi"},"requests":{"cpu":"1","memory":"1Gi"}})"), plain,
       "spec Invalid"},
      {"resize", pod(R"("workingDir":"/x")"), pod(""), "spec Forbidden"},
      {"resize", pod(R"("resources":{"requests":{"cpu":"1","ephemeral-storage":"1Gi"}})"),
       pod(R"("resources":{"requests":{"cpu":"1"}})"), "spec Forbidden"},
  };
  for (const auto& c : kCases) {
    FieldErrors errors;
    strategy_of("", "Pod").validate_subresource(c.subresource, parsed(c.now).root(), parsed(c.old).root(), errors);
    CHECK_MESSAGE(brief(errors) == c.want, c.subresource, " ", c.now);
  }
}

}  // namespace plinth::api
