#include "control/certificates/certificate_controller.h"

#include <algorithm>

#include "api/go_base64.h"
#include "base/base64.h"
#include "base/json.h"
#include "base/time_text.h"
#include "client/events.h"
#include "control/certificates/signers.h"

namespace plinth::control {
namespace {

using client::Change;
using client::Object;
using client::Plan;
using client::View;

constexpr std::string_view kName = "certificate-controller";
constexpr std::string_view kGroup = "certificates.k8s.io", kPlural = "certificatesigningrequests";
constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kAnsweredSeconds = 3600;      // after which an answered request goes
constexpr std::int64_t kOpenSeconds = 24 * 3600;     // after which one goes that nobody has answered
constexpr std::int64_t kSignAgainNs = 60 * kSecond;  // when the authority could not

// The reviews that may let a node have its certificate, by the subresource that is asked for.
constexpr std::string_view kSelfReview = "selfnodeclient", kNodeReview = "nodeclient";

Value condition(const Object& request, std::string_view type) {
  for (const Value& one : request["status"]["conditions"].items()) {
    if (one["type"].as_string() == type) return one;
  }
  return {};
}
bool has(const Object& request, std::string_view type) { return !condition(request, type).is_null(); }
bool is_issued(const Object& request) { return !request["status"]["certificate"].as_string().empty(); }

// "" when it is no base64: then it is no certificate or request either.
std::string decoded(const Value& bytes) {
  auto text = api::go_base64_decode(bytes.as_string());
  return text.ok() ? std::move(*text) : std::string();
}

std::optional<std::int64_t> seconds_of(const Value& time) {
  const auto parsed = parse_rfc3339(time.as_string());
  if (!parsed) return std::nullopt;
  return parsed->seconds;
}

// Keys are names of CertificateSigningRequests.
class CertificateController final : public client::Controller {
 public:
  explicit CertificateController(std::unique_ptr<const CertificateAuthority> authority) : authority_(std::move(authority)) {}
  std::string_view name() const override { return kName; }

  void keys_of(const Change& change, const View&, std::vector<std::string>& keys) const override {
    if (!change.deleted && change.object.resource.is(kGroup, kPlural)) keys.push_back(change.object.name);
  }

  void initial_keys(const View& view, std::vector<std::string>& keys) const override {
    view.list(*view.find_resource(kGroup, kPlural), "", [&](const Object& request) {
      keys.push_back(request.name);
      return true;
    });
  }

  Plan step(const View& view, const std::string& key, const client::StepContext& context) const override {
    Plan plan;
    const auto request = view.get(*view.find_resource(kGroup, kPlural), "", key);
    if (!request || request->deleting()) return plan;
    const std::int64_t now_s = context.wall_ns / kSecond;
    const std::optional<std::int64_t> end_s = end_of_use(*request);
    if (end_s && now_s > *end_s) {
      plan.requests.push_back(client::delete_request(*request, "", /*same_revision=*/true));
      return plan;
    }
    if (end_s) plan.revisit_ns = (*end_s + 1 - now_s) * kSecond;
    if (is_issued(*request)) return plan;
    const bool approved = has(*request, "Approved"), denied = has(*request, "Denied");
    if (!approved && !denied) approve(*request, context, plan);
    if (approved && !denied && !has(*request, "Failed")) sign(view, *request, context, plan);
    return plan;
  }

 private:
  // When the request has been there for long enough.
  std::optional<std::int64_t> end_of_use(const Object& request) const {
    std::optional<std::int64_t> end;
    const auto no_later = [&end](std::optional<std::int64_t> since, std::int64_t seconds) {
      if (since) end = std::min(end.value_or(INT64_MAX), *since + seconds);
    };
    const Value approved = condition(request, "Approved");
    const bool issued = is_issued(request);
    if (request["status"]["conditions"].size() == 0)
      no_later(seconds_of(request.metadata()["creationTimestamp"]), kOpenSeconds);
    no_later(seconds_of(condition(request, "Denied")["lastUpdateTime"]), kAnsweredSeconds);
    no_later(seconds_of(condition(request, "Failed")["lastUpdateTime"]), kAnsweredSeconds);
    no_later(seconds_of(approved["lastUpdateTime"]), issued ? kAnsweredSeconds : kOpenSeconds);
    if (issued && !approved.is_null()) {
      const auto certificate_end = authority_->end_of(decoded(request["status"]["certificate"]));
      if (certificate_end.ok()) no_later(*certificate_end, 0);
    }
    return end;
  }

