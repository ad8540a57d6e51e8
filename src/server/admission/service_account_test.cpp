#include <doctest/doctest.h>

#include "server/admission/plugins.h"
#include "server/admission/test_admission.h"

using namespace plinth;
using namespace plinth::server;

namespace {

std::string pod(const std::string& spec, const std::string& annotations = "") {
  return R"({"metadata":{"name":"p","annotations":{)" + annotations + "}},\"spec\":{" + spec + "}}";
}

void put_account(AdmissionBench& b, const std::string& name, const std::string& fields = "",
                 const std::string& annotations = "") {
  b.snapshot->put("/core/serviceaccounts/ns/" + name, "{" + fields + (fields.empty() ? "" : ",") + "\"metadata\":{\"name\":\"" +
                                                          name + "\",\"annotations\":{" + annotations + "}}}");
}

const std::string kNo = R"(403 pods "p" is forbidden: )";
const std::string kAt = R"("mountPath":"/var/run/secrets/kubernetes.io/serviceaccount")";

}  // namespace

TEST_CASE("a pod finds its account's token") {
  AdmissionBench b;
  put_account(b, "default", R"("imagePullSecrets":[{"name":"pull"}])");
  CHECK(b.run(*make_service_account(), "", "pods",
              pod(R"("containers":[{"name":"a"},{"name":"b","volumeMounts":[{"name":"own",)" + kAt +
                  R"(}]}],"initContainers":[{"name":"i"}])")) == "");
  const Value spec = b.draft.root()["spec"];
  const std::string volume(spec["volumes"].items()[0]["name"].as_string());
  CHECK(volume.size() == std::string("kube-api-access-xxxxx").size());
  CHECK(volume.starts_with("kube-api-access-"));
  const std::string mount = "[{\"name\":\"" + volume + "\",\"readOnly\":true," + kAt + "}]";
  CHECK(to_json(spec["containers"].items()[0]["volumeMounts"]) == mount);
  CHECK(to_json(spec["containers"].items()[1]["volumeMounts"]) == R"([{"name":"own",)" + kAt + "}]");
  CHECK(to_json(spec["initContainers"].items()[0]["volumeMounts"]) == mount);
  CHECK(
      to_json(spec["volumes"].items()[0]["projected"]) ==
      R"({"defaultMode":420,"sources":[{"serviceAccountToken":{"expirationSeconds":3607,"path":"token"}},{"configMap":{"items":[{"key":"ca.crt","path":"ca.crt"}],"name":"kube-root-ca.crt"}},{"downwardAPI":{"items":[{"fieldRef":{"apiVersion":"v1","fieldPath":"metadata.namespace"},"path":"namespace"}]}}]})");
  CHECK(spec["serviceAccountName"].as_string() == "default");
  CHECK(spec["serviceAccount"].as_string() == "default");
  CHECK(to_json(spec["imagePullSecrets"]) == R"([{"name":"pull"}])");
}

TEST_CASE("who wants no token gets none") {
  struct Row {
    std::string account, spec;
    bool mounted;
  };
  const Row rows[] = {
      {"", "", true},
      {R"("automountServiceAccountToken":false)", "", false},
      {R"("automountServiceAccountToken":false)", R"("automountServiceAccountToken":true,)", true},
      {"", R"("automountServiceAccountToken":false,)", false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.account);
    CAPTURE(row.spec);
    AdmissionBench b;
    put_account(b, "app", row.account);
    CHECK(b.run(*make_service_account(), "", "pods",
                pod(row.spec + R"("serviceAccountName":"app","containers":[{"name":"a"}])")) == "");
    CHECK(b.draft.root()["spec"]["volumes"].size() == (row.mounted ? 1 : 0));
    CHECK(b.draft.root()["spec"]["containers"].items()[0]["volumeMounts"].size() == (row.mounted ? 1 : 0));
  }
}

TEST_CASE("a token volume that is there is used, and one that nobody needs is not made") {
  AdmissionBench b;
  put_account(b, "default");
  const auto plugin = make_service_account();
  CHECK(
      b.run(
          *plugin, "", "pods",
          pod(R"("volumes":[{"name":"kube-api-access-mine"}],"containers":[{"name":"a"}],"imagePullSecrets":[{"name":"x"}])")) ==
      "");
  CHECK(to_json(b.draft.root()["spec"]["volumes"]) == R"([{"name":"kube-api-access-mine"}])");
  CHECK(b.draft.root()["spec"]["containers"].items()[0]["volumeMounts"].items()[0]["name"].as_string() ==
        "kube-api-access-mine");
  CHECK(to_json(b.draft.root()["spec"]["imagePullSecrets"]) == R"([{"name":"x"}])");
  CHECK(b.run(*plugin, "", "pods", pod(R"("containers":[{"name":"a","volumeMounts":[{"name":"v",)" + kAt + "}]}]")) == "");
  CHECK(b.draft.root()["spec"]["volumes"].is_null());
}

