// Certificate requests: who asks, whom no request may make, who approves and signs.
#include <doctest/doctest.h>

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

struct Bench : AdmissionBench {
  Bench() : authority(std::move(auth::Auth::open(files, entropy, auth::AuthOptions())).value()) {
    context.auth = authority.get();
    user = auth::test_user("eve", {"team"});
  }
  std::string run_request(const std::string& object, const std::string& old = "", const std::string& subresource = "") {
    return run(*plugin, "certificates.k8s.io", "certificatesigningrequests", object, old, subresource);
  }
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
  CHECK(b.run_request(request(signer, "bm8=")) == lead + "failed to parse CSR: PEM block type must be CERTIFICATE REQUEST");
  CHECK(b.run_request(request("example.com/s", kForMasters)) == "");
}

TEST_CASE("approving and signing are rights on the signer") {
  const std::string lead = R"(403 certificatesigningrequests.certificates.k8s.io "r" is forbidden: user not permitted to )";
  const std::string open = request("example.com/s", kForTeam),
                    signed_one = request("example.com/s", kForTeam, R"({"certificate":"eA=="})");
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
