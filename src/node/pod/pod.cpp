#include "node/pod/pod.h"

#include <fmt/format.h>

namespace plinth::node {
namespace {

std::string hash_of(std::string_view text) {
  std::uint32_t hash = 2166136261u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return fmt::format("{:x}", hash);
}

void add_containers(Pod& pod, std::string_view member, Role role) {
  for (const Value& spec : pod.spec()[member].items()) {
    PodContainer container;
    container.name = spec["name"].as_string();
    container.image = spec["image"].as_string();
    container.role = role;
    if (role == Role::kInit && spec["restartPolicy"].as_string() == "Always") container.role = Role::kSidecar;
    container.spec = spec;
    container.hash = hash_of(container.image);
    pod.containers.push_back(std::move(container));
  }
}

std::optional<std::int64_t> whole(const Value& value) { return value.is_int() ? std::optional(value.as_int()) : std::nullopt; }

}  // namespace

const PodContainer* Pod::find(std::string_view container) const {
  for (const PodContainer& c : containers) {
    if (c.name == container) return &c;
  }
  return nullptr;
}

Pod read_pod(const client::Object& object) {
  Pod pod;
  pod.object = object;
  pod.document = object.document;
  pod.name = object.name;
  pod.name_space = object.name_space;
  pod.uid = object.uid;
  add_containers(pod, "initContainers", Role::kInit);
  add_containers(pod, "containers", Role::kMain);
  add_containers(pod, "ephemeralContainers", Role::kEphemeral);
  const Value spec = pod.spec();
  const std::string_view policy = spec["restartPolicy"].as_string();
  pod.restart_policy = policy == "Never"       ? RestartPolicy::kNever
                       : policy == "OnFailure" ? RestartPolicy::kOnFailure
                                               : RestartPolicy::kAlways;
  pod.host_network = spec["hostNetwork"].as_bool();
  pod.deleting = object.deleting();
  pod.deletion_grace_s = whole(object.metadata()["deletionGracePeriodSeconds"]);
  pod.active_deadline_s = whole(spec["activeDeadlineSeconds"]);
  pod.grace_s = whole(spec["terminationGracePeriodSeconds"]).value_or(30);
  pod.phase = pod.status()["phase"].as_string();
  return pod;
}

std::string container_field_path(const PodContainer& container) {
  const char* member = container.role == Role::kMain        ? "containers"
                       : container.role == Role::kEphemeral ? "ephemeralContainers"
                                                            : "initContainers";
  return fmt::format("spec.{}{{{}}}", member, container.name);
}

}  // namespace plinth::node
