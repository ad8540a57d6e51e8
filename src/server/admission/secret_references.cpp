#include "server/admission/secret_references.h"

#include <set>

namespace plinth::server {
namespace {

struct ContainerList {
  std::string_view field, role;
};
constexpr ContainerList kStarting{"initContainers", "init container"};
constexpr ContainerList kRunning{"containers", "container"};
constexpr ContainerList kEphemeral{"ephemeralContainers", "ephemeral container"};

using Names = std::set<std::string_view>;

Names names_of(const Value& references) {
  Names out;
  for (const Value& reference : references.items()) out.insert(reference["name"].as_string());
  return out;
}

std::string not_referenced(std::string_view secret, const Value& account) {
  return " referencing secret.secretName=\"" + std::string(secret) + "\" is not allowed because service account " +
         std::string(account["metadata"]["name"].as_string()) + " does not reference that secret";
}

std::string unmountable_in(const Value& pod_spec, const ContainerList& list, const Names& mountable, const Value& account) {
  for (const Value& container : pod_spec[list.field].items()) {
    const std::string who = std::string(list.role) + " " + std::string(container["name"].as_string());
    for (const Value& variable : container["env"].items()) {
      const Value reference = variable["valueFrom"]["secretKeyRef"];
      const std::string_view secret = reference["name"].as_string();
      if (reference.is_null() || mountable.contains(secret)) continue;
      return who + " with envVar " + std::string(variable["name"].as_string()) + not_referenced(secret, account);
    }
    for (const Value& source : container["envFrom"].items()) {
      const Value reference = source["secretRef"];
      const std::string_view secret = reference["name"].as_string();
      if (!reference.is_null() && !mountable.contains(secret)) return who + " with envFrom" + not_referenced(secret, account);
    }
  }
  return "";
}

bool volume_refers_to_secret(const Value& volume) {
  if (!volume["secret"].is_null() || !volume["azureFile"]["secretName"].as_string().empty()) return true;
  for (const Value& source : volume["projected"]["sources"].items()) {
    if (!source["secret"].is_null()) return true;
  }
  // cephfs, cinder, csi, flexVolume, iscsi, rbd, scaleIO, storageos
  for (const Member& source : volume.members()) {
    if (!source.value["secretRef"].is_null() || !source.value["nodePublishSecretRef"].is_null()) return true;
  }
  return false;
}

}  // namespace

bool refers_to_secrets(const Value& pod_spec) {
  if (pod_spec["imagePullSecrets"].size() > 0) return true;
  const Names none;
  for (const ContainerList& list : {kStarting, kRunning, kEphemeral}) {
    if (!unmountable_in(pod_spec, list, none, Value()).empty()) return true;
  }
  for (const Value& volume : pod_spec["volumes"].items()) {
    if (volume_refers_to_secret(volume)) return true;
  }
  return false;
}

bool enforces_mountable_secrets(const Value& account) {
  const std::string_view text = account["metadata"]["annotations"]["kubernetes.io/enforce-mountable-secrets"].as_string();
  for (std::string_view yes : {"1", "t", "T", "TRUE", "true", "True"}) {
    if (text == yes) return true;
  }
  return false;
}

std::string unmountable_secret(const Value& pod_spec, const Value& account, bool ephemeral_only) {
  const Names mountable = names_of(account["secrets"]);
  if (ephemeral_only) return unmountable_in(pod_spec, kEphemeral, mountable, account);
  for (const Value& volume : pod_spec["volumes"].items()) {
    const std::string_view secret = volume["secret"]["secretName"].as_string();
    if (volume["secret"].is_null() || mountable.contains(secret)) continue;
    return "volume with secret.secretName=\"" + std::string(secret) + "\" is not allowed because service account " +
           std::string(account["metadata"]["name"].as_string()) + " does not reference that secret";
  }
  for (const ContainerList& list : {kStarting, kRunning}) {
    std::string wrong = unmountable_in(pod_spec, list, mountable, account);
    if (!wrong.empty()) return wrong;
  }
  const Names pulls = names_of(account["imagePullSecrets"]);
  const Value sent = pod_spec["imagePullSecrets"];
  for (std::size_t i = 0; i < sent.size(); ++i) {
    const std::string_view secret = sent.items()[i]["name"].as_string();
    if (pulls.contains(secret)) continue;
    return "imagePullSecrets[" + std::to_string(i) + "].name=\"" + std::string(secret) +
           "\" is not allowed because service account " + std::string(account["metadata"]["name"].as_string()) +
           " does not reference that imagePullSecret";
  }
  return "";
}

}  // namespace plinth::server
