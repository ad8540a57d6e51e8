#include "api/printers/printer.h"

#include <doctest/doctest.h>

#include "api/printers/custom_printer.h"
#include "api/printers/human_duration.h"
#include "base/json.h"

namespace plinth::api {
namespace {

// All objects were created two minutes before.
const std::int64_t kNow = *parse_timestamp("2024-05-01T10:02:00Z");
constexpr std::string_view kMeta = R"("metadata":{"name":"x","creationTimestamp":"2024-05-01T10:00:00Z"})";

Document object(std::string_view members) {
  std::string text = "{";
  if (!members.starts_with("\"metadata\"")) text.append(kMeta).append(members.empty() ? "" : ",");
  auto parsed = parse_json(text.append(members).append("}"));
  REQUIRE_MESSAGE(parsed.ok(), members);
  return *parsed;
}

std::string cells_of(const Printer& printer, std::string_view members) {
  const Document document = object(members);
  std::string out;
  CellWriter cells(out);
  printer.row(document.root(), kNow, cells);
  CHECK_MESSAGE(cells.count() == printer.columns.size(), printer.kind);
  return out;
}

struct RowCase {
  std::string_view group, kind, members, want;
};

void check_rows(std::span<const RowCase> cases) {
  for (const RowCase& c : cases) {
    const Printer* printer = find_printer(c.group, c.kind);
    REQUIRE_MESSAGE(printer != nullptr, c.kind);
    CHECK_MESSAGE(cells_of(*printer, c.members) == c.want, c.kind);
  }
}

}  // namespace

TEST_CASE("rows of core kinds") {
  const RowCase kCases[] = {
      {"", "ConfigMap", R"("data":{"a":"1","b":"2"},"binaryData":{"c":""})", R"("x",3,"2m")"},
      {"", "Secret", R"("type":"Opaque","data":{"a":"MQ=="})", R"("x","Opaque",1,"2m")"},
      {"", "Namespace", R"("status":{"phase":"Active"})", R"("x","Active","2m")"},
      {"", "ServiceAccount", "", R"("x",0,"2m")"},
      {"", "PodTemplate",
       R"("template":{"metadata":{"labels":{"b":"2","a":"1"}},"spec":{"containers":[{"name":"c","image":"i"},{"name":"d","image":"j"}]}})",
       R"("x","c,d","i,j","a=1,b=2")"},
      {"", "ComponentStatus", R"("conditions":[{"type":"Healthy","status":"False","message":"m","error":"e"}])",
       R"("x","Unhealthy","m","e")"},
      {"", "ResourceQuota",
       R"("status":{"hard":{"pods":"10","limits.cpu":"4","cpu":"2"},"used":{"pods":"3","limits.cpu":"1"}})",
       R"("x","cpu: 0/2, pods: 3/10","limits.cpu: 1/4","2m")"},
      {"", "Node",
       R"("metadata":{"name":"n","creationTimestamp":"2024-05-01T10:00:00Z","labels":{"node-role.kubernetes.io/worker":"","node-role.kubernetes.io/control-plane":""}},
          "spec":{"unschedulable":true},"status":{"conditions":[{"type":"Ready","status":"True"}],
          "addresses":[{"type":"InternalIP","address":"10.0.0.1"}],
          "nodeInfo":{"kubeletVersion":"v1.33.0","kernelVersion":"6.1","architecture":"amd64","osImage":"Debian"}})",
       R"~("n","Ready,SchedulingDisabled","control-plane,worker","2m","v1.33.0","10.0.0.1","<none>","Debian","6.1 (amd64)","<unknown>")~"},
      {"", "Node", R"("status":{"conditions":[{"type":"Ready","status":"Unknown"}]})",
       R"("x","NotReady","<none>","2m","","<none>","<none>","<unknown>","<unknown>","<unknown>")"},
      {"", "Node", "", R"("x","Unknown","<none>","2m","","<none>","<none>","<unknown>","<unknown>","<unknown>")"},
  };
  check_rows(kCases);
}

