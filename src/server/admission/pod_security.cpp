// PodSecurity: pods keep to the standards that their namespace's labels ask for; templates only warn.
#include <map>
#include <set>

#include "base/quoted.h"
#include "server/admission/plugins.h"
#include "server/admission/pod_security_checks.h"
#include "server/admission/stored_objects.h"
#include "server/object_codec.h"
#include "server/status.h"

namespace plinth::server {
namespace {

// Pods that a stricter namespace is checked against: reading more would hold the loop.
constexpr std::size_t kPodsToCheckMax = 1000;

constexpr std::string_view kIgnoredSubresources[] = {"exec", "attach",      "binding", "eviction",
                                                     "log",  "portforward", "proxy",   "status"};

// Kinds that make pods, and where their template is.
struct Template {
  std::string_view group, plural;
  std::initializer_list<std::string_view> path;
};
constexpr std::string_view kSpec = "spec", kTemplate = "template", kJobTemplate = "jobTemplate";
const Template* find_template(std::string_view group, std::string_view plural) {
  static const Template kTemplates[] = {
      {"", "podtemplates", {kTemplate}},
      {"", "replicationcontrollers", {kSpec, kTemplate}},
      {"apps", "replicasets", {kSpec, kTemplate}},
      {"apps", "deployments", {kSpec, kTemplate}},
      {"apps", "statefulsets", {kSpec, kTemplate}},
      {"apps", "daemonsets", {kSpec, kTemplate}},
      {"batch", "jobs", {kSpec, kTemplate}},
      {"batch", "cronjobs", {kSpec, kJobTemplate, kSpec, kTemplate}},
  };
  for (const Template& t : kTemplates) {
    if (t.group == group && t.plural == plural) return &t;
  }
  return nullptr;
}

Value container_named(const Value& list, std::string_view name) {
  for (const Value& c : list.items()) {
    if (c["name"].as_string() == name) return c;
  }
  return Value();
}

bool images_differ(const Value& now, const Value& old) {
  if (now.size() != old.size()) return true;
  for (std::size_t i = 0; i < now.size(); ++i) {
    if (now.items()[i]["image"].as_string() != old.items()[i]["image"].as_string()) return true;
  }
  return false;
}

// Of a pod little can change; what matters here are images, and containers that join it.
bool is_significant(const Value& now, const Value& old) {
  if (images_differ(now["containers"], old["containers"]) || images_differ(now["initContainers"], old["initContainers"]))
    return true;
  for (const Value& c : now["ephemeralContainers"].items()) {
    const Value before = container_named(old["ephemeralContainers"], c["name"].as_string());
    if (before.is_null() || before["image"].as_string() != c["image"].as_string()) return true;
  }
  return false;
}

// Pods that alone stand for others of the same owner come first.
std::vector<store::RecordPtr> pods_in_order(const store::Snapshot& snapshot, const std::string& name_space) {
  std::vector<store::RecordPtr> first, more;
  std::set<std::string, std::less<>> owners;
  const std::string prefix = "/core/pods/" + name_space + "/";
  snapshot.scan(prefix, prefix, [&](const store::RecordPtr& record) {
    bool is_new = true;
    for (std::string_view uid : record->owner_uids()) is_new = owners.emplace(uid).second;
    (is_new ? first : more).push_back(record);
    return true;
  });
  first.insert(first.end(), more.begin(), more.end());
  return first;
}

struct Offenders {
  std::string name;  // the first by name
  std::size_t count = 0;
};

std::string told(const std::string& reasons, const Offenders& offenders) {
  const std::size_t others = offenders.count - 1;
  if (others == 0) return offenders.name + ": " + reasons;
  return offenders.name + " (and " + std::to_string(others) + (others == 1 ? " other pod): " : " other pods): ") + reasons;
}

// What the pods that are there would violate.
Result<std::vector<std::string>> warnings_about_pods(const store::Snapshot& snapshot, const std::string& name_space,
                                                     const LevelVersion& enforce) {
  std::vector<std::string> warnings;
  std::vector<store::RecordPtr> pods = pods_in_order(snapshot, name_space);
  const std::size_t total = pods.size();
  if (total > kPodsToCheckMax) pods.resize(kPodsToCheckMax);
  std::map<std::string, Offenders> offenders;
  for (const store::RecordPtr& record : pods) {
    const Document pod = TRY(decode_record(*record, "", false));
    const auto violations = pod_security_violations(enforce, pod["metadata"], pod["spec"]);
    if (violations.empty()) continue;
    Offenders& those = offenders[violated_reasons(violations)];
    const std::string name(key_name(record->key()));
    if (those.count++ == 0 || name < those.name) those.name = name;
  }
  if (pods.size() < total) {
    warnings.push_back("new PodSecurity enforce level only checked against the first " + std::to_string(pods.size()) + " of " +
                       std::to_string(total) + " existing pods");
  }
  if (offenders.empty()) return warnings;
  warnings.push_back("existing pods in namespace " + quoted(name_space) + " violate the new PodSecurity enforce level " +
                     quoted(enforce.text()));
  std::set<std::string> lines;
  for (const auto& [reasons, those] : offenders) lines.insert(told(reasons, those));
  warnings.insert(warnings.end(), lines.begin(), lines.end());
  return warnings;
}

bool same_errors(const api::FieldErrors& a, const api::FieldErrors& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].text() != b[i].text()) return false;
  }
  return true;
}

