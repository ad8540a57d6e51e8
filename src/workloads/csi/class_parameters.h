// The parameters of a StorageClass: those that mean something to who provisions (csi.storage.k8s.io/...), and those that are
// the driver's own.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "client/object.h"

namespace plinth::workloads {

struct SecretReference {
  std::string name, name_space;
  bool operator==(const SecretReference&) const = default;
};

// What secrets are for, as the parameters name it.
enum class SecretUse : std::uint8_t {
  kProvisioner,
  kControllerPublish,
  kNodeStage,
  kNodePublish,
  kControllerExpand,
  kNodeExpand
};
// "provisioner", "controller-publish", ...
std::string_view secret_use_name(SecretUse use);

struct ClassParameters {
  std::string fs_type;
  std::map<std::string, std::string> driver;  // without the prefix's keys
  std::map<SecretUse, SecretReference> secrets;
};

// Templates (${pv.name}, ${pvc.namespace}; in names also ${pvc.name}, ${pvc.annotations['k']}) are filled in. An error names
// the parameter: an unknown key of the prefix, half of a pair, a template that is none.
Result<ClassParameters> read_class_parameters(const Value& parameters, const std::string& volume_name,
                                              const client::Object& claim);

}  // namespace plinth::workloads