TEST_CASE("rows of events") {
  const RowCase kCases[] = {
      {"", "Event",
       R"("type":"Normal","reason":"Pulled","message":" done \n","involvedObject":{"kind":"Pod","name":"p","fieldPath":"spec.containers{c}"},
          "source":{"component":"kubelet","host":"n1"},"firstTimestamp":"2024-05-01T10:00:00Z","lastTimestamp":"2024-05-01T10:01:30Z","count":4)",
       R"("30s","Normal","Pulled","pod/p","spec.containers{c}","kubelet, n1","done","2m",4,"x")"},
      {"", "Event",
       R"("type":"Warning","reason":"R","involvedObject":{"kind":"Node"},"eventTime":"2024-05-01T10:01:00.000000Z","reportingComponent":"c")",
       R"("60s","Warning","R","node","","c","","60s",1,"x")"},
      {"", "Event",
       R"("involvedObject":{"kind":"A","name":"b"},"eventTime":"2024-05-01T10:01:00Z","series":{"count":7,"lastObservedTime":"2024-05-01T10:01:55Z"})",
       R"("5s","","","a/b","","","","60s",7,"x")"},
      {"events.k8s.io", "Event",
       R"("type":"Normal","reason":"R","note":"hi","regarding":{"kind":"Pod","name":"p"},"deprecatedCount":2,
          "deprecatedLastTimestamp":"2024-05-01T10:01:50Z","reportingController":"rc","reportingInstance":"i")",
       R"("10s","Normal","R","pod/p","","rc, i","hi","<unknown>",2,"x")"},
  };
  check_rows(kCases);
}

