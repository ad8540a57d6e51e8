#include "workloads/common/pod_state.h"

namespace plinth::workloads {

Value condition_of(const Value& object, std::string_view type) {
  for (const Value& condition : object["status"]["conditions"].items()) {
    if (condition["type"].as_string() == type) return condition;
  }
  return Value();
}

bool is_ready(const Value& pod) { return condition_of(pod, "Ready")["status"].as_string() == "True"; }

bool is_terminal(const Value& pod) {
  const std::string_view phase = pod["status"]["phase"].as_string();
  return phase == "Succeeded" || phase == "Failed";
}

bool takes_room(const Value& pod) { return !pod["spec"]["nodeName"].as_string().empty() && !is_terminal(pod); }

std::string claim_name(const client::Object& pod, const Value& volume) {
  if (volume["persistentVolumeClaim"].is_object()) return std::string(volume["persistentVolumeClaim"]["claimName"].as_string());
  return volume["ephemeral"].is_object() ? pod.name + "-" + std::string(volume["name"].as_string()) : std::string();
}

Value controlling_reference(const Value& object) {
  for (const Value& owner : object["metadata"]["ownerReferences"].items()) {
    if (owner["controller"].as_bool()) return owner;
  }
  return Value();
}

}  // namespace plinth::workloads
