#include "base/key_table.h"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include "base/short_text.h"
#include "base/value.h"

namespace plinth {
namespace {

constexpr std::size_t kSlotsFirst = 64;
constexpr std::size_t kSlotsMax = 128 * 1024;
constexpr std::size_t kProbesMax = 16;

// Field names that most objects of the API have. Order does not matter; a missing one costs a few bytes per document.
// clang-format off
constexpr std::string_view kCommonKeys[] = {
    "apiVersion", "kind", "metadata", "spec", "status", "name", "namespace", "uid", "resourceVersion", "generation",
    "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "labels", "annotations", "ownerReferences",
    "finalizers", "managedFields", "generateName", "selfLink", "manager", "operation", "time", "fieldsType", "fieldsV1",
    "subresource", "controller", "blockOwnerDeletion", "items", "continue", "remainingItemCount", "replicas", "selector",
    "matchLabels", "matchExpressions", "key", "operator", "values", "value", "template", "strategy", "type", "rollingUpdate",
    "maxSurge", "maxUnavailable", "revisionHistoryLimit", "progressDeadlineSeconds", "minReadySeconds", "paused", "containers",
    "initContainers", "ephemeralContainers", "image", "imagePullPolicy", "command", "args", "workingDir", "ports",
    "containerPort", "hostPort", "protocol", "env", "envFrom", "valueFrom", "fieldRef", "fieldPath", "resourceFieldRef",
    "configMapKeyRef", "secretKeyRef", "configMapRef", "secretRef", "optional", "resources", "limits", "requests", "cpu",
    "memory", "storage", "volumeMounts", "mountPath", "subPath", "readOnly", "volumes", "emptyDir", "configMap", "secret",
    "secretName", "defaultMode", "mode", "path", "projected", "sources", "serviceAccountToken", "expirationSeconds",
    "downwardAPI", "persistentVolumeClaim", "claimName", "hostPath", "livenessProbe", "readinessProbe", "startupProbe",
    "httpGet", "tcpSocket", "exec", "grpc", "port", "scheme", "host", "initialDelaySeconds", "timeoutSeconds", "periodSeconds",
    "successThreshold", "failureThreshold", "lifecycle", "preStop", "postStart", "terminationMessagePath",
    "terminationMessagePolicy", "securityContext", "runAsUser", "runAsGroup", "runAsNonRoot", "fsGroup", "capabilities", "add",
    "drop", "privileged", "allowPrivilegeEscalation", "readOnlyRootFilesystem", "seccompProfile", "restartPolicy",
    "terminationGracePeriodSeconds", "activeDeadlineSeconds", "dnsPolicy", "nodeSelector", "serviceAccountName",
    "serviceAccount", "automountServiceAccountToken", "nodeName", "hostNetwork", "hostPID", "hostIPC", "imagePullSecrets",
    "affinity", "nodeAffinity", "podAffinity", "podAntiAffinity", "requiredDuringSchedulingIgnoredDuringExecution",
    "preferredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms", "labelSelector", "topologyKey", "weight",
    "preference", "podAffinityTerm", "schedulerName", "tolerations", "effect", "tolerationSeconds", "priority",
    "priorityClassName", "preemptionPolicy", "enableServiceLinks", "topologySpreadConstraints", "maxSkew", "whenUnsatisfiable",
    "conditions", "lastTransitionTime", "lastUpdateTime", "lastHeartbeatTime", "lastProbeTime", "reason", "message",
    "observedGeneration", "availableReplicas", "readyReplicas", "updatedReplicas", "unavailableReplicas",
    "fullyLabeledReplicas", "currentReplicas", "collisionCount", "phase", "hostIP", "hostIPs", "podIP", "podIPs", "ip",
    "startTime", "containerStatuses", "initContainerStatuses", "state", "lastState", "ready", "restartCount", "imageID",
    "containerID", "started", "running", "startedAt", "waiting", "terminated", "exitCode", "finishedAt", "qosClass",
    "clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy", "externalTrafficPolicy",
    "sessionAffinity", "targetPort", "nodePort", "appProtocol", "externalName", "loadBalancer", "ingress", "subsets",
    "addresses", "endpoints", "addressType", "serving", "terminating", "targetRef", "zone", "data", "stringData", "binaryData",
    "immutable", "rules", "verbs", "apiGroups", "resourceNames", "nonResourceURLs", "roleRef", "apiGroup", "subjects", "group",
    "groups", "user", "username", "extra", "secrets", "parallelism", "completions", "backoffLimit", "ttlSecondsAfterFinished",
    "completionMode", "suspend", "schedule", "concurrencyPolicy", "jobTemplate", "successfulJobsHistoryLimit",
    "failedJobsHistoryLimit", "active", "succeeded", "failed", "startingDeadlineSeconds", "lastScheduleTime", "serviceName",
    "volumeClaimTemplates", "podManagementPolicy", "updateStrategy", "partition", "accessModes", "storageClassName",
    "volumeMode", "volumeName", "capacity", "claimRef", "persistentVolumeReclaimPolicy", "provisioner", "parameters",
    "reclaimPolicy", "volumeBindingMode", "allowVolumeExpansion", "ingressClassName", "tls", "hosts", "http", "paths",
    "pathType", "backend", "service", "number", "policyTypes", "podSelector", "namespaceSelector", "egress", "from", "to",
    "cidr", "except", "holderIdentity", "leaseDurationSeconds", "acquireTime", "renewTime", "leaseTransitions",
    "involvedObject", "regarding", "related", "note", "source", "component", "firstTimestamp", "lastTimestamp", "count",
    "eventTime", "series", "reportingComponent", "reportingController", "reportingInstance", "action", "names", "plural",
    "singular", "shortNames", "listKind", "categories", "scope", "versions", "served", "schema", "openAPIV3Schema",
    "properties", "additionalProperties", "required", "description", "format", "enum", "default", "pattern", "minimum",
    "maximum", "minLength", "maxLength", "minItems", "maxItems", "nullable", "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-int-or-string", "x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-validations", "rule",
    "subresources", "additionalPrinterColumns", "jsonPath", "conversion", "webhooks", "clientConfig", "caBundle", "url",
    "failurePolicy", "matchPolicy", "sideEffects", "admissionReviewVersions", "objectSelector", "operations", "apiVersions",
    "scaleTargetRef", "minReplicas", "maxReplicas", "metrics", "minAvailable", "hard", "used", "unschedulable", "taints",
    "podCIDR", "podCIDRs", "providerID", "allocatable", "nodeInfo", "images", "sizeBytes", "kubeletVersion", "code", "details",
    "causes", "field", "retryAfterSeconds", "object", "app", "tier", "environment", "version", "release",
    "app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/version", "app.kubernetes.io/component",
    "app.kubernetes.io/part-of", "app.kubernetes.io/managed-by", "helm.sh/chart", "pod-template-hash", "kubernetes.io/hostname",
    "kubernetes.io/metadata.name", "kubernetes.io/service-name", "deployment.kubernetes.io/revision",
    "kubectl.kubernetes.io/last-applied-configuration",
};
// clang-format on
constexpr std::size_t kCommonSlots = 1024;
static_assert(std::size(kCommonKeys) * 2 < kCommonSlots);

struct CommonSlot {
  std::uint16_t index = 0;  // + 1 into kCommonKeys; 0 is free
  std::uint16_t tag = 0;    // high bits of the hash, to pass by other keys without comparing
};

constexpr std::uint16_t tag_of(std::uint64_t hash) { return static_cast<std::uint16_t>(hash >> 48); }

constexpr auto make_common_table() {
  std::array<CommonSlot, kCommonSlots> table{};
  for (std::size_t i = 0; i < std::size(kCommonKeys); ++i) {
    std::uint64_t hash = key_hash(kCommonKeys[i]);
    std::size_t at = hash % kCommonSlots;
    while (table[at].index != 0) at = (at + 1) % kCommonSlots;
    table[at] = {static_cast<std::uint16_t>(i + 1), tag_of(hash)};
  }
  return table;
}
constexpr auto kCommonTable = make_common_table();

}  // namespace

std::string_view common_key(std::string_view key, std::uint64_t hash) {
  for (std::size_t at = hash % kCommonSlots; kCommonTable[at].index != 0; at = (at + 1) % kCommonSlots) {
    if (kCommonTable[at].tag != tag_of(hash)) continue;
    std::string_view candidate = kCommonKeys[kCommonTable[at].index - 1];
    if (same_text(candidate, key)) return candidate;
  }
  return {};
}

namespace {

struct Range {
  const char* first;
  const char* last;
};
// Whatever lies between the literals above is static text too.
const Range kCommonTexts = [] {
  const auto [first, last] =
      std::minmax_element(std::begin(kCommonKeys), std::end(kCommonKeys),
                          [](std::string_view a, std::string_view b) { return std::less<>()(a.data(), b.data()); });
  return Range{first->data(), last->data()};
}();

}  // namespace

bool is_common_key(std::string_view key) {
  return !std::less<>()(key.data(), kCommonTexts.first) && !std::less<>()(kCommonTexts.last, key.data());
}

std::string_view KeyTable::intern(std::string_view key, Arena& arena) {
  std::uint64_t hash = key_hash(key);
  if (std::string_view common = common_key(key, hash); common.data() != nullptr) return common;
  if (used_ * 2 >= slots_.size()) grow();
  for (std::size_t probe = 0; probe < kProbesMax; ++probe) {
    Slot& slot = slots_[(hash + probe) & (slots_.size() - 1)];
    if (slot.generation != generation_) {
      std::string_view copy = arena.copy(key);
      if (used_ * 2 >= slots_.size()) return copy;
      slot = {copy.data(), static_cast<std::uint32_t>(copy.size()), generation_, hash};
      ++used_;
      return copy;
    }
    if (slot.hash == hash && same_text({slot.data, slot.size}, key)) return {slot.data, slot.size};
  }
  return arena.copy(key);
}

void KeyTable::reset() {
  used_ = 0;
  if (++generation_ != 0) return;
  slots_.clear();
  generation_ = 1;
}

void KeyTable::grow() {
  if (slots_.size() >= kSlotsMax) return;
  std::vector<Slot> old(slots_.empty() ? kSlotsFirst : slots_.size() * 2, Slot{});
  std::swap(old, slots_);
  used_ = 0;
  for (const Slot& slot : old) {
    if (slot.generation != generation_) continue;
    for (std::size_t probe = 0; probe < kProbesMax; ++probe) {
      Slot& target = slots_[(slot.hash + probe) & (slots_.size() - 1)];
      if (target.generation == generation_) continue;
      target = slot;
      ++used_;
      break;
    }
  }
}

}  // namespace plinth
