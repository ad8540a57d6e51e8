// CertificateApproval, CertificateSigning and CertificateSubjectRestriction; and who asks, which only the server says.
#include <memory>

#include "api/go_base64.h"
#include "base/quoted.h"
#include "server/admission/certificate_subject.h"
#include "server/admission/plugins.h"
#include "server/auth/auth.h"

namespace plinth::server {
namespace {

constexpr std::string_view kApiServerClient = "kubernetes.io/kube-apiserver-client";

bool concerns(const AdmissionRequest& request) {
  return request.object != nullptr && request.group() == "certificates.k8s.io" &&
         request.resource() == "certificatesigningrequests";
}

// Absent and empty are the same.
bool same(const Value& a, const Value& b) {
  return equal(a, b) || (a.size() == 0 && b.size() == 0 && !a.is_string() && !b.is_string());
}

// Whether the user may do `verb` for a signer, by its name or for all of its domain ("example.com/*").
bool may(ServerContext& context, const AdmissionRequest& request, std::string_view verb, std::string_view signer) {
  auth::Attributes attributes;
  attributes.user = request.user;
  attributes.verb = verb;
  attributes.group = "certificates.k8s.io";
  attributes.version = "*";
  attributes.resource = "signers";
  const std::string domain(signer.substr(0, signer.find('/')));
  for (const std::string& name : {std::string(signer), domain + "/*"}) {
    attributes.name = name;
    if (context.auth->rbac().authorize(attributes, *request.snapshot).allowed) return true;
  }
  return false;
}

// Nobody becomes a member of system:masters through a signed request.
Result<void> check_subject(const AdmissionRequest& request) {
  const Value spec = request.object->root()["spec"];
  if (spec["signerName"].as_string() != kApiServerClient) return {};
  auto pem = api::go_base64_decode(spec["request"].as_string());
  auto organizations = pem.ok() ? organizations_of(*pem) : Result<std::vector<std::string>>(std::move(pem).error());
  if (!organizations.ok()) return admission_forbidden(request, "failed to parse CSR: " + organizations.error().message());
  for (const std::string& organization : *organizations) {
    if (organization != auth::kPrivilegedGroup) continue;
    return admission_forbidden(request,
                               "use of " + std::string(kApiServerClient) + " signer with system:masters group is not allowed");
  }
  return {};
}

void set_requester(Draft& draft, const auth::UserInfo& user) {
  Value& spec = draft.member(draft.root(), "spec");
  for (std::string_view field : {"username", "uid", "groups", "extra"}) draft.remove(spec, field);
  const Value info = auth::user_to_value(draft, user);
  for (const Member& m : info.members()) draft.member(spec, m.key()) = m.value;
}

class CertificateRequests final : public AdmissionPlugin {
 public:
  std::string_view name() const override { return "CertificateRequests"; }

  Result<void> prepare(ServerContext&, AdmissionRequest& request) const override {
    if (concerns(request) && request.operation == Operation::kCreate) set_requester(*request.object, *request.user);
    return {};
  }

  Result<void> validate(ServerContext& context, AdmissionRequest& request) const override {
    if (!concerns(request)) return {};
    if (request.operation == Operation::kCreate) return check_subject(request);
    const std::string_view signer = request.old_object["spec"]["signerName"].as_string();
    if (request.subresource == "approval" && !may(context, request, "approve", signer)) {
      return admission_forbidden(request, "user not permitted to approve requests with signerName " + quoted(signer));
    }
    if (request.subresource != "status") return {};
    const Value now = request.object->root()["status"], old = request.old_object["status"];
    const bool unchanged = same(now["certificate"], old["certificate"]) && same(now["conditions"], old["conditions"]);
    if (unchanged || may(context, request, "sign", signer)) return {};
    return admission_forbidden(request, "user not permitted to sign requests with signerName " + quoted(signer));
  }
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_certificate_requests() { return std::make_unique<CertificateRequests>(); }

}  // namespace plinth::server
