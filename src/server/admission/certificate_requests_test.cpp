// Certificate requests: who asks, whom no request may make, who approves and signs.
#include <doctest/doctest.h>

#include "base/base64.h"
#include "base/time_text.h"
#include "server/admission/plugins.h"
#include "server/admission/test_admission.h"
#include "server/auth/auth.h"
#include "server/auth/test_rbac.h"

using namespace plinth;
using namespace plinth::server;

namespace {

// Made with: openssl req -new -newkey ec -subj "/O=system:masters/CN=eve", and /O=team.
constexpr const char* kForMasters =
    "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIak1JR0pBZ0VBTUNjeEZ6QVZCZ05WQkFvTURuTjVjM1JsYlRwdFlYTjBaWE"
    "p6TVF3d0NnWURWUVFEREFObApkbVV3V1RBVEJnY3Foa2pPUFFJQkJnZ3Foa2pPUFFNQkJ3TkNBQVFuUFBQU0tCT292a3kwNEZUZnZyVjV0ZEo4"
    "Ckp5WVd4ZjgzcGFlT1dyT0dzeEE3SjZ4U2FSRU81b1J2ZkZoYjB2WXJVdkphUXFIdGFEVHMzVkVhRytXSG9BQXcKQ2dZSUtvWkl6ajBFQXdJRF"
    "NRQXdSZ0loQU5JbC9oSE1ZYlJzRmN1RnBONlhYK25TZjhuaVQ1TDFoWDVUc1JBZAp2cHJXQWlFQXJnRUlzc2kreVdlMGxHMktmVEF0NEVMdWFK"
    "VzhrazJaSTNaQkdvakJtRXM9Ci0tLS0tRU5EIENFUlRJRklDQVRFIFJFUVVFU1QtLS0tLQo=";
constexpr const char* kForTeam =
    "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIWE1IOENBUUF3SFRFTk1Bc0dBMVVFQ2d3RWRHVmhiVEVNTUFvR0ExVUVBd3"
    "dEWlhabE1Ga3dFd1lIS29aSQp6ajBDQVFZSUtvWkl6ajBEQVFjRFFnQUVscXBBUmdPZnpEVGpPazlId0lGQ0dlRWMvQUlEUU5VeFMwRXdraDJD"
    "CnpzSGJKQTBqOEJqeXhzMHFuYklZUUF6eDZwVkI0OCszYUxhWVNVL0RnOGladktBQU1Bb0dDQ3FHU000OUJBTUMKQTBnQU1FVUNJUUNxT3JzcS"
    "taTkhwSVNNNWN4MXBMQXZGK1lxb3ZKTWM5NFdobDUvWlA5dnlBSWdjNEtiS2EySQpvTlBzTWJRbHhCRnJsSVRaVWhoUGxTRVV6QUxjK0RJSmx0"
    "Zz0KLS0tLS1FTkQgQ0VSVElGSUNBVEUgUkVRVUVTVC0tLS0tCg==";

std::string request(const std::string& signer, const std::string& pem, const std::string& status = "") {
  return R"({"metadata":{"name":"r"},"spec":{"username":"forged","groups":["forged"],"request":")" + pem +
         R"(","signerName":")" + signer + "\"}" + (status.empty() ? "" : ",\"status\":" + status) + "}";
}

constexpr const char* kCertificate = R"(-----BEGIN CERTIFICATE-----
MIIBbTCCAROgAwIBAgIUQvpsmSO8n0hp/aweST4Z3dYikQowCgYIKoZIzj0EAwIw
DDEKMAgGA1UEAwwBeDAeFw0yNjExMjkwMTQ2NDBaFw0yNjEyMDIwMTQ2NDBaMAwx
CjAIBgNVBAMMAXgwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASxoxMURixG+2rf
0eR4uS49nph+tsVbRBnkqfOS65BwTI6l+ZKdNMRBJHmF0pPglypM1BwaE5lAwlHZ
JEsUP9hjo1MwUTAdBgNVHQ4EFgQULLn/4k8+0PsgLKCvVtpg8Wt/ExEwHwYDVR0j
BBgwFoAULLn/4k8+0PsgLKCvVtpg8Wt/ExEwDwYDVR0TAQH/BAUwAwEB/zAKBggq
hkjOPQQDAgNIADBFAiB22nJmEwV+4qB9RKAa+0/rqgKckwjzD8fhkTsL7sqFwQIh
AK05cPW741JHi4RoPC92bP8929oaSYtiMUDb5D3ZVBGP
-----END CERTIFICATE-----
)";

struct StoppedClock final : Clock {
  std::int64_t wall_ns() const override { return parse_rfc3339("2026-01-02T03:04:05Z")->wall_ns(); }
  std::int64_t monotonic_ns() const override { return 0; }
};

