#include "server/auth/reviews.h"

#include "base/time_text.h"
#include "server/auth/access_review.h"
#include "server/status.h"

namespace plinth::server::auth {
namespace {

constexpr std::string_view kAuthentication = "authentication.k8s.io";
constexpr std::string_view kAuthorization = "authorization.k8s.io";

Value strings_value(Draft& draft, const std::vector<std::string>& texts) {
  Value array = draft.array(texts.size());
  for (const std::string& text : texts) draft.push(array, draft.text(text));
  return array;
}

void set_list(Draft& draft, Value& object, std::string_view key, const std::vector<std::string>& texts) {
  if (!texts.empty()) draft.set(object, key, strings_value(draft, texts));
}

// ResourceRule and NonResourceRule of a SubjectRulesReviewStatus.
Value rules_status(Draft& draft, const PolicyRules& rules) {
  Value resource = draft.array(rules.size()), other = draft.array();
  for (const PolicyRule& rule : rules) {
    if (!rule.resources.empty()) {
      Value item = draft.object(4);
      draft.set(item, "verbs", strings_value(draft, rule.verbs));
      set_list(draft, item, "apiGroups", rule.groups);
      set_list(draft, item, "resources", rule.resources);
      set_list(draft, item, "resourceNames", rule.resource_names);
      draft.push(resource, item);
    }
    if (!rule.non_resource_urls.empty()) {
      Value item = draft.object(2);
      draft.set(item, "verbs", strings_value(draft, rule.verbs));
      set_list(draft, item, "nonResourceURLs", rule.non_resource_urls);
      draft.push(other, item);
    }
  }
  Value status = draft.object(4);
  draft.set(status, "resourceRules", resource);
  draft.set(status, "nonResourceRules", other);
  draft.set(status, "incomplete", Value::of(false));
  return status;
}

// An object without a namespace is in that of the path.
Document in_namespace(const Document& request, std::string_view name_space) {
  if (!request["metadata"]["namespace"].as_string().empty()) return request;
  Draft draft(request);
  draft.set(draft.member(draft.root(), "metadata"), "namespace", name_space);
  return std::move(draft).finish();
}

std::string joined(const std::vector<std::string>& problems) {
  if (problems.size() == 1) return problems.front();
  std::string out = "[";
  for (const std::string& problem : problems) out.append(out.size() > 1 ? ", " : "").append(problem);
  return out + "]";
}

}  // namespace

bool Reviews::answers(std::string_view group, std::string_view resource) {
  if (group == kAuthentication) return resource == "tokenreviews" || resource == "selfsubjectreviews";
  return group == kAuthorization && (resource == "subjectaccessreviews" || resource == "localsubjectaccessreviews" ||
                                     resource == "selfsubjectaccessreviews" || resource == "selfsubjectrulesreviews");
}

Result<Document> Reviews::evaluate(std::string_view group, std::string_view resource, const Document& request,
                                   const ReviewContext& context) {
  if (!answers(group, resource)) return unknown_path();
  if (resource == "tokenreviews") return token_review(request, context);
  if (resource == "selfsubjectreviews") return self_subject_review(request, context);
  if (resource == "selfsubjectrulesreviews") return rules_review(request, context);
  return access_review(resource, request, context);
}

Result<Document> Reviews::token_review(const Document& request, const ReviewContext& context) {
  const std::string_view token = request["spec"]["token"].as_string();
  if (token.empty()) return bad_request("token is required for TokenReview in authentication");
  std::vector<std::string> audiences;
  for (const Value& item : request["spec"]["audiences"].items()) audiences.emplace_back(item.as_string());
  const auto identity = authenticator_.authenticate_token(token, audiences, context.snapshot, context.now_ns);

  Draft draft(request);
  Value status = draft.object(4);
  if (identity.ok()) {
    draft.set(status, "authenticated", Value::of(true));
    draft.set(status, "user", user_to_value(draft, *identity->user));
    set_list(draft, status, "audiences", identity->audiences);
  } else {
    draft.set(status, "user", draft.object());
    draft.set(status, "error", identity.error().message());
  }
  draft.set(draft.root(), "status", status);
  return std::move(draft).finish();
}

Result<Document> Reviews::self_subject_review(const Document& request, const ReviewContext& context) {
  Draft draft(request);
  Value metadata = draft.object(1);
  draft.set(metadata, "creationTimestamp", format_rfc3339(context.now_ns));
  draft.set(draft.root(), "metadata", metadata);
  Value status = draft.object(1);
  draft.set(status, "userInfo", user_to_value(draft, *context.user));
  draft.set(draft.root(), "status", status);
  return std::move(draft).finish();
}

Result<Document> Reviews::rules_review(const Document& request, const ReviewContext& context) {
  const std::string_view name_space = request["spec"]["namespace"].as_string();
  if (name_space.empty()) return bad_request("no namespace on request");
  std::vector<std::string> problems;
  const PolicyRules rules = rbac_.policy(context.snapshot)->rules_for(*context.user, name_space, &problems);
  Draft draft(request);
  draft.set(draft.root(), "spec", draft.object());
  Value status = rules_status(draft, rules);
  if (!problems.empty()) draft.set(status, "evaluationError", joined(problems));
  draft.set(draft.root(), "status", status);
  return std::move(draft).finish();
}

Result<Document> Reviews::access_review(std::string_view resource, const Document& sent, const ReviewContext& context) {
  const bool local = resource == "localsubjectaccessreviews";
  const AccessReviewScope scope = local                                ? AccessReviewScope::kLocal
                                  : resource == "subjectaccessreviews" ? AccessReviewScope::kCluster
                                                                       : AccessReviewScope::kSelf;
  const Document request = local ? in_namespace(sent, context.name_space) : sent;
  const api::FieldErrors errors = validate_access_review(scope, request);
  if (!errors.empty()) return api::invalid(kAuthorization, request["kind"].as_string(), "", errors);
  if (local && context.name_space != request["metadata"]["namespace"].as_string()) {
    return bad_request("spec.resourceAttributes.namespace must match namespace: " + std::string(context.name_space));
  }
  std::string problems;
  const Attributes attributes = attributes_of_review(scope, request, context.user, problems);
  const Decision decision = rbac_.authorize(attributes, context.snapshot, true);

  Draft draft(request);
  Value status = draft.object(3);
  draft.set(status, "allowed", Value::of(decision.allowed));
  if (!decision.reason.empty()) draft.set(status, "reason", decision.reason);
  if (!problems.empty()) draft.set(status, "evaluationError", problems);
  draft.set(draft.root(), "status", status);
  return std::move(draft).finish();
}

}  // namespace plinth::server::auth
