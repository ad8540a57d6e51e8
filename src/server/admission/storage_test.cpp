// Claims and volumes: who holds their deletion, and which claims grow.
#include <doctest/doctest.h>

#include "server/admission/plugins.h"
#include "server/admission/test_admission.h"

using namespace plinth;
using namespace plinth::server;

TEST_CASE("claims and volumes are created with the finalizer that protects them in use") {
  struct Row {
    const char* plural;
    const char* metadata;
    const char* left;
  };
  const Row rows[] = {
      {"persistentvolumeclaims", R"({"name":"c"})", R"({"name":"c","finalizers":["kubernetes.io/pvc-protection"]})"},
      {"persistentvolumeclaims", R"({"name":"c","finalizers":["a/b"]})",
       R"({"name":"c","finalizers":["a/b","kubernetes.io/pvc-protection"]})"},
      {"persistentvolumeclaims", R"({"name":"c","finalizers":["kubernetes.io/pvc-protection"]})",
       R"({"name":"c","finalizers":["kubernetes.io/pvc-protection"]})"},
      {"persistentvolumes", R"({"name":"v"})", R"({"name":"v","finalizers":["kubernetes.io/pv-protection"]})"},
      {"configmaps", R"({"name":"m"})", R"({"name":"m"})"},
  };
  const auto plugin = make_storage_in_use_protection();
  for (const Row& row : rows) {
    CAPTURE(row.metadata);
    AdmissionBench b;
    const std::string object = std::string(R"({"metadata":)") + row.metadata + "}";
    CHECK(b.run(*plugin, "", row.plural, object) == "");
    CHECK(b.left("metadata") == row.left);
    CHECK(b.run(*plugin, "", row.plural, object, object) == "");
    CHECK(b.left("metadata") == row.metadata);
  }
}

TEST_CASE("a claim grows when it is bound and its class allows that") {
  const auto plugin = make_claim_resize();
  AdmissionBench b;
  b.snapshot->put("/storage.k8s.io/storageclasses//grows", R"({"allowVolumeExpansion":true,"metadata":{"name":"grows"}})");
  b.snapshot->put("/storage.k8s.io/storageclasses//fixed", R"({"metadata":{"name":"fixed"}})");
  const auto claim = [](const std::string& cls, const std::string& size, const std::string& phase) {
    return R"({"metadata":{"name":"c"},"spec":{"storageClassName":")" + cls + R"(","resources":{"requests":{"storage":")" +
           size + R"("}}},"status":{"phase":")" + phase + "\"}}";
  };
  const std::string unbound =
      R"(403 persistentvolumeclaims "c" is forbidden: Only bound persistent volume claims can be expanded)";
  const std::string no_class =
      R"(403 persistentvolumeclaims "c" is forbidden: only dynamically provisioned pvc can be resized and the )"
      "storageclass that provisions the pvc must support resize";
  struct Row {
    std::string old, now, outcome;
  };
  const Row rows[] = {
      {claim("grows", "1Gi", "Bound"), claim("grows", "2Gi", "Bound"), ""},
      {claim("grows", "1Gi", "Pending"), claim("grows", "1024Mi", "Pending"), ""},
      {claim("grows", "2Gi", "Pending"), claim("grows", "1Gi", "Pending"), ""},
      {claim("grows", "1Gi", "Pending"), claim("grows", "2Gi", "Pending"), unbound},
      {claim("fixed", "1Gi", "Bound"), claim("fixed", "2Gi", "Bound"), no_class},
      {claim("absent", "1Gi", "Bound"), claim("absent", "2Gi", "Bound"), no_class},
      {claim("", "1Gi", "Bound"), claim("", "2Gi", "Bound"), no_class},
      {claim("fixed", "1Gi", "Bound"), claim("grows", "2Gi", "Bound"), no_class},
  };
  for (const Row& row : rows) {
    CAPTURE(row.now);
    CHECK(b.run(*plugin, "", "persistentvolumeclaims", row.now, row.old) == row.outcome);
  }
  CHECK(b.run(*plugin, "", "persistentvolumeclaims", claim("fixed", "2Gi", "Bound"), claim("fixed", "1Gi", "Bound"),
              "status") == "");
}
