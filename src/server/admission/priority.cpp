// Priority: a pod's class becomes its priority, and only one class is the default.
#include "server/admission/plugins.h"
#include "server/admission/stored_objects.h"

namespace plinth::server {
namespace {

constexpr std::string_view kClasses = "/scheduling.k8s.io/priorityclasses//";

struct Priority {
  std::string class_name;
  std::int64_t value = 0;
  std::string preemption_policy;
};

Priority of_class(const Document& priority_class) {
  return {std::string(priority_class["metadata"]["name"].as_string()), priority_class["value"].as_int(),
          std::string(priority_class["preemptionPolicy"].as_string())};
}

// Of several defaults (which validation prevents, but for races) the lowest; null when there is none.
Result<Document> default_priority_class(const store::Snapshot& snapshot) {
  Document found;
  for (const Document& candidate : TRY(read_stored_under(snapshot, kClasses))) {
    if (!candidate["globalDefault"].as_bool()) continue;
    if (found.is_null() || found["value"].as_int() > candidate["value"].as_int()) found = candidate;
  }
  return found;
}

Result<Priority> establish(const AdmissionRequest& request, std::string_view class_name) {
  if (class_name.empty()) {
    const Document chosen = TRY(default_priority_class(*request.snapshot));
    return chosen.is_null() ? Priority{"", 0, "PreemptLowerPriority"} : of_class(chosen);
  }
  const Document named = TRY(read_stored(*request.snapshot, std::string(kClasses) + std::string(class_name)));
  if (named.is_null())
    return admission_forbidden(request, "no PriorityClass with name " + std::string(class_name) + " was found");
  return of_class(named);
}

Result<void> admit_new_pod(AdmissionRequest& request) {
  Draft& pod = *request.object;
  Value& spec = pod.member(pod.root(), "spec");
  const Priority priority = TRY(establish(request, spec["priorityClassName"].as_string()));
  const Value sent = spec["priority"];
  if (!sent.is_null() && sent.as_int() != priority.value) {
    return admission_forbidden(request, "the integer value of priority (" + std::to_string(sent.as_int()) +
                                            ") must not be provided in pod spec; priority admission controller computed " +
                                            std::to_string(priority.value) + " from the given PriorityClass name");
  }
  const Value policy = spec["preemptionPolicy"];
  if (!priority.preemption_policy.empty() && !policy.is_null() && policy.as_string() != priority.preemption_policy) {
    return admission_forbidden(request, "the string value of PreemptionPolicy (" + std::string(policy.as_string()) +
                                            ") must not be provided in pod spec; priority admission controller computed " +
                                            priority.preemption_policy + " from the given PriorityClass name");
  }
  if (!priority.class_name.empty()) pod.set(spec, "priorityClassName", priority.class_name);
  pod.set(spec, "priority", Value::of(priority.value));
  if (!priority.preemption_policy.empty()) pod.set(spec, "preemptionPolicy", priority.preemption_policy);
  return {};
}

// Clients that do not know the fields leave them out of an update.
void keep_priority(AdmissionRequest& request) {
  Draft& pod = *request.object;
  const Value old_spec = request.old_object["spec"];
  for (std::string_view field : {"priority", "preemptionPolicy"}) {
    if (old_spec[field].is_null() || !pod.root()["spec"][field].is_null()) continue;
    pod.set(pod.member(pod.root(), "spec"), field, pod.clone(old_spec[field]));
  }
}

class PriorityPlugin final : public AdmissionPlugin {
 public:
  std::string_view name() const override { return "Priority"; }

  Result<void> mutate(ServerContext&, AdmissionRequest& request) const override {
    if (!writes_core(request, "pods")) return {};
    if (request.operation == Operation::kCreate) return admit_new_pod(request);
    if (request.operation == Operation::kUpdate) keep_priority(request);
    return {};
  }

  Result<void> validate(ServerContext&, AdmissionRequest& request) const override {
    const bool concerns = request.object != nullptr && request.group() == "scheduling.k8s.io" &&
                          request.resource() == "priorityclasses" && request.subresource.empty();
    if (!concerns || !request.object->root()["globalDefault"].as_bool()) return {};
    const Document present = TRY(default_priority_class(*request.snapshot));
    if (present.is_null()) return {};
    const std::string name(present["metadata"]["name"].as_string());
    if (request.operation == Operation::kUpdate && name == request.name) return {};
    return admission_forbidden(request, "PriorityClass " + name + " is already marked as default. Only one default can exist");
  }
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_priority() { return std::make_unique<PriorityPlugin>(); }

}  // namespace plinth::server
