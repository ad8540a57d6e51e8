// What kube-controller-manager's csrapproving, csrsigning and csrcleaner do, case by case.
#include "control/certificates/certificate_controller.h"

#include <doctest/doctest.h>

#include "base/base64.h"
#include "base/json.h"
#include "base/time_text.h"
#include "client/object_cache.h"
#include "control/certificates/signers.h"

namespace plinth::control {
namespace {

const client::Resource kRequests{"certificates.k8s.io", "v1", "certificatesigningrequests", "CertificateSigningRequest", false};
const client::Resource kEvents{"", "v1", "events", "Event", true};
constexpr std::int64_t kNow = 1'700'000'000;
constexpr std::int64_t kHour = 3600;

// Requests and certificates are words: "CN|O,O|dns ip email uri" and "usages from to".
class WordAuthority final : public CertificateAuthority {
 public:
  explicit WordAuthority(std::int64_t end_s) : end_s_(end_s) {}
  Result<Request> read(std::string_view text) const override {
    const std::size_t first = text.find('|'), second = text.find('|', first + 1);
    if (second == std::string_view::npos) return bad_request("no request");
    Request out;
    out.common_name = text.substr(0, first);
    std::string_view organizations = text.substr(first + 1, second - first - 1);
    while (!organizations.empty()) {
      const std::size_t comma = std::min(organizations.find(','), organizations.size());
      out.organizations.emplace_back(organizations.substr(0, comma));
      organizations.remove_prefix(std::min(comma + 1, organizations.size()));
    }
    const std::string_view names = text.substr(second + 1);
    out.dns_names = names.find("dns") != std::string_view::npos ? 1 : 0;
    out.ip_addresses = names.find("ip") != std::string_view::npos ? 1 : 0;
    out.email_addresses = names.find("email") != std::string_view::npos ? 1 : 0;
    out.uris = names.find("uri") != std::string_view::npos ? 1 : 0;
    return out;
  }
  Result<std::string> sign(std::string_view, const Terms& terms) const override {
    std::string out;
    for (const std::string& usage : terms.usages) out += usage + ",";
    return out + std::to_string(terms.not_before_s - kNow) + "," + std::to_string(terms.not_after_s - kNow);
  }
  Result<std::int64_t> end_of(std::string_view certificate) const override {
    return kNow + std::stoll(std::string(certificate.substr(certificate.rfind(',') + 1)));
  }
  std::int64_t own_end_s() const override { return end_s_; }

