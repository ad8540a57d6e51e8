#include <fstream>
#include <map>

#include <doctest/doctest.h>

#include "server/admission/plugins.h"
#include "server/admission/pod_security_checks.h"
#include "server/admission/test_admission.h"

using namespace plinth;
using namespace plinth::server;

namespace {

constexpr int kNewest = 34;

LevelVersion asked(PodSecurityLevel level, int minor) { return {level, PodSecurityVersion{minor}}; }

// The detail that holds at a minor version: that of the nearest one which is not above it.
std::string expected_at(const Value& details, int minor) {
  for (;; --minor) {
    if (const Value* detail = details.find(std::to_string(minor))) return std::string(detail->as_string());
  }
}

}  // namespace

TEST_CASE("the standards judge upstream's sample pods as upstream does, at every version") {
  std::ifstream file(PLINTH_SOURCE_DIR "/kinds/testdata/pod_security.jsonl");
  std::size_t pods = 0;
  for (std::string text; std::getline(file, text); ++pods) {
    const Document sample = std::move(parse_json(text)).value();
    const Value pod = sample["pod"];
    CAPTURE(to_json(pod));
    const std::pair<PodSecurityLevel, std::string_view> levels[] = {{PodSecurityLevel::kBaseline, "baseline"},
                                                                    {PodSecurityLevel::kRestricted, "restricted"}};
    for (const auto& [level, name] : levels) {
      for (int minor = 0; minor <= kNewest; ++minor) {
        CAPTURE(minor);
        CHECK(violations_in_detail(pod_security_violations(asked(level, minor), pod["metadata"], pod["spec"])) ==
              expected_at(sample[name], minor));
      }
      for (int latest : {PodSecurityVersion::kLatest, kNewest + 1}) {
        CHECK(violations_in_detail(pod_security_violations(asked(level, latest), pod["metadata"], pod["spec"])) ==
              expected_at(sample[name], kNewest));
      }
    }
    CHECK(pod_security_violations(asked(PodSecurityLevel::kPrivileged, kNewest), pod["metadata"], pod["spec"]).empty());
  }
  CHECK(pods > 200);
}

TEST_CASE("labels of a namespace become a policy") {
  const std::string p = "pod-security.kubernetes.io/";
  struct Row {
    std::string labels, enforce, audit, warn, errors;
  };
  const Row rows[] = {
      {"{}", "privileged:latest", "privileged:latest", "privileged:latest", ""},
      {"{\"" + p + R"(enforce":"restricted"})", "restricted:latest", "privileged:latest", "restricted:latest", ""},
      {"{\"" + p + R"(enforce":"baseline",")" + p + R"(enforce-version":"v1.24"})", "baseline:v1.24", "privileged:latest",
       "baseline:v1.24", ""},
      {"{\"" + p + R"(enforce":"baseline",")" + p + R"(warn-version":"v1.9"})", "baseline:latest", "privileged:latest",
       "baseline:v1.9", ""},
      {"{\"" + p + R"(enforce":"restricted",")" + p + R"(warn":"privileged",")" + p + R"(audit":"baseline"})",
       "restricted:latest", "baseline:latest", "privileged:latest", ""},
      {"{\"" + p + R"(enforce":"Strict"})", "restricted:latest", "privileged:latest", "privileged:latest",
       "metadata.labels[" + p + R"(enforce]: Invalid value: "Strict": must be one of privileged, baseline, restricted)"},
      {"{\"" + p + R"(warn":"x",")" + p + R"(audit-version":"v1.05"})", "privileged:latest", "privileged:latest",
       "privileged:latest",
       "metadata.labels[" + p + R"(audit-version]: Invalid value: "v1.05": must be "latest" or "v1.x" metadata.labels[)" + p +
           R"(warn]: Invalid value: "x": must be one of privileged, baseline, restricted)"},
      {"{\"" + p + R"(enforce-version":"v2.0"})", "privileged:latest", "privileged:latest", "privileged:latest",
       "metadata.labels[" + p + R"(enforce-version]: Invalid value: "v2.0": must be "latest" or "v1.x")"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.labels);
    const Document labels = std::move(parse_json(row.labels)).value();
    const PodSecurityPolicy policy = pod_security_policy(labels.root());
    CHECK(policy.enforce.text() == row.enforce);
    CHECK(policy.audit.text() == row.audit);
    CHECK(policy.warn.text() == row.warn);
    std::string errors;
    for (const api::FieldError& e : policy.errors) errors += (errors.empty() ? "" : " ") + e.text();
    CHECK(errors == row.errors);
  }
}

namespace {

struct Bench : AdmissionBench {
  explicit Bench(const std::string& labels) { snapshot->put("/core/namespaces//ns", name_space(labels)); }
  static std::string name_space(const std::string& labels) { return R"({"metadata":{"name":"ns","labels":{)" + labels + "}}}"; }
  std::string warned() const {
    std::string out;
    for (const std::string& w : request.warnings) out += (out.empty() ? "" : "\n") + w;
    return out;
  }
  std::unique_ptr<AdmissionPlugin> plugin = make_pod_security();
};

const std::string kBaseline = R"("pod-security.kubernetes.io/enforce":"baseline")";
const std::string kWarn = R"("pod-security.kubernetes.io/warn":"baseline")";
const std::string kHostPod = R"({"metadata":{"name":"p"},"spec":{"hostNetwork":true,"containers":[{"name":"c","image":"i"}]}})";
const std::string kRefused =
    R"(403 pods "p" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true))";
const std::string kWarned = R"(would violate PodSecurity "baseline:latest": host namespaces (hostNetwork=true))";

}  // namespace

