#include <doctest/doctest.h>

#include "server/admission/plugins.h"
#include "server/admission/test_admission.h"

using namespace plinth;
using namespace plinth::server;

TEST_CASE("pods leave a bad node after five minutes unless they say otherwise") {
  const std::string not_ready =
      R"({"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute","tolerationSeconds":300})";
  const std::string unreachable =
      R"({"key":"node.kubernetes.io/unreachable","operator":"Exists","effect":"NoExecute","tolerationSeconds":300})";
  const std::string own = R"({"key":"node.kubernetes.io/not-ready","operator":"Exists","tolerationSeconds":5})";
  const std::string other_effect = R"({"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoSchedule"})";
  const std::string everything = R"({"operator":"Exists"})";
  const std::pair<std::string, std::string> rows[] = {
      {"", not_ready + "," + unreachable},
      {own, own + "," + unreachable},
      {other_effect, other_effect + "," + not_ready + "," + unreachable},
      {everything, everything},
  };
  const auto plugin = make_default_toleration_seconds();
  for (const auto& [sent, left] : rows) {
    const auto& shown = sent;
    CAPTURE(shown);
    AdmissionBench b;
    CHECK(b.run(*plugin, "", "pods", R"({"metadata":{"name":"p"},"spec":{"tolerations":[)" + sent + "]}}") == "");
    CHECK(b.left("spec") == "{\"tolerations\":[" + left + "]}");
  }
}

namespace {

void put_class(AdmissionBench& b, const std::string& prefix, const std::string& name, const std::string& annotation,
               const std::string& created) {
  b.snapshot->put(prefix + name, "{\"metadata\":{\"name\":\"" + name + "\",\"creationTimestamp\":\"" + created +
                                     "\",\"annotations\":{\"" + annotation + "\"}}}");
}

}  // namespace

TEST_CASE("a claim gets the newest default storage class") {
  const std::string prefix = "/storage.k8s.io/storageclasses//";
  const auto plugin = make_default_storage_class();
  AdmissionBench b;
  const std::string claim = R"({"metadata":{"name":"c"},"spec":{}})";
  put_class(b, prefix, "off", R"(storageclass.kubernetes.io/is-default-class":"false)", "2026-01-09T00:00:00Z");
  CHECK(b.run(*plugin, "", "persistentvolumeclaims", claim) == "");
  CHECK(b.left("spec") == "{}");
  put_class(b, prefix, "old", R"(storageclass.kubernetes.io/is-default-class":"true)", "2026-01-01T00:00:00Z");
  put_class(b, prefix, "twin", R"(storageclass.kubernetes.io/is-default-class":"true)", "2026-01-02T00:00:00Z");
  put_class(b, prefix, "new", R"(storageclass.beta.kubernetes.io/is-default-class":"true)", "2026-01-02T00:00:00Z");
  const std::pair<std::string, std::string> rows[] = {
      {claim, R"({"storageClassName":"new"})"},
      {R"({"metadata":{"name":"c"},"spec":{"storageClassName":""}})", R"({"storageClassName":""})"},
      {R"({"metadata":{"name":"c","annotations":{"volume.beta.kubernetes.io/storage-class":""}},"spec":{}})", "{}"},
  };
  for (const auto& [sent, left] : rows) {
    const auto& shown = sent;
    CAPTURE(shown);
    CHECK(b.run(*plugin, "", "persistentvolumeclaims", sent) == "");
    CHECK(b.left("spec") == left);
  }
  // An update may take the class away only where validation allows it; nothing is filled in.
  CHECK(b.run(*plugin, "", "persistentvolumeclaims", claim, claim) == "");
  CHECK(b.left("spec") == "{}");
}

TEST_CASE("an Ingress gets the default class") {
  AdmissionBench b;
  put_class(b, "/networking.k8s.io/ingressclasses//", "web", R"(ingressclass.kubernetes.io/is-default-class":"true)",
            "2026-01-01T00:00:00Z");
  const auto plugin = make_default_ingress_class();
  const std::pair<std::string, std::string> rows[] = {
      {R"({"metadata":{"name":"i"},"spec":{}})", R"({"ingressClassName":"web"})"},
      {R"({"metadata":{"name":"i"},"spec":{"ingressClassName":"x"}})", R"({"ingressClassName":"x"})"},
      {R"({"metadata":{"name":"i","annotations":{"kubernetes.io/ingress.class":"nginx"}},"spec":{}})", "{}"},
  };
  for (const auto& [sent, left] : rows) {
    const auto& shown = sent;
    CAPTURE(shown);
    CHECK(b.run(*plugin, "networking.k8s.io", "ingresses", sent) == "");
    CHECK(b.left("spec") == left);
  }
}