 private:
  std::int64_t end_s_;
};

std::string at(std::int64_t seconds_ago) { return format_rfc3339((kNow - seconds_ago) * 1'000'000'000); }

std::string condition(const std::string& type, std::int64_t seconds_ago = 0) {
  return R"({"type":")" + type + R"(","status":"True","lastUpdateTime":")" + at(seconds_ago) + "\"}";
}

struct Fixture {
  Fixture() {
    cache.add_kind(kRequests);
    cache.add_kind(kEvents);
  }
  std::int64_t authority_end_s = kNow + 10 * 365 * 24 * kHour;
  std::string signer = std::string(kApiServerClientSigner), words = "jane|team|", usages = R"(["client auth"])";
  std::string username = "jane", more_spec, conditions, certificate;
  std::int64_t created_ago = 0;
  std::vector<client::Failure> failures;

  client::Plan plan() {
    const std::string text = R"({"metadata":{"name":"r","uid":"u","resourceVersion":"5","creationTimestamp":")" +
                             at(created_ago) + R"("},"spec":{"request":")" + base64_encode(words) + R"(","signerName":")" +
                             signer + R"(","usages":)" + usages + R"(,"username":")" + username +
                             R"(","groups":["g"],"extra":{"k":["v"]})" + more_spec + R"(},"status":{"conditions":[)" +
                             conditions + R"(],"certificate":")" + base64_encode(certificate) + "\"}}";
    auto document = parse_json(text);
    REQUIRE(document.ok());
    (void)cache.apply({kRequests, "", "r", "u", ++revision, std::move(*document)}, false);
    client::StepContext context;
    context.wall_ns = kNow * 1'000'000'000;
    context.failures = failures;
    return make_certificate_controller(std::make_unique<WordAuthority>(authority_end_s))->step(*cache.view(), "r", context);
  }
  // The requests of a plan in short: what a review asks for, the condition that is added or the certificate that is written,
  // "delete".
  std::string planned() {
    std::string out;
    for (const client::Request& request : plan().requests) {
      out += out.empty() ? "" : "; ";
      if (request.method == "DELETE") {
        out += "delete";
        continue;
      }
      const Document body = std::move(parse_json(request.body)).value();
      if (request.target.find("subjectaccessreviews") != std::string::npos) {
        CHECK(request.check == client::Check::kAllowed);
        CHECK(to_json(body["spec"]["groups"]) == R"(["g"])");
        CHECK(to_json(body["spec"]["extra"]) == R"({"k":["v"]})");
        out += std::string(body["spec"]["user"].as_string()) + " " +
               std::string(body["spec"]["resourceAttributes"]["subresource"].as_string());
      } else if (request.target.find("/events") != std::string::npos) {
        out += "event " + std::string(body["reason"].as_string()) + ": " + std::string(body["message"].as_string());
      } else {
        const std::size_t slash = request.target.find("/r/");
        REQUIRE(slash != std::string::npos);
        CHECK(body["metadata"]["resourceVersion"].as_string() == "5");
        const std::string subresource = request.target.substr(slash + 3, request.target.find('?') - slash - 3);
        const Value status = body["status"];
        const std::string issued = base64_decode(status["certificate"].as_string()).value();
        const Value last = status["conditions"].size() > 0 ? status["conditions"].items().back() : Value();
        out += subresource + " " +
               (issued.empty() ? std::string(last["reason"].as_string()) + ": " + std::string(last["message"].as_string())
                               : issued);
      }
    }
    return out;
  }
  client::ObjectCache cache;
  std::uint64_t revision = 4;
};

TEST_CASE("what is approved is signed, for as long as was asked for and not for longer") {
  struct Row {
    std::string more_spec;
    std::int64_t authority_end;
    std::string written;
  };
  constexpr std::int64_t kYear = 365 * 24 * kHour;
  const std::int64_t far = 10 * kYear;
  const Row rows[] = {
      {"", far, "status client auth,-300," + std::to_string(kYear - 300)},
      {R"(,"expirationSeconds":3600)", far, "status client auth,-300,3600"},
      {R"(,"expirationSeconds":28800)", far, "status client auth,-300,28500"},
      {R"(,"expirationSeconds":599)", far, "status client auth,-300,600"},
      {R"(,"expirationSeconds":2000000000)", far, "status client auth,-300," + std::to_string(kYear - 300)},
      {"", kHour, "status client auth,-300,3600"},
      {"", 0, "event SigningFailed: the cluster's certificate authority has expired"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.written);
    Fixture f;
    f.conditions = condition("Approved");
    f.more_spec = row.more_spec;
    f.authority_end_s = kNow + row.authority_end;
    CHECK(f.planned() == row.written);
  }
}

TEST_CASE("only approved requests of our signers are signed") {
  Fixture f;
  CHECK(f.planned() == "");
  f.conditions = condition("Denied");
  CHECK(f.planned() == "");
  f.conditions = condition("Approved") + "," + condition("Denied");
  CHECK(f.planned() == "");
  f.conditions = condition("Approved") + "," + condition("Failed");
  CHECK(f.planned() == "");
  f.conditions = condition("Approved");
  f.signer = "example.com/signer";
  CHECK(f.planned() == "");
  f.signer = "kubernetes.io/legacy-unknown";
  CHECK(f.planned() == "");
  f.signer = kApiServerClientSigner;
  f.certificate = "client auth,-300,600";
  CHECK(f.planned() == "");
}

TEST_CASE("what a signer does not sign fails with the reason") {
  struct Row {
    std::string_view signer;
    std::string words, usages, message;
  };
  const std::string node = "system:node:n|system:nodes|";
  const std::string client = R"(["digital signature","client auth"])",
                    server = R"(["key encipherment","digital signature","server auth"])";
  const Row rows[] = {
      {kApiServerClientSigner, "jane|team|", R"(["client auth","server auth"])",
       "invalid usage for client certificate: server auth"},
      {kApiServerClientSigner, "jane|team|", R"(["digital signature","key encipherment"])",
       "missing required usage for client certificate: client auth"},
      {kKubeletClientSigner, "system:node:n|system:nodes,more|", client, "subject organization is not system:nodes"},
      {kKubeletClientSigner, node + "dns", client, "DNS subjectAltNames are not allowed"},
      {kKubeletClientSigner, node + "email", client, "Email subjectAltNames are not allowed"},
      {kKubeletClientSigner, node + "ip", client, "IP subjectAltNames are not allowed"},
      {kKubeletClientSigner, node + "uri", client, "URI subjectAltNames are not allowed"},
      {kKubeletClientSigner, "jane|system:nodes|", client, "subject common name does not begin with system:node:"},
      {kKubeletClientSigner, node, server, "usages did not match [client auth digital signature key encipherment]"},
      {kKubeletClientSigner, node, R"(["client auth"])",
       "usages did not match [client auth digital signature key encipherment]"},
      {kKubeletServingSigner, "system:node:n|team|dns", server, "subject organization is not system:nodes"},
      {kKubeletServingSigner, node, server, "DNS or IP subjectAltName is required"},
      {kKubeletServingSigner, node + "dns email", server, "Email subjectAltNames are not allowed"},
      {kKubeletServingSigner, node + "ip uri", server, "URI subjectAltNames are not allowed"},
      {kKubeletServingSigner, node + "ip", client, "usages did not match [digital signature key encipherment server auth]"},
      {kKubeletServingSigner, "jane|system:nodes|ip", server, "subject common name does not begin with system:node:"},
      {kKubeletServingSigner, node + "ip", server, ""},
      {kKubeletClientSigner, node, client, ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.words);
    CAPTURE(row.message);
    Fixture f;
    f.conditions = condition("Approved");
    f.signer = row.signer;
    f.words = row.words;
    f.usages = row.usages;
    if (row.message.empty())
      CHECK(f.planned().starts_with("status digital signature,client auth,-300") == (row.signer == kKubeletClientSigner));
    else
      CHECK(f.planned() == "status SignerValidationFailure: " + row.message);
  }
}

TEST_CASE("a node's request for its own client certificate is approved after a review") {
  const std::string approved_own =
      "approval AutoApproved: Auto approving self kubelet client certificate after SubjectAccessReview.";
  const std::string approved = "approval AutoApproved: Auto approving kubelet client certificate after SubjectAccessReview.";
  Fixture f;
  f.signer = kKubeletClientSigner;
  f.words = "system:node:n|system:nodes|";
  f.usages = R"(["client auth","digital signature"])";
  f.username = "system:node:n";
  CHECK(f.planned() == "system:node:n selfnodeclient; " + approved_own);
  // Refused, the other one is tried, and then the first again.
  f.failures = {{"POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", Reason::kForbidden, 403,
                 "system:node:n may not create certificatesigningrequests/selfnodeclient"}};
  CHECK(f.planned() == "system:node:n nodeclient; " + approved);
  f.failures[0].message = "system:node:n may not create certificatesigningrequests/nodeclient";
  CHECK(f.planned() == "system:node:n selfnodeclient; " + approved_own);
  f.failures.clear();
  f.username = "system:bootstrap:x";
  CHECK(f.planned() == "system:bootstrap:x nodeclient; " + approved);
  // Others are for people to approve.
  f.words = "jane|team|";
  CHECK(f.planned() == "");
  f.words = "system:node:n|system:nodes|dns";
  f.signer = kKubeletServingSigner;
  f.usages = R"(["server auth","digital signature"])";
  CHECK(f.planned() == "");
}

TEST_CASE("requests go when they are old") {
  struct Row {
    std::string conditions, certificate;
    std::int64_t created_ago;
    std::string planned;
    std::int64_t revisit_s;  // -1: never
  };
  const std::string good = "x,999999";
  const Row rows[] = {
      {"", "", 24 * kHour, "", 1},
      {"", "", 24 * kHour + 1, "delete", -1},
      {condition("Denied", kHour), "", 0, "", 1},
      {condition("Denied", kHour + 1), "", 0, "delete", -1},
      {condition("Approved", 50) + "," + condition("Failed", kHour + 1), "", 0, "delete", -1},
      {condition("Approved", kHour), good, 48 * kHour, "", 1},
      {condition("Approved", kHour + 1), good, 48 * kHour, "delete", -1},
      {condition("Approved", 60), "x,-1", 0, "delete", -1},
      {condition("Approved", 60), "x,100", 0, "", 101},
      {condition("Approved", 24 * kHour + 1), "", 0, "delete", -1},
      {condition("Other", 99 * kHour), "", 99 * kHour, "", -1},
  };
  for (const Row& row : rows) {
    CAPTURE(row.conditions);
    CAPTURE(row.created_ago);
    Fixture f;
    f.signer = "example.com/signer";
    f.conditions = row.conditions;
    f.certificate = row.certificate;
    f.created_ago = row.created_ago;
    CHECK(f.planned() == row.planned);
    const auto revisit = f.plan().revisit_ns;
    CHECK(revisit.value_or(-1'000'000'000) == row.revisit_s * 1'000'000'000);
  }
}

}  // namespace
}  // namespace plinth::control