TEST_CASE("rows of pods") {
  constexpr std::string_view kTwo = R"("spec":{"nodeName":"n","containers":[{"name":"a"},{"name":"b"}]},)";
  const struct {
    std::string_view name;
    std::string spec_and_status, want;
  } kCases[] = {
      {"running", std::string(kTwo) + R"("status":{"phase":"Running","podIPs":[{"ip":"10.1.0.5"}],"containerStatuses":[
          {"name":"a","ready":true,"state":{"running":{}},"restartCount":2,"lastState":{"terminated":{"finishedAt":"2024-05-01T10:01:00Z"}}},
          {"name":"b","ready":true,"state":{"running":{}},"restartCount":1}]})",
       R"~("x","2/2","Running","3 (60s ago)","2m","10.1.0.5","n","<none>","<none>")~"},
      {"waiting", std::string(kTwo) + R"("status":{"phase":"Pending","containerStatuses":[
          {"name":"a","state":{"waiting":{"reason":"ImagePullBackOff"}}},{"name":"b","ready":true,"state":{"running":{}}}]})",
       R"("x","1/2","ImagePullBackOff","0","2m","<none>","n","<none>","<none>")"},
      {"exit code", std::string(kTwo) + R"("status":{"phase":"Running","containerStatuses":[
          {"name":"a","state":{"terminated":{"exitCode":3}}},{"name":"b","state":{"terminated":{"reason":"Completed","exitCode":0}}}]})",
       R"("x","0/2","ExitCode:3","0","2m","<none>","n","<none>","<none>")"},
      {"completed beside running and ready",
       std::string(kTwo) +
           R"("status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}],"containerStatuses":[
          {"name":"a","state":{"terminated":{"reason":"Completed"}}},{"name":"b","ready":true,"state":{"running":{}}}]})",
       R"("x","1/2","Running","0","2m","<none>","n","<none>","<none>")"},
      {"completed beside running, not ready", std::string(kTwo) + R"("status":{"phase":"Running","containerStatuses":[
          {"name":"a","state":{"terminated":{"reason":"Completed"}}},{"name":"b","ready":true,"state":{"running":{}}}]})",
       R"("x","1/2","NotReady","0","2m","<none>","n","<none>","<none>")"},
      {"completed beside failed", std::string(kTwo) + R"("status":{"phase":"Failed","containerStatuses":[
          {"name":"a","state":{"terminated":{"reason":"Completed"}}},{"name":"b","state":{"terminated":{"reason":"Error","exitCode":1}}}]})",
       R"("x","0/2","Error","0","2m","<none>","n","<none>","<none>")"},
      {"init position", R"("spec":{"containers":[{"name":"a"}],"initContainers":[{"name":"i"},{"name":"j"}]},
          "status":{"phase":"Pending","initContainerStatuses":[{"name":"i","state":{"terminated":{"exitCode":0}}},
          {"name":"j","restartCount":1,"state":{"running":{}}}]})",
       R"("x","0/1","Init:1/2","1","2m","<none>","<none>","<none>","<none>")"},
      {"init signal", R"("spec":{"containers":[{"name":"a"}],"initContainers":[{"name":"i"}]},
          "status":{"phase":"Pending","initContainerStatuses":[{"name":"i","state":{"terminated":{"exitCode":137,"signal":9}}}]})",
       R"("x","0/1","Init:Signal:9","0","2m","<none>","<none>","<none>","<none>")"},
      {"init waiting", R"("spec":{"containers":[{"name":"a"}],"initContainers":[{"name":"i"}]},
          "status":{"phase":"Pending","initContainerStatuses":[{"name":"i","state":{"waiting":{"reason":"CrashLoopBackOff"}}}]})",
       R"("x","0/1","Init:CrashLoopBackOff","0","2m","<none>","<none>","<none>","<none>")"},
      {"sidecar counts", R"("spec":{"containers":[{"name":"a"}],"initContainers":[{"name":"s","restartPolicy":"Always"}]},
          "status":{"phase":"Running","initContainerStatuses":[{"name":"s","started":true,"ready":true,"restartCount":1,"state":{"running":{}}}],
          "containerStatuses":[{"name":"a","ready":true,"state":{"running":{}}}]})",
       R"("x","2/2","Running","1","2m","<none>","<none>","<none>","<none>")"},
      {"gated",
       R"("status":{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","reason":"SchedulingGated"}]})",
       R"("x","0/0","SchedulingGated","0","2m","<none>","<none>","<none>","<none>")"},
      {"reason", R"("status":{"phase":"Failed","reason":"Evicted"})",
       R"("x","0/0","Evicted","0","2m","<none>","<none>","<none>","<none>")"},
      {"terminating",
       R"("metadata":{"name":"x","creationTimestamp":"2024-05-01T10:00:00Z","deletionTimestamp":"2024-05-01T10:01:00Z"},"status":{"phase":"Running"})",
       R"("x","0/0","Terminating","0","2m","<none>","<none>","<none>","<none>")"},
      {"terminating but done",
       R"("metadata":{"name":"x","creationTimestamp":"2024-05-01T10:00:00Z","deletionTimestamp":"2024-05-01T10:01:00Z"},"status":{"phase":"Succeeded"})",
       R"("x","0/0","Succeeded","0","2m","<none>","<none>","<none>","<none>")"},
      {"node lost",
       R"("metadata":{"name":"x","creationTimestamp":"2024-05-01T10:00:00Z","deletionTimestamp":"2024-05-01T10:01:00Z"},"status":{"phase":"Running","reason":"NodeLost"})",
       R"("x","0/0","Unknown","0","2m","<none>","<none>","<none>","<none>")"},
      {"gates",
       R"("spec":{"readinessGates":[{"conditionType":"g"},{"conditionType":"h"}]},"status":{"phase":"Running","nominatedNodeName":"m","conditions":[{"type":"g","status":"True"}]})",
       R"("x","0/0","Running","0","2m","<none>","<none>","m","1/2")"},
  };
  for (const auto& c : kCases) CHECK_MESSAGE(cells_of(*find_printer("", "Pod"), c.spec_and_status) == c.want, c.name);
}

TEST_CASE("finished pods carry a row condition") {
  for (const auto& [phase, reason] :
       {std::pair("Succeeded", "Succeeded"), std::pair("Failed", "Failed"), std::pair("Running", "")}) {
    const Document pod = object(std::string(R"("status":{"phase":")") + phase + "\"}");
    std::string out;
    CellWriter cells(out);
    find_printer("", "Pod")->row(pod.root(), kNow, cells);
    if (std::string_view(reason).empty()) {
      CHECK(cells.conditions().empty());
      continue;
    }
    const auto conditions = parse_json(cells.conditions());
    REQUIRE(conditions.ok());
    CHECK(conditions->root().items()[0]["type"].as_string() == "Completed");
    CHECK(conditions->root().items()[0]["reason"].as_string() == reason);
  }
}