TEST_CASE("pods are refused or warned about as their namespace asks") {
  Bench enforced(kBaseline), warning(kWarn), open("");
  CHECK(enforced.run(*enforced.plugin, "", "pods", kHostPod) == kRefused);
  CHECK(enforced.warned().empty());
  CHECK(warning.run(*warning.plugin, "", "pods", kHostPod) == "");
  CHECK(warning.warned() == kWarned);
  CHECK(open.run(*open.plugin, "", "pods", kHostPod) == "");
  CHECK(open.warned().empty());
}

TEST_CASE("an update of a pod counts when an image or a container is new") {
  const auto pod = [](const std::string& image, const std::string& more = "") {
    return R"({"metadata":{"name":"p"},"spec":{"hostNetwork":true,"containers":[{"name":"c","image":")" + image + "\"}]" +
           more + "}}";
  };
  const std::string ephemeral = R"(,"ephemeralContainers":[{"name":"e","image":"j"}])";
  struct Row {
    std::string now, subresource, outcome;
  };
  const Row rows[] = {
      {pod("i"), "", ""},           {pod("other"), "", kRefused},  {pod("i", ephemeral), "ephemeralcontainers", kRefused},
      {pod("other"), "status", ""}, {pod("other"), "binding", ""}, {pod("other"), "resize", kRefused},
  };
  Bench b(kBaseline);
  for (const Row& row : rows) {
    CAPTURE(row.now);
    CHECK(b.run(*b.plugin, "", "pods", row.now, pod("i"), row.subresource) == row.outcome);
  }
  CHECK(b.run(*b.plugin, "", "pods", pod("i", ephemeral), pod("i", ephemeral), "ephemeralcontainers") == "");
}

TEST_CASE("what makes pods is stored with a warning") {
  const std::string of_pod = R"({"metadata":{},"spec":{"hostNetwork":true,"containers":[{"name":"c","image":"i"}]}})";
  const std::string in_spec = R"({"metadata":{"name":"x"},"spec":{"template":)" + of_pod + "}}";
  struct Row {
    std::string_view group, plural;
    std::string object;
  };
  const Row rows[] = {
      {"", "replicationcontrollers", in_spec},
      {"", "podtemplates", R"({"metadata":{"name":"x"},"template":)" + of_pod + "}"},
      {"apps", "deployments", in_spec},
      {"apps", "replicasets", in_spec},
      {"apps", "statefulsets", in_spec},
      {"apps", "daemonsets", in_spec},
      {"batch", "jobs", in_spec},
      {"batch", "cronjobs", R"({"metadata":{"name":"x"},"spec":{"jobTemplate":{"spec":{"template":)" + of_pod + "}}}}"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.plural);
    Bench b(kBaseline);
    CHECK(b.run(*b.plugin, row.group, row.plural, row.object) == "");
    CHECK(b.warned() == kWarned);
    CHECK(b.run(*b.plugin, row.group, row.plural, row.object, row.object, "scale") == "");
    CHECK(b.warned().empty());
  }
  Bench b(kBaseline);
  CHECK(b.run(*b.plugin, "", "replicationcontrollers", R"({"metadata":{"name":"x"},"spec":{}})") == "");
  CHECK(b.warned().empty());
}

TEST_CASE("a stricter namespace tells of the pods that are there") {
  const std::string open = Bench::name_space(""), strict = Bench::name_space(kBaseline);
  const auto owned = [](const std::string& name, const std::string& more) {
    return R"({"spec":{)" + more + R"("containers":[{"name":"c","image":"i"}]},"metadata":{"name":")" + name + "\"}}";
  };
  Bench b("");
  for (const char* name : {"b", "a", "c"})
    b.snapshot->put(std::string("/core/pods/ns/") + name, owned(name, R"("hostNetwork":true,)"));
  b.snapshot->put("/core/pods/ns/d", owned("d", R"("hostPID":true,"hostIPC":true,)"));
  b.snapshot->put("/core/pods/ns/good", owned("good", ""));
  CHECK(b.run(*b.plugin, "", "namespaces", strict, open) == "");
  CHECK(b.warned() ==
        "existing pods in namespace \"ns\" violate the new PodSecurity enforce level \"baseline:latest\"\n"
        "a (and 3 other pods): host namespaces");
  // Nothing is said where nothing is stricter.
  CHECK(b.run(*b.plugin, "", "namespaces", strict, strict) == "");
  CHECK(b.warned().empty());
  CHECK(b.run(*b.plugin, "", "namespaces", open, strict) == "");
  CHECK(b.warned().empty());
}

TEST_CASE("labels that are not understood are refused when they are new") {
  const std::string bad = Bench::name_space(R"("pod-security.kubernetes.io/enforce":"x")");
  const std::string refusal =
      R"(422 Namespace "ns" is invalid: metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "x": )"
      "must be one of privileged, baseline, restricted";
  Bench b("");
  CHECK(b.run(*b.plugin, "", "namespaces", bad) == refusal);
  CHECK(b.run(*b.plugin, "", "namespaces", bad, Bench::name_space("")) == refusal);
  CHECK(b.run(*b.plugin, "", "namespaces", bad, bad) == "");
}