TEST_CASE("the account must be there; only the default one is waited for") {
  AdmissionBench b;
  const auto plugin = make_service_account();
  CHECK(b.run(*plugin, "", "pods", pod("")) ==
        kNo + R"(error looking up service account ns/default: serviceaccount "default" not found)");
  CHECK(b.request.is_awaited);
  CHECK(b.run(*plugin, "", "pods", pod(R"("serviceAccountName":"x")")) ==
        kNo + R"(error looking up service account ns/x: serviceaccount "x" not found)");
  CHECK_FALSE(b.request.is_awaited);
  // An update is not looked at.
  CHECK(b.run(*plugin, "", "pods", pod(""), pod("")) == "");
}

TEST_CASE("a mirror pod has neither account nor secrets") {
  const std::string mirror = R"("kubernetes.io/config.mirror":"x")";
  const std::pair<std::string, std::string> rows[] = {
      {R"("containers":[{"name":"a"}])", ""},
      {R"("serviceAccountName":"x")", "a mirror pod may not reference service accounts"},
      {R"("volumes":[{"name":"v","secret":{"secretName":"s"}}])", "a mirror pod may not reference secrets"},
      {R"("volumes":[{"name":"v","csi":{"driver":"d","nodePublishSecretRef":{"name":"s"}}}])",
       "a mirror pod may not reference secrets"},
      {R"("containers":[{"name":"a","envFrom":[{"secretRef":{"name":"s"}}]}])", "a mirror pod may not reference secrets"},
      {R"("imagePullSecrets":[{"name":"s"}])", "a mirror pod may not reference secrets"},
      {R"("volumes":[{"name":"v","projected":{"sources":[{"serviceAccountToken":{"path":"t"}}]}}])",
       "a mirror pod may not use ServiceAccountToken volume projections"},
  };
  for (const auto& [spec, refusal] : rows) {
    const auto& shown = spec;
    CAPTURE(shown);
    AdmissionBench b;
    CHECK(b.run(*make_service_account(), "", "pods", pod(spec, mirror)) == (refusal.empty() ? "" : kNo + refusal));
    CHECK(b.draft.root()["spec"]["serviceAccount"].is_null());
  }
}

TEST_CASE("an account may say which secrets its pods use") {
  const std::string end =
      R"(referencing secret.secretName="s" is not allowed because service account app does not reference that secret)";
  const std::string key_ref = R"("env":[{"name":"E","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}}])";
  struct Row {
    std::string spec, subresource, refusal;
  };
  const Row rows[] = {
      {R"("volumes":[{"name":"v","secret":{"secretName":"mine"}}],"imagePullSecrets":[{"name":"pull"}])", "", ""},
      {R"("volumes":[{"name":"v","secret":{"secretName":"s"}}])", "",
       R"(volume with secret.secretName="s" is not allowed because service account app does not reference that secret)"},
      {"\"containers\":[{\"name\":\"a\"," + key_ref + "}]", "", "container a with envVar E " + end},
      {R"("initContainers":[{"name":"a","envFrom":[{"secretRef":{"name":"s"}}]}])", "", "init container a with envFrom " + end},
      {R"("imagePullSecrets":[{"name":"s"}])", "",
       R"(imagePullSecrets[0].name="s" is not allowed because service account app does not reference that imagePullSecret)"},
      {"\"ephemeralContainers\":[{\"name\":\"a\"," + key_ref + "}]", "ephemeralcontainers",
       "ephemeral container a with envVar E " + end},
      {"\"containers\":[{\"name\":\"a\"," + key_ref + "}]", "ephemeralcontainers", ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.spec);
    for (const std::string enforce : {"true", "false"}) {
      AdmissionBench b;
      put_account(b, "app", R"("secrets":[{"name":"mine"}],"imagePullSecrets":[{"name":"pull"}])",
                  R"("kubernetes.io/enforce-mountable-secrets":")" + enforce + "\"");
      const std::string sent = pod(R"("serviceAccountName":"app",)" + row.spec);
      const std::string outcome =
          b.run(*make_service_account(), "", "pods", sent, row.subresource.empty() ? "" : sent, row.subresource);
      CHECK(outcome == (row.refusal.empty() || enforce == "false" ? "" : kNo + row.refusal));
    }
  }
}