TEST_CASE("rows of workloads") {
#define POD_TEMPLATE R"("template":{"spec":{"containers":[{"name":"c","image":"i"}],"nodeSelector":{"disk":"ssd"}}})"
#define SELECTOR R"("selector":{"matchLabels":{"b":"2"},"matchExpressions":[{"key":"a","operator":"In","values":["y","x"]}]})"
  const RowCase kCases[] = {
      {"apps", "Deployment",
       R"("spec":{"replicas":3,)" SELECTOR "," POD_TEMPLATE R"(},"status":{"readyReplicas":2,"updatedReplicas":1})",
       R"("x","2/3",1,0,"2m","c","i","a in (x,y),b=2")"},
      {"apps", "ReplicaSet",
       R"("spec":{"replicas":3,"selector":{},)" POD_TEMPLATE R"(},"status":{"replicas":2,"readyReplicas":1})",
       R"("x",3,2,1,"2m","c","i","<none>")"},
      {"", "ReplicationController", R"("spec":{"replicas":1,"selector":{"a":"b"},)" POD_TEMPLATE R"(},"status":{"replicas":1})",
       R"("x",1,1,0,"2m","c","i","a=b")"},
      {"apps", "StatefulSet", R"("spec":{"replicas":2,)" POD_TEMPLATE R"(},"status":{"readyReplicas":2})",
       R"("x","2/2","2m","c","i")"},
      {"apps", "DaemonSet",
       R"("spec":{"selector":{"matchExpressions":[{"key":"a","operator":"DoesNotExist"}]},)" POD_TEMPLATE
       R"(},"status":{"desiredNumberScheduled":5,"currentNumberScheduled":4,"numberReady":3,"updatedNumberScheduled":2,"numberAvailable":1})",
       R"("x",5,4,3,2,1,"disk=ssd","2m","c","i","!a")"},
      {"batch", "Job",
       R"("spec":{"completions":5,)" SELECTOR "," POD_TEMPLATE
       R"(},"status":{"succeeded":2,"startTime":"2024-05-01T10:01:00Z"})",
       R"("x","Running","2/5","60s","2m","c","i","a in (x,y),b=2")"},
      {"batch", "Job",
       R"("spec":{"parallelism":3},"status":{"succeeded":1,"startTime":"2024-05-01T10:01:00Z","completionTime":"2024-05-01T10:01:07Z","conditions":[{"type":"Complete","status":"True"}]})",
       R"("x","Complete","1/1 of 3","7s","2m","","","<none>")"},
      {"batch", "Job", R"("spec":{"suspend":true},"status":{"conditions":[{"type":"Suspended","status":"True"}]})",
       R"("x","Suspended","0/1","","2m","","","<none>")"},
      {"batch", "CronJob",
       R"("spec":{"schedule":"*/5 * * * *","suspend":false,"jobTemplate":{"spec":{)" POD_TEMPLATE
       R"(}}},"status":{"active":[{}],"lastScheduleTime":"2024-05-01T10:00:00Z"})",
       R"("x","*/5 * * * *","<none>","False",1,"2m","2m","c","i","<none>")"},
      {"apps", "ControllerRevision",
       R"("metadata":{"name":"r","creationTimestamp":"2024-05-01T10:00:00Z","ownerReferences":[{"apiVersion":"apps/v1","kind":"StatefulSet","name":"web","controller":true}]},"revision":4)",
       R"("r","statefulset.apps/web",4,"2m")"},
      {"autoscaling", "Scale", R"("spec":{"replicas":3},"status":{"replicas":2})", R"("x",3,2,"2m")"},
  };
#undef POD_TEMPLATE
#undef SELECTOR
  check_rows(kCases);
}

TEST_CASE("rows of autoscalers") {
  const RowCase kCases[] = {
      {"autoscaling", "HorizontalPodAutoscaler",
       R"("spec":{"scaleTargetRef":{"kind":"Deployment","name":"web"},"minReplicas":1,"maxReplicas":9,"metrics":[
          {"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":50}}},
          {"type":"External","external":{"target":{"averageValue":"10"}}},
          {"type":"Pods","pods":{"target":{"averageValue":"1k"}}}]},
          "status":{"currentReplicas":2,"currentMetrics":[{"type":"Resource","resource":{"name":"cpu","current":{"averageUtilization":12}}}]})",
       R"("x","Deployment/web","cpu: 12%/50%, <unknown>/10 (avg) + 1 more...","1",9,2,"2m")"},
      {"autoscaling", "HorizontalPodAutoscaler", R"("spec":{"scaleTargetRef":{"kind":"D","name":"w"},"maxReplicas":2})",
       R"("x","D/w","<none>","<unset>",2,0,"2m")"},
      {"autoscaling", "HorizontalPodAutoscaler",
       R"("spec":{"scaleTargetRef":{"kind":"D","name":"w"},"maxReplicas":2,"targetCPUUtilizationPercentage":80})",
       R"("x","D/w","cpu: <unknown>/80%","<unset>",2,0,"2m")"},
  };
  check_rows(kCases);
}

