// LimitRanger: containers that do not say what they need get the namespace's defaults, and nothing leaves its bounds.
#include <algorithm>
#include <map>

#include "base/text.h"
#include "server/admission/limit_range_check.h"
#include "server/admission/plugins.h"
#include "server/admission/stored_objects.h"

namespace plinth::server {
namespace {

constexpr std::string_view kAnnotation = "kubernetes.io/limit-ranger";

using Defaults = std::map<std::string_view, std::string_view>;  // views into the LimitRange

Defaults container_defaults(const Value& limit_range, std::string_view field) {
  Defaults out;
  for (const Value& item : limit_range["spec"]["limits"].items()) {
    if (item["type"].as_string() != "Container") continue;
    for (const Member& member : item[field].members()) out[member.key()] = member.value.as_string();
  }
  return out;
}

// Fills in what is missing of "requests" or "limits"; returns the names of what was.
std::vector<std::string_view> fill(Draft& pod, Value& container, std::string_view field, const Defaults& defaults) {
  std::vector<std::string_view> added;
  for (const auto& [resource, amount] : defaults) {
    if (container["resources"][field].find(resource) != nullptr) continue;
    pod.set(pod.member_path(container, {"resources", field}), resource, amount);
    added.push_back(resource);
  }
  return added;
}

void note(std::vector<std::string>& notes, const std::vector<std::string_view>& added, std::string_view what,
          std::string_view role, const Value& container) {
  if (added.empty()) return;
  notes.push_back(join(added, ", ") + " " + std::string(what) + " for " + std::string(role) + " " +
                  std::string(container["name"].as_string()));
}

void apply_defaults(Draft& pod, const Value& limit_range) {
  const Defaults requests = container_defaults(limit_range, "defaultRequest"),
                 limits = container_defaults(limit_range, "default");
  if (requests.empty() && limits.empty()) return;
  Value* spec = pod.mutable_find(pod.root(), "spec");
  if (spec == nullptr) return;
  std::vector<std::string> notes;
  for (const auto& [list, role] :
       {std::pair<std::string_view, std::string_view>{"containers", "container"}, {"initContainers", "init container"}}) {
    Value* containers = pod.mutable_find(*spec, list);
    if (containers == nullptr) continue;
    for (Value& container : pod.mutable_items(*containers)) {
      const auto set_limits = fill(pod, container, "limits", limits);
      const auto set_requests = fill(pod, container, "requests", requests);
      note(notes, set_requests, "request", role, container);
      note(notes, set_limits, "limit", role, container);
    }
  }
  if (notes.empty()) return;
  pod.set(pod.member_path(pod.root(), {"metadata", "annotations"}), kAnnotation,
          "LimitRanger plugin set: " + join(notes, "; "));
}

// As upstream's aggregate of errors: each sentence once.
std::string sentence(const std::vector<std::string>& violations) {
  std::vector<std::string> distinct;
  for (const std::string& v : violations) {
    if (std::find(distinct.begin(), distinct.end(), v) == distinct.end()) distinct.push_back(v);
  }
  return distinct.size() == 1 ? distinct.front() : "[" + join(distinct, ", ") + "]";
}

class LimitRanger final : public AdmissionPlugin {
 public:
  std::string_view name() const override { return "LimitRanger"; }

  Result<void> mutate(ServerContext&, AdmissionRequest& request) const override {
    if (!concerns_pod(request) || is_leaving(request)) return {};
    Draft& pod = *request.object;
    for (const Document& limit_range : TRY(limit_ranges(request))) apply_defaults(pod, limit_range.root());
    return {};
  }

  Result<void> validate(ServerContext&, AdmissionRequest& request) const override {
    const bool pod = concerns_pod(request);
    if ((!pod && !writes_core(request, "persistentvolumeclaims")) || is_leaving(request)) return {};
    const Value spec = request.object->root()["spec"];
    for (const Document& limit_range : TRY(limit_ranges(request))) {
      const auto violations = TRY(pod ? pod_violations(limit_range.root(), spec) : claim_violations(limit_range.root(), spec));
      if (!violations.empty()) return admission_forbidden(request, sentence(violations));
    }
    return {};
  }

 private:
  static bool concerns_pod(const AdmissionRequest& request) {
    if (request.object == nullptr || !request.group().empty() || request.resource() != "pods") return false;
    if (request.operation == Operation::kCreate) return request.subresource.empty();
    return request.operation == Operation::kUpdate && request.subresource == "resize";
  }
  static bool is_leaving(const AdmissionRequest& request) {
    return !request.old_object["metadata"]["deletionTimestamp"].is_null();
  }
  static Result<std::vector<Document>> limit_ranges(const AdmissionRequest& request) {
    return read_stored_under(*request.snapshot, "/core/limitranges/" + request.name_space + "/");
  }
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_limit_ranger() { return std::make_unique<LimitRanger>(); }

}  // namespace plinth::server
