// CertificateApproval, CertificateSigning and CertificateSubjectRestriction; who asks, and since when a condition holds, which
// only the server says; and what takes a look into requests and certificates to see.
#include <memory>

#include "api/field_error.h"
#include "api/go_base64.h"
#include "base/quoted.h"
#include "base/time_text.h"
#include "net/signing.h"
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
  auto names = pem.ok() ? net::read_certificate_request(*pem) : Result<net::RequestedNames>(std::move(pem).error());
  if (!names.ok()) return admission_forbidden(request, "failed to parse CSR: " + names.error().message());
  for (const std::string& organization : names->organizations) {
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

Error invalid_field(const AdmissionRequest& request, api::FieldError error) {
  api::FieldErrors errors;
  errors.push_back(std::move(error));
  return api::invalid(request.group(), request.kind.row->kind, request.name, errors);
}

Result<void> check_request(const AdmissionRequest& request) {
  const Value sent = request.object->root()["spec"]["request"];
  const auto pem = api::go_base64_decode(sent.as_string());
  if (!pem.ok() || pem->empty()) return {};  // the strategy's to say
  const auto names = net::read_certificate_request(*pem);
  if (names.ok()) return {};
  return invalid_field(request, api::field_invalid("spec.request", sent, names.error().message()));
}

// What was issued before stays, whatever it is.
Result<void> check_certificate(const AdmissionRequest& request) {
  const Value sent = request.object->root()["status"]["certificate"];
  if (same(sent, request.old_object["status"]["certificate"])) return {};
  const auto pem = api::go_base64_decode(sent.as_string());
  if (!pem.ok() || pem->empty()) return {};
  const auto checked = net::check_certificates(*pem);
  if (checked.ok()) return {};
  api::FieldError error = api::field_invalid("status.certificate", Value(), checked.error().message());
  error.value = quoted("<certificate data>");
  return invalid_field(request, std::move(error));
}

// A condition that is not new in type and status keeps the time of its last transition.
std::string_view transition_before(const Value& old_conditions, const Value& condition) {
  for (const Value& old : old_conditions.items()) {
    if (equal(old["type"], condition["type"]) && equal(old["status"], condition["status"]))
      return old["lastTransitionTime"].as_string();
  }
  return "";
}

void set_condition_times(Draft& draft, const Value& old_conditions, const std::string& now) {
  if (draft.root()["status"]["conditions"].size() == 0) return;
  Value& conditions = draft.member_path(draft.root(), {"status", "conditions"});
  for (Value& condition : draft.mutable_items(conditions)) {
    if (condition["lastUpdateTime"].as_string().empty()) draft.set(condition, "lastUpdateTime", now);
    if (!condition["lastTransitionTime"].as_string().empty()) continue;
    const std::string_view before = transition_before(old_conditions, condition);
    draft.set(condition, "lastTransitionTime", before.empty() ? std::string_view(now) : before);
  }
}

class CertificateRequests final : public AdmissionPlugin {
 public:
  std::string_view name() const override { return "CertificateRequests"; }

  Result<void> prepare(ServerContext& context, AdmissionRequest& request) const override {
    if (!concerns(request)) return {};
    if (request.operation == Operation::kCreate) {
      set_requester(*request.object, *request.user);
      return check_request(request);
    }
    if (request.subresource.empty()) return {};
    set_condition_times(*request.object, request.old_object["status"]["conditions"], format_rfc3339(context.clock->wall_ns()));
    return check_certificate(request);
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