TEST_CASE("rows of the network") {
  const RowCase kCases[] = {
      {"", "Service",
       R"("spec":{"type":"NodePort","clusterIP":"10.96.0.9","clusterIPs":["10.96.0.9"],"selector":{"a":"b"},
          "ports":[{"port":80,"nodePort":30080,"protocol":"TCP"},{"port":53,"protocol":"UDP"}]})",
       R"("x","NodePort","10.96.0.9","<none>","80:30080/TCP,53/UDP","2m","a=b")"},
      {"", "Service", R"("spec":{"type":"LoadBalancer","clusterIPs":["None"]})",
       R"("x","LoadBalancer","None","<pending>","<none>","2m","<none>")"},
      {"", "Service",
       R"("spec":{"type":"LoadBalancer","externalIPs":["9.9.9.9"]},"status":{"loadBalancer":{"ingress":[{"ip":"5.5.5.5"},{"hostname":"1.example.com"}]}})",
       R"("x","LoadBalancer","<none>","1.example.com,5.5.5.5,9.9.9.9","<none>","2m","<none>")"},
      {"", "Service", R"("spec":{"type":"ExternalName","externalName":"a.b"})",
       R"("x","ExternalName","<none>","a.b","<none>","2m","<none>")"},
      {"", "Endpoints", R"("subsets":[{"addresses":[{"ip":"10.0.0.1"},{"ip":"fd00::1"}],"ports":[{"port":80},{"port":81}]}])",
       R"("x","10.0.0.1:80,[fd00::1]:80,10.0.0.1:81 + 1 more...","2m")"},
      {"", "Endpoints", "", R"("x","<none>","2m")"},
      {"discovery.k8s.io", "EndpointSlice",
       R"("addressType":"IPv4","ports":[{"port":80},{"name":"n"},{}],"endpoints":[{"addresses":["1.1.1.1","1.1.1.2"]},{"addresses":["1.1.1.3"]},{"addresses":["1.1.1.4"]}])",
       R"("x","IPv4","80,n,*","1.1.1.1,1.1.1.2,1.1.1.3 + 1 more...","2m")"},
      {"discovery.k8s.io", "EndpointSlice", R"("addressType":"IPv4")", R"("x","IPv4","<unset>","<unset>","2m")"},
      {"networking.k8s.io", "Ingress",
       R"("spec":{"ingressClassName":"nginx","tls":[{}],"rules":[{"host":"a"},{"host":"b"},{"host":"c"},{"host":"d"}]},"status":{"loadBalancer":{"ingress":[{"ip":"5.5.5.5"}]}})",
       R"("x","nginx","a,b,c + 1 more...","5.5.5.5","80, 443","2m")"},
      {"networking.k8s.io", "Ingress", R"("spec":{"rules":[{}]})", R"("x","<none>","*","","80","2m")"},
      {"networking.k8s.io", "IngressClass",
       R"("metadata":{"name":"n","creationTimestamp":"2024-05-01T10:00:00Z","annotations":{"ingressclass.kubernetes.io/is-default-class":"true"}},
          "spec":{"controller":"c","parameters":{"apiGroup":"g","kind":"K","name":"p"}})",
       R"~("n (default)","c","K.g/p","2m")~"},
      {"networking.k8s.io", "NetworkPolicy", R"("spec":{"podSelector":{}})", R"("x","<none>","2m")"},
      {"networking.k8s.io", "ServiceCIDR", R"("spec":{"cidrs":["10.0.0.0/8","fd00::/64"]})",
       R"("x","10.0.0.0/8,fd00::/64","2m")"},
      {"networking.k8s.io", "IPAddress", R"("spec":{"parentRef":{"resource":"services","namespace":"d","name":"s"}})",
       R"("x","services/d/s")"},
  };
  check_rows(kCases);
}

