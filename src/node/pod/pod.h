// A Pod object as the node reads it: the parts that decisions look at, taken out once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/value.h"
#include "base/world.h"
#include "client/object.h"

namespace plinth::node {

enum class Role : std::uint8_t { kInit, kSidecar, kMain, kEphemeral };
enum class RestartPolicy : std::uint8_t { kAlways, kOnFailure, kNever };

struct PodContainer {
  std::string name, image;
  Role role = Role::kMain;
  Value spec;        // in the pod's document
  std::string hash;  // of what makes a running container another one: its image
  bool has(std::string_view probe) const { return spec[probe].is_object(); }
};

struct Pod {
  client::Object object;
  Document document;  // keeps the values below alive
  std::string name, name_space, uid;
  std::vector<PodContainer> containers;  // init containers and sidecars in order, then the main ones, then the ephemeral ones
  RestartPolicy restart_policy = RestartPolicy::kAlways;
  bool host_network = false;
  bool deleting = false;
  bool gone = false;  // the object is not there any more; what is left of the pod is to end
  std::optional<std::int64_t> deletion_grace_s, active_deadline_s;
  std::int64_t grace_s = 30;
  std::string_view phase;  // as the API has it

  Value spec() const { return document["spec"]; }
  Value status() const { return document["status"]; }
  const PodContainer* find(std::string_view container) const;
  // Succeeded or Failed in the API: it never runs again, whatever the runtime has.
  bool ended_in_api() const { return phase == "Succeeded" || phase == "Failed"; }
  std::string full_name() const { return name + "_" + name_space + "(" + uid + ")"; }
};

Pod read_pod(const client::Object& object);

// "spec.containers{web}": how Events name a container.
std::string container_field_path(const PodContainer& container);

}  // namespace plinth::node
