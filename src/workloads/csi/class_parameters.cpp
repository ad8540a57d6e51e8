#include "workloads/csi/class_parameters.h"

#include <array>

#include "workloads/csi/parameter_text.h"

namespace plinth::workloads {
namespace {

constexpr std::string_view kPrefix = "csi.storage.k8s.io/";
constexpr std::array kUses = {SecretUse::kProvisioner, SecretUse::kControllerPublish, SecretUse::kNodeStage,
                              SecretUse::kNodePublish, SecretUse::kControllerExpand,  SecretUse::kNodeExpand};

Error invalid(const std::string& message) { return Error(Reason::kInvalid, message); }

// What stands between "${" and "}".
std::optional<std::string> variable(std::string_view name, bool in_name, const std::string& volume_name,
                                    const client::Object& claim) {
  if (name == "pv.name") return volume_name;
  if (name == "pvc.namespace") return claim.name_space;
  if (in_name && name == "pvc.name") return claim.name;
  constexpr std::string_view kAnnotation = "pvc.annotations['";
  if (in_name && name.starts_with(kAnnotation) && name.ends_with("']")) {
    const std::string_view key = name.substr(kAnnotation.size(), name.size() - kAnnotation.size() - 2);
    const Value* found = claim.metadata()["annotations"].find(key);
    if (found != nullptr) return std::string(found->as_string());
  }
  return std::nullopt;
}

bool is_known(std::string_view key) {
  if (key == "fstype" || key == "secret-name" || key == "secret-namespace") return true;
  for (const SecretUse use : kUses) {
    const std::string name(secret_use_name(use));
    if (key == name + "-secret-name" || key == name + "-secret-namespace") return true;
  }
  return false;
}

// The pair of parameters for one use, or the pair for all.
Result<std::optional<SecretReference>> secret_of(const Value& parameters, SecretUse use, const std::string& volume_name,
                                                 const client::Object& claim) {
  const std::string own = std::string(kPrefix) + std::string(secret_use_name(use)) + "-secret-";
  const std::string shared = std::string(kPrefix) + "secret-";
  const bool has_own = parameters.find(own + "name") != nullptr || parameters.find(own + "namespace") != nullptr;
  const std::string& keys = has_own ? own : shared;
  const Value *name = parameters.find(keys + "name"), *name_space = parameters.find(keys + "namespace");
  if (name == nullptr && name_space == nullptr) return std::optional<SecretReference>();
  if (name == nullptr || name_space == nullptr)
    return invalid("parameters: either name and namespace for " + keys + "* are given or none; only one is");
  const auto resolve = [&](const Value& text, bool in_name) {
    return resolve_parameter(text.as_string(), [&](std::string_view of) { return variable(of, in_name, volume_name, claim); });
  };
  auto resolved_name = resolve(*name, true);
  if (!resolved_name.ok()) return invalid("parameter " + keys + "name: " + resolved_name.error().message());
  auto resolved_space = resolve(*name_space, false);
  if (!resolved_space.ok()) return invalid("parameter " + keys + "namespace: " + resolved_space.error().message());
  return std::optional<SecretReference>(SecretReference{std::move(*resolved_name), std::move(*resolved_space)});
}

}  // namespace

std::string_view secret_use_name(SecretUse use) {
  switch (use) {
    case SecretUse::kProvisioner:
      return "provisioner";
    case SecretUse::kControllerPublish:
      return "controller-publish";
    case SecretUse::kNodeStage:
      return "node-stage";
    case SecretUse::kNodePublish:
      return "node-publish";
    case SecretUse::kControllerExpand:
      return "controller-expand";
    case SecretUse::kNodeExpand:
      return "node-expand";
  }
  return "";
}

Result<ClassParameters> read_class_parameters(const Value& parameters, const std::string& volume_name,
                                              const client::Object& claim) {
  ClassParameters out;
  for (const Member& m : parameters.members()) {
    const std::string_view key = m.key();
    if (!key.starts_with(kPrefix)) {
      out.driver[std::string(key)] = m.value.as_string();
      continue;
    }
    if (!is_known(key.substr(kPrefix.size()))) return invalid("parameter " + std::string(key) + ": no such key is known");
    if (key.substr(kPrefix.size()) == "fstype") out.fs_type = m.value.as_string();
  }
  for (const SecretUse use : kUses) {
    if (auto secret = TRY(secret_of(parameters, use, volume_name, claim))) out.secrets[use] = std::move(*secret);
  }
  return out;
}

}  // namespace plinth::workloads