TEST_CASE("rows of storage") {
  const RowCase kCases[] = {
      {"", "PersistentVolume",
       R"("spec":{"capacity":{"storage":"1Gi"},"accessModes":["ReadWriteMany","ReadWriteOnce"],"persistentVolumeReclaimPolicy":"Retain",
          "claimRef":{"namespace":"d","name":"c"},"storageClassName":"fast","volumeMode":"Filesystem"},"status":{"phase":"Bound"})",
       R"("x","1Gi","RWO,RWX","Retain","Bound","d/c","fast","<unset>","","2m","Filesystem")"},
      {"", "PersistentVolumeClaim",
       R"("spec":{"volumeName":"pv","storageClassName":"fast"},"status":{"phase":"Bound","accessModes":["ReadWriteOncePod"],"capacity":{"storage":"2Gi"}})",
       R"("x","Bound","pv","2Gi","RWOP","fast","<unset>","2m","<unset>")"},
      {"", "PersistentVolumeClaim",
       R"("metadata":{"name":"c","creationTimestamp":"2024-05-01T10:00:00Z","deletionTimestamp":"2024-05-01T10:01:00Z"},"status":{"phase":"Pending"})",
       R"("c","Terminating","","","","","<unset>","2m","<unset>")"},
      {"storage.k8s.io", "StorageClass",
       R"("metadata":{"name":"s","creationTimestamp":"2024-05-01T10:00:00Z","annotations":{"storageclass.kubernetes.io/is-default-class":"true"}},"provisioner":"p","reclaimPolicy":"Retain")",
       R"~("s (default)","p","Retain","Immediate",false,"2m")~"},
      {"storage.k8s.io", "VolumeAttributesClass", R"("driverName":"d")", R"("x","d","2m")"},
      {"storage.k8s.io", "VolumeAttachment",
       R"("spec":{"attacher":"a","nodeName":"n","source":{"persistentVolumeName":"pv"}},"status":{"attached":true})",
       R"("x","a","pv","n",true,"2m")"},
      {"storage.k8s.io", "CSINode", R"("spec":{"drivers":[{},{}]})", R"("x",2,"2m")"},
      {"storage.k8s.io", "CSIDriver",
       R"("spec":{"attachRequired":false,"tokenRequests":[{"audience":"a"},{"audience":"b"}],"volumeLifecycleModes":["Persistent"]})",
       R"("x",false,false,false,"a,b",false,"Persistent","2m")"},
      {"storage.k8s.io", "CSIStorageCapacity", R"("storageClassName":"s")", R"("x","s","<unset>")"},
  };
  check_rows(kCases);
}

