// ServiceAccount: every pod runs as an account of its namespace and finds that account's token in its file system.
#include "base/ids.h"
#include "base/json.h"
#include "server/admission/plugins.h"
#include "server/admission/secret_references.h"
#include "server/admission/stored_objects.h"

namespace plinth::server {
namespace {

constexpr std::string_view kDefaultAccount = "default";
constexpr std::string_view kVolumePrefix = "kube-api-access-";
constexpr std::string_view kMountPath = "/var/run/secrets/kubernetes.io/serviceaccount";
// 3607 s: what upstream asks for where tokens are extended for clients that do not read them again.
constexpr std::string_view kTokenVolume =
    R"({"defaultMode":420,"sources":[{"serviceAccountToken":{"expirationSeconds":3607,"path":"token"}},)"
    R"({"configMap":{"items":[{"key":"ca.crt","path":"ca.crt"}],"name":"kube-root-ca.crt"}},)"
    R"({"downwardAPI":{"items":[{"fieldRef":{"apiVersion":"v1","fieldPath":"metadata.namespace"},"path":"namespace"}]}}]})";

// A pod that a kubelet reports of its own manifests.
bool is_mirror(const Value& pod) { return pod["metadata"]["annotations"].find("kubernetes.io/config.mirror") != nullptr; }

// An account `default` is made by a controller as soon as it sees the namespace: the request waits for it.
Result<Document> find_account(AdmissionRequest& request, std::string_view name) {
  const std::string place = request.name_space + "/" + std::string(name);
  Document account = TRY(read_stored(*request.snapshot, "/core/serviceaccounts/" + place));
  if (!account.is_null()) return account;
  request.is_awaited = name == kDefaultAccount;
  return admission_forbidden(
      request, "error looking up service account " + place + ": serviceaccount \"" + std::string(name) + "\" not found");
}

bool wants_token(const Value& account, const Value& pod_spec) {
  for (const Value& said : {pod_spec["automountServiceAccountToken"], account["automountServiceAccountToken"]}) {
    if (said.is_bool()) return said.as_bool();
  }
  return true;
}

bool has_mount(const Value& container) {
  for (const Value& mount : container["volumeMounts"].items()) {
    if (mount["mountPath"].as_string() == kMountPath) return true;
  }
  return false;
}

// Returns whether any container needed the mount.
bool mount_in_containers(Draft& pod, Value& spec, const std::string& volume) {
  bool needed = false;
  for (std::string_view list : {"initContainers", "containers"}) {
    Value* containers = pod.mutable_find(spec, list);
    if (containers == nullptr) continue;
    for (Value& container : pod.mutable_items(*containers)) {
      if (has_mount(container)) continue;
      Value mount = pod.object();
      pod.set(mount, "name", volume);
      pod.set(mount, "readOnly", Value::of(true));
      pod.set(mount, "mountPath", kMountPath);
      pod.push(pod.member(container, "volumeMounts"), mount);
      needed = true;
    }
  }
  return needed;
}

Result<void> mount_token(Draft& pod, Value& spec, Entropy& entropy) {
  std::string name;
  for (const Value& volume : spec["volumes"].items()) {
    if (name.empty() && volume["name"].as_string().starts_with(kVolumePrefix)) name = volume["name"].as_string();
  }
  const bool present = !name.empty();
  if (!present) name = std::string(kVolumePrefix) + random_suffix(entropy);
  if (!mount_in_containers(pod, spec, name) || present) return {};
  Value volume = pod.object();
  pod.set(volume, "name", name);
  pod.set(volume, "projected", pod.clone(TRY(parse_json(kTokenVolume)).root()));
  pod.push(pod.member(spec, "volumes"), volume);
  return {};
}

Result<void> check_mirror(const AdmissionRequest& request, const Value& spec) {
  if (!spec["serviceAccountName"].as_string().empty())
    return admission_forbidden(request, "a mirror pod may not reference service accounts");
  if (refers_to_secrets(spec)) return admission_forbidden(request, "a mirror pod may not reference secrets");
  for (const Value& volume : spec["volumes"].items()) {
    for (const Value& source : volume["projected"]["sources"].items()) {
      if (source["serviceAccountToken"].is_null()) continue;
      return admission_forbidden(request, "a mirror pod may not use ServiceAccountToken volume projections");
    }
  }
  return {};
}

class ServiceAccount final : public AdmissionPlugin {
 public:
  std::string_view name() const override { return "ServiceAccount"; }

  Result<void> mutate(ServerContext& context, AdmissionRequest& request) const override {
    if (request.operation != Operation::kCreate || !writes_core(request, "pods") || is_mirror(request.object->root()))
      return {};
    Draft& pod = *request.object;
    Value& spec = pod.member(pod.root(), "spec");
    if (spec["serviceAccountName"].as_string().empty()) {
      pod.set(spec, "serviceAccountName", kDefaultAccount);
      pod.set(spec, "serviceAccount", kDefaultAccount);
    }
    const Document account = TRY(find_account(request, spec["serviceAccountName"].as_string()));
    if (wants_token(account.root(), spec)) TRY(mount_token(pod, spec, *context.entropy));
    if (spec["imagePullSecrets"].size() == 0 && account["imagePullSecrets"].size() > 0) {
      pod.set(spec, "imagePullSecrets", pod.clone(account["imagePullSecrets"]));
    }
    return {};
  }

  Result<void> validate(ServerContext&, AdmissionRequest& request) const override {
    if (request.object == nullptr || !request.group().empty() || request.resource() != "pods") return {};
    const bool ephemeral = request.operation == Operation::kUpdate && request.subresource == "ephemeralcontainers";
    const bool created = request.operation == Operation::kCreate && request.subresource.empty();
    if (!ephemeral && !created) return {};
    const Value& pod = request.object->root();
    const Value spec = pod["spec"];
    if (created && is_mirror(pod)) return check_mirror(request, spec);
    const std::string_view name = spec["serviceAccountName"].as_string();
    if (name.empty()) {
      return admission_forbidden(request, "no service account specified for pod " + request.name_space + "/" + request.name);
    }
    const Document account = TRY(find_account(request, name));
    if (!enforces_mountable_secrets(account.root())) return {};
    const std::string wrong = unmountable_secret(spec, account.root(), ephemeral);
    if (!wrong.empty()) return admission_forbidden(request, wrong);
    return {};
  }
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_service_account() { return std::make_unique<ServiceAccount>(); }

}  // namespace plinth::server