class PodSecurity final : public AdmissionPlugin {
 public:
  std::string_view name() const override { return "PodSecurity"; }

  Result<void> validate(ServerContext&, AdmissionRequest& request) const override {
    if (request.object == nullptr || !request.kind.row->builtin) return {};
    if (request.kind.row->is_namespace) return request.subresource.empty() ? check_namespace(request) : Result<void>();
    if (request.group().empty() && request.resource() == "pods") return check_pod(request);
    const Template* at = find_template(request.group(), request.resource());
    return at != nullptr && request.subresource.empty() ? check_template(request, *at) : Result<void>();
  }

 private:
  static Result<PodSecurityPolicy> policy_of(const AdmissionRequest& request) {
    const Document found = TRY(read_stored(*request.snapshot, "/core/namespaces//" + request.name_space));
    if (found.is_null()) return internal_error("failed to lookup namespace " + quoted(request.name_space));
    return pod_security_policy(found["metadata"]["labels"]);
  }

  static Result<void> check_namespace(AdmissionRequest& request) {
    const PodSecurityPolicy now = pod_security_policy(request.object->root()["metadata"]["labels"]);
    const bool creates = request.operation == Operation::kCreate;
    const PodSecurityPolicy before =
        creates ? PodSecurityPolicy() : pod_security_policy(request.old_object["metadata"]["labels"]);
    if (!now.errors.empty() && (creates || !same_errors(now.errors, before.errors))) {
      return api::invalid(request.group(), request.kind.row->kind, request.name, now.errors);
    }
    const bool eased = now.enforce.version == before.enforce.version && now.enforce.level <= before.enforce.level;
    if (creates || eased || now.enforce.level == PodSecurityLevel::kPrivileged) return {};
    for (std::string& warning : TRY(warnings_about_pods(*request.snapshot, request.name, now.enforce))) {
      request.warnings.push_back(std::move(warning));
    }
    return {};
  }

  static Result<void> check_pod(AdmissionRequest& request) {
    for (std::string_view ignored : kIgnoredSubresources) {
      if (request.subresource == ignored) return {};
    }
    const PodSecurityPolicy policy = TRY(policy_of(request));
    const Value pod = request.object->root();
    if (request.operation == Operation::kUpdate && !is_significant(pod["spec"], request.old_object["spec"])) return {};
    const auto violations = pod_security_violations(policy.enforce, pod["metadata"], pod["spec"]);
    if (!violations.empty()) {
      return admission_forbidden(
          request, "violates PodSecurity " + quoted(policy.enforce.text()) + ": " + violations_in_detail(violations));
    }
    warn(request, policy.warn, pod["metadata"], pod["spec"]);
    return {};
  }

  static Result<void> check_template(AdmissionRequest& request, const Template& at) {
    Value value = request.object->root();
    for (std::string_view step : at.path) value = value[step];
    if (!value.is_object()) return {};
    // A namespace that is not there is somebody else's to refuse.
    const auto policy = policy_of(request);
    if (policy.ok()) warn(request, policy->warn, value["metadata"], value["spec"]);
    return {};
  }

  static void warn(AdmissionRequest& request, const LevelVersion& asked, const Value& metadata, const Value& spec) {
    const auto violations = pod_security_violations(asked, metadata, spec);
    if (violations.empty()) return;
    request.warnings.push_back("would violate PodSecurity " + quoted(asked.text()) + ": " + violations_in_detail(violations));
  }
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_pod_security() { return std::make_unique<PodSecurity>(); }

}  // namespace plinth::server
