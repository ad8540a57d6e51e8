// RuntimeClass: a pod costs what its runtime costs besides, and runs where there is one.
#include "api/quantity.h"
#include "base/quoted.h"
#include "server/admission/plugins.h"
#include "server/admission/stored_objects.h"
#include "server/admission/tolerations.h"

namespace plinth::server {
namespace {

constexpr std::string_view kMismatch = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";

// Null when the pod names none.
Result<Document> runtime_class_of(const AdmissionRequest& request) {
  const Value name = request.object->root()["spec"]["runtimeClassName"];
  if (!name.is_string()) return Document();
  Document found = TRY(read_stored(*request.snapshot, "/node.k8s.io/runtimeclasses//" + std::string(name.as_string())));
  if (found.is_null())
    return admission_forbidden(request, "pod rejected: RuntimeClass " + quoted(name.as_string()) + " not found");
  return found;
}

bool same_amount(const Value& a, const Value* b) {
  if (b == nullptr) return false;
  auto x = api::Quantity::parse(a.as_string()), y = api::Quantity::parse(b->as_string());
  return x.ok() && y.ok() && x->compare(*y) == 0;
}

bool same_amounts(const Value& a, const Value& b) {
  if (a.size() != b.size()) return false;
  for (const Member& m : a.members()) {
    if (!same_amount(m.value, b.find(m.key()))) return false;
  }
  return true;
}

Result<void> set_overhead(AdmissionRequest& request, const Value& overhead) {
  if (!overhead.is_object()) return {};
  Draft& pod = *request.object;
  Value& spec = pod.member(pod.root(), "spec");
  if (spec["overhead"].size() > 0 && !same_amounts(overhead["podFixed"], spec["overhead"]))
    return admission_forbidden(request, kMismatch);
  if (overhead["podFixed"].is_object())
    pod.set(spec, "overhead", pod.clone(overhead["podFixed"]));
  else
    pod.remove(spec, "overhead");
  return {};
}

Result<void> set_node_selector(AdmissionRequest& request, const Value& wanted) {
  Draft& pod = *request.object;
  for (const Member& m : wanted.members()) {
    const Value own = pod.root()["spec"]["nodeSelector"][m.key()];
    if (own.is_string() && own.as_string() != m.value.as_string()) {
      const std::string key(m.key());
      return admission_forbidden(request, "conflict: runtimeClass.scheduling.nodeSelector[" + key +
                                              "] = " + std::string(m.value.as_string()) + "; pod.spec.nodeSelector[" + key +
                                              "] = " + std::string(own.as_string()));
    }
    pod.set(pod.member_path(pod.root(), {"spec", "nodeSelector"}), m.key(), m.value.as_string());
  }
  return {};
}

void set_tolerations(Draft& pod, const Value& more) {
  Value merged = pod.array();
  for (const Value& toleration : merge_tolerations(pod.root()["spec"]["tolerations"], more))
    pod.push(merged, pod.clone(toleration));
  if (merged.size() > 0) pod.member_path(pod.root(), {"spec", "tolerations"}) = merged;
}

class RuntimeClass final : public AdmissionPlugin {
 public:
  std::string_view name() const override { return "RuntimeClass"; }

  Result<void> mutate(ServerContext&, AdmissionRequest& request) const override {
    if (!concerns(request)) return {};
    const Document runtime_class = TRY(runtime_class_of(request));
    TRY(set_overhead(request, runtime_class["overhead"]));
    const Value scheduling = runtime_class["scheduling"];
    if (!scheduling.is_object()) return {};
    TRY(set_node_selector(request, scheduling["nodeSelector"]));
    set_tolerations(*request.object, scheduling["tolerations"]);
    return {};
  }

  Result<void> validate(ServerContext&, AdmissionRequest& request) const override {
    if (!concerns(request)) return {};
    const Document runtime_class = TRY(runtime_class_of(request));
    const Value own = request.object->root()["spec"]["overhead"];
    const Value overhead = runtime_class["overhead"];
    if (overhead.is_object()) {
      if (!same_amounts(overhead["podFixed"], own)) return admission_forbidden(request, kMismatch);
    } else if (own.is_object()) {
      return admission_forbidden(request, "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead");
    }
    return {};
  }

 private:
  static bool concerns(const AdmissionRequest& request) {
    return request.operation == Operation::kCreate && writes_core(request, "pods");
  }
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_runtime_class() { return std::make_unique<RuntimeClass>(); }

}  // namespace plinth::server