  // A node may have its client certificate when a review of access says so.
  void approve(const Object& request, const client::StepContext& context, Plan& plan) const {
    const Value spec = request["spec"];
    if (spec["signerName"].as_string() != kKubeletClientSigner) return;
    const auto asked = authority_->read(decoded(spec["request"]));
    if (!asked.ok() || !is_kubelet_client(*asked, spec["usages"])) return;
    const bool own = asked->common_name == spec["username"].as_string() && !was_refused(context, kSelfReview);
    plan.requests.push_back(review(spec, own ? kSelfReview : kNodeReview));
    plan.requests.push_back(approval(request, own ? "Auto approving self kubelet client certificate after SubjectAccessReview."
                                                  : "Auto approving kubelet client certificate after SubjectAccessReview."));
  }

  // The other review comes next.
  static bool was_refused(const client::StepContext& context, std::string_view subresource) {
    return std::any_of(context.failures.begin(), context.failures.end(), [&](const client::Failure& failure) {
      return failure.reason == Reason::kForbidden && failure.message.ends_with("/" + std::string(subresource));
    });
  }

  static client::Request review(const Value& spec, std::string_view subresource) {
    Draft draft;
    Value& root = draft.root() = draft.object();
    draft.set(root, "apiVersion", "authorization.k8s.io/v1");
    draft.set(root, "kind", "SubjectAccessReview");
    Value& asked = draft.member_path(root, {"spec"});
    asked = draft.object();
    draft.set(asked, "user", spec["username"].as_string());
    for (const std::string_view member : {"uid", "groups", "extra"}) {
      if (const Value* value = spec.find(member)) draft.set(asked, member, draft.clone(*value));
    }
    Value& attributes = draft.member_path(asked, {"resourceAttributes"});
    draft.set(attributes, "group", kGroup);
    draft.set(attributes, "version", "*");
    draft.set(attributes, "resource", kPlural);
    draft.set(attributes, "subresource", subresource);
    draft.set(attributes, "verb", "create");
    client::Request request;
    request.method = "POST";
    request.target = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
    request.body = to_json(root);
    request.check = client::Check::kAllowed;
    return request;
  }

  static client::Request approval(const Object& request, std::string_view message) {
    Draft draft(request.document.get());
    add_condition(draft, "Approved", "AutoApproved", message, "");
    return client::update_request(request, "approval", draft.root(), kName);
  }

  // `now` "": the server says when.
  static void add_condition(Draft& draft, std::string_view type, std::string_view reason, std::string_view message,
                            std::string_view now) {
    Value& conditions = draft.member_path(draft.root(), {"status", "conditions"});
    Value& made = draft.push(conditions, draft.object());
    draft.set(made, "type", type);
    draft.set(made, "status", "True");
    draft.set(made, "reason", reason);
    draft.set(made, "message", message);
    if (!now.empty()) draft.set(made, "lastUpdateTime", now);
  }

  void sign(const View& view, const Object& request, const client::StepContext& context, Plan& plan) const {
    const Value spec = request["spec"];
    const Signer* signer = find_signer(spec["signerName"].as_string());
    if (signer == nullptr) return;
    Draft draft(request.document.get());
    const auto certificate = certificate_for(*signer, spec, context.wall_ns / kSecond);
    if (!certificate.ok()) {
      client::EventRecorder(view, kName, context.wall_ns, plan)
          .warning_once(request, "SigningFailed", certificate.error().message());
      plan.revisit_ns = std::min(plan.revisit_ns.value_or(INT64_MAX), kSignAgainNs);
      return;
    }
    if (certificate->refusal) {
      add_condition(draft, "Failed", "SignerValidationFailure", *certificate->refusal, format_rfc3339(context.wall_ns));
    } else {
      draft.set(draft.member_path(draft.root(), {"status"}), "certificate", base64_encode(certificate->pem));
    }
    plan.requests.push_back(client::update_request(request, "status", draft.root(), kName));
  }

  struct Outcome {
    std::optional<std::string> refusal;
    std::string pem;
  };
  Result<Outcome> certificate_for(const Signer& signer, const Value& spec, std::int64_t now_s) const {
    const std::string pem = decoded(spec["request"]);
    const CertificateAuthority::Request asked = TRY(authority_->read(pem));
    if (auto refusal = signer.refusal(asked, spec["usages"])) return Outcome{std::move(refusal), ""};
    const auto valid = validity(spec["expirationSeconds"], now_s, authority_->own_end_s());
    if (!valid) return Error(Reason::kNone, "the cluster's certificate authority has expired");
    CertificateAuthority::Terms terms;
    for (const Value& usage : spec["usages"].items()) terms.usages.emplace_back(usage.as_string());
    terms.not_before_s = valid->not_before_s;
    terms.not_after_s = valid->not_after_s;
    return Outcome{std::nullopt, TRY(authority_->sign(pem, terms))};
  }

  const std::unique_ptr<const CertificateAuthority> authority_;
};

}  // namespace

std::unique_ptr<client::Controller> make_certificate_controller(std::unique_ptr<const CertificateAuthority> authority) {
  return std::make_unique<CertificateController>(std::move(authority));
}

}  // namespace plinth::control