struct Bench : AdmissionBench {
  Bench() : authority(std::move(auth::Auth::open(files, entropy, auth::AuthOptions())).value()) {
    context.auth = authority.get();
    context.clock = &clock;
    user = auth::test_user("eve", {"team"});
  }
  std::string run_request(const std::string& object, const std::string& old = "", const std::string& subresource = "") {
    return run(*plugin, "certificates.k8s.io", "certificatesigningrequests", object, old, subresource);
  }
  StoppedClock clock;
  auth::MemorySecretFiles files;
  std::unique_ptr<auth::Auth> authority;
  std::unique_ptr<AdmissionPlugin> plugin = make_certificate_requests();
};

}  // namespace

TEST_CASE("the server says who asks for a certificate") {
  Bench b;
  CHECK(b.run_request(request("example.com/s", kForTeam)) == "");
  const Value spec = b.draft.root()["spec"];
  CHECK(spec["username"].as_string() == "eve");
  CHECK(to_json(spec["groups"]) == R"(["team"])");
}

TEST_CASE("no certificate makes a member of system:masters") {
  const std::string lead = R"(403 certificatesigningrequests.certificates.k8s.io "r" is forbidden: )";
  const std::string signer = "kubernetes.io/kube-apiserver-client";
  Bench b;
  CHECK(b.run_request(request(signer, kForTeam)) == "");
  CHECK(b.run_request(request(signer, kForMasters)) ==
        lead + "use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed");
  CHECK(b.run_request(request("example.com/s", kForMasters)) == "");
}

TEST_CASE("what is no request, or no certificate, is invalid") {
  const std::string lead = R"(422 CertificateSigningRequest.certificates.k8s.io "r" is invalid: )";
  const std::string open = request("example.com/s", kForTeam);
  Bench b;
  CHECK(b.run_request(request("example.com/s", "bm8=")) ==
        lead + R"(spec.request: Invalid value: "bm8=": PEM block type must be CERTIFICATE REQUEST)");
  const std::string no_certificate = request("example.com/s", kForTeam, R"({"certificate":"bm8="})");
  CHECK(b.run_request(no_certificate, open, "status") ==
        lead + R"(status.certificate: Invalid value: "<certificate data>": must contain at least one CERTIFICATE PEM block)");
  // What stands there already is not looked at again.
  CHECK(b.run_request(no_certificate, no_certificate, "status") == "");
}

TEST_CASE("conditions say since when") {
  const auto with = [](const std::string& conditions) {
    return request("example.com/s", kForTeam, "{\"conditions\":[" + conditions + "]}");
  };
  const std::string plain = R"({"type":"Other","status":"True"})";
  Bench b;
  const auto times = [&] {
    const Value condition = b.draft.root()["status"]["conditions"].items()[0];
    return std::string(condition["lastUpdateTime"].as_string()) + " " +
           std::string(condition["lastTransitionTime"].as_string());
  };
  CHECK(b.run_request(with(plain), request("example.com/s", kForTeam), "approval").find("not permitted") != std::string::npos);
  CHECK(times() == "2026-01-02T03:04:05Z 2026-01-02T03:04:05Z");
  const std::string before =
      R"({"type":"Other","status":"True","lastUpdateTime":"2020-01-01T00:00:00Z","lastTransitionTime":"2019-01-01T00:00:00Z"})";
  (void)b.run_request(with(plain), with(before), "approval");
  CHECK(times() == "2026-01-02T03:04:05Z 2019-01-01T00:00:00Z");
  (void)b.run_request(with(R"({"type":"Other","status":"False"})"), with(before), "approval");
  CHECK(times() == "2026-01-02T03:04:05Z 2026-01-02T03:04:05Z");
  (void)b.run_request(with(before), with(plain), "approval");
  CHECK(times() == "2020-01-01T00:00:00Z 2019-01-01T00:00:00Z");
}

TEST_CASE("approving and signing are rights on the signer") {
  const std::string lead = R"(403 certificatesigningrequests.certificates.k8s.io "r" is forbidden: user not permitted to )";
  const std::string open = request("example.com/s", kForTeam),
                    signed_one =
                        request("example.com/s", kForTeam, R"({"certificate":")" + base64_encode(kCertificate) + "\"}");
  Bench b;
  CHECK(b.run_request(open, open, "approval") == lead + R"(approve requests with signerName "example.com/s")");
  CHECK(b.run_request(signed_one, open, "status") == lead + R"(sign requests with signerName "example.com/s")");
  CHECK(b.run_request(request("example.com/s", kForTeam, R"({"conditions":[]})"), open, "status") == "");
  CHECK(b.run_request(signed_one, open) == "");
  auth::put_role(
      *b.snapshot, "", "signer",
      R"([{"apiGroups":["certificates.k8s.io"],"resources":["signers"],"resourceNames":["example.com/*"],"verbs":["sign"]},)"
      R"({"apiGroups":["certificates.k8s.io"],"resources":["signers"],"resourceNames":["example.com/s"],"verbs":["approve"]}])");
  auth::put_binding(*b.snapshot, "", "signer", "ClusterRole", "signer", auth::user_subject("eve"));
  CHECK(b.run_request(open, open, "approval") == "");
  CHECK(b.run_request(signed_one, open, "status") == "");
}