TEST_CASE("rows of access, policy and admission") {
  const RowCase kCases[] = {
      {"rbac.authorization.k8s.io", "RoleBinding",
       R"("roleRef":{"kind":"Role","name":"r"},"subjects":[{"kind":"User","name":"u"},{"kind":"User","name":"v"},{"kind":"ServiceAccount","namespace":"n","name":"s"}])",
       R"("x","Role/r","2m","u, v","","n/s")"},
      {"policy", "PodDisruptionBudget", R"("spec":{"maxUnavailable":"20%"},"status":{"disruptionsAllowed":1})",
       R"("x","N/A","20%",1,"2m")"},
      {"policy", "PodDisruptionBudget", R"("spec":{"minAvailable":2})", R"("x","2","N/A",0,"2m")"},
      {"coordination.k8s.io", "Lease", R"("spec":{"holderIdentity":"h"})", R"("x","h","2m")"},
      {"scheduling.k8s.io", "PriorityClass", R"("value":100,"preemptionPolicy":"Never")", R"("x",100,false,"2m","Never")"},
      {"node.k8s.io", "RuntimeClass", R"("handler":"runsc")", R"("x","runsc","2m")"},
      {"flowcontrol.apiserver.k8s.io", "FlowSchema",
       R"("spec":{"priorityLevelConfiguration":{"name":"p"},"matchingPrecedence":9})", R"("x","p",9,"<none>","2m","?")"},
      {"flowcontrol.apiserver.k8s.io", "FlowSchema",
       R"("spec":{"priorityLevelConfiguration":{"name":"p"},"matchingPrecedence":9,"distinguisherMethod":{"type":"ByUser"}},"status":{"conditions":[{"type":"Dangling","status":"False"}]})",
       R"("x","p",9,"ByUser","2m","False")"},
      {"flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration", R"("spec":{"type":"Exempt"})",
       R"("x","Exempt","<none>","<none>","<none>","<none>","2m")"},
      {"flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration",
       R"("spec":{"type":"Limited","limited":{"nominalConcurrencyShares":5,"limitResponse":{"type":"Queue","queuing":{"queues":8,"handSize":2,"queueLengthLimit":50}}}})",
       R"("x","Limited",5,8,2,50,"2m")"},
      {"certificates.k8s.io", "CertificateSigningRequest",
       R"("spec":{"signerName":"s","username":"u","expirationSeconds":86400},"status":{"certificate":"Zg==","conditions":[{"type":"Approved"}]})",
       R"("x","2m","s","u","24h","Approved,Issued")"},
      {"admissionregistration.k8s.io", "MutatingWebhookConfiguration", R"("webhooks":[{},{}])", R"("x",2,"2m")"},
      {"admissionregistration.k8s.io", "ValidatingAdmissionPolicy",
       R"("spec":{"validations":[{}],"paramKind":{"apiVersion":"v1","kind":"ConfigMap"}})", R"("x",1,"v1/ConfigMap","2m")"},
      {"admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding",
       R"("spec":{"policyName":"p","paramRef":{"name":"n"}})", R"("x","p","*/n","2m")"},
      {"apiregistration.k8s.io", "APIService",
       R"("spec":{"service":{"namespace":"n","name":"s"}},"status":{"conditions":[{"type":"Available","status":"False","reason":"R"}]})",
       R"~("x","n/s","False (R)","2m")~"},
      {"apiregistration.k8s.io", "APIService", "", R"("x","Local","Unknown","2m")"},
  };
  check_rows(kCases);
}

TEST_CASE("kinds without a printer show name and creation time") {
  CHECK(find_printer("rbac.authorization.k8s.io", "Role") == nullptr);
  CHECK(find_printer("apps", "Pod") == nullptr);
  CHECK(cells_of(generic_printer(), "") == R"("x","2024-05-01T10:00:00Z")");
  CHECK(generic_printer().columns[1].type == "date");
}

TEST_CASE("every table starts or ends with a name column") {
  for (const char* kind : {"Pod", "Service", "Node", "Secret"}) {
    CHECK(find_printer("", kind)->columns[0].format == "name");
  }
  const auto events = find_printer("", "Event")->columns;
  CHECK(events.back().format == "name");
  CHECK(events.back().priority == 1);
}

TEST_CASE("custom columns") {
  const Document thing = object(R"("spec":{"n":3,"f":1.5,"s":"t","b":true,"o":{"k":[1]},"d":"2024-05-01T10:01:00Z"})");
  const ColumnGetter get = [](const void*, const Value& root, std::string_view path) -> const Value* {
    const Value* spec = root.find("spec");
    return path == ".metadata.creationTimestamp" ? root.find_path({"metadata", "creationTimestamp"}) : spec->find(path);
  };
  const Column kColumns[] = {
      {"N", "integer", "", "", 0, "n"}, {"F", "number", "", "", 0, "f"},  {"I", "integer", "", "", 0, "f"},
      {"S", "string", "", "", 0, "s"},  {"B", "boolean", "", "", 0, "b"}, {"O", "string", "", "", 0, "o"},
      {"D", "date", "", "", 0, "d"},    {"X", "date", "", "", 0, "s"},    {"M", "string", "", "", 0, "missing"},
      {"W", "integer", "", "", 0, "s"},
  };
  const std::vector<Column> columns = custom_columns(kColumns);
  std::string out;
  CellWriter cells(out);
  print_custom(thing.root(), columns, kNow, get, nullptr, cells);
  CHECK(out == R"("x",3,1.5,1,"t",true,"{\"k\":[1]}","60s","<invalid>",null,null)");

  const std::vector<Column> none = custom_columns({});
  REQUIRE(none.size() == 2);
  std::string age_out;
  CellWriter age_cells(age_out);
  print_custom(thing.root(), none, kNow, get, nullptr, age_cells);
  CHECK(age_out == R"("x","2m")");
}

}  // namespace plinth::api
