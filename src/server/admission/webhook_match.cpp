#include "server/admission/webhook_match.h"

#include "server/admission/admission_attributes.h"

namespace plinth::server {

std::vector<WebhookPtr> matching_webhooks(ServerContext& context, const AdmissionRequest& request, WebhookType type) {
  std::vector<WebhookPtr> out;
  if (context.admission_book == nullptr || request.group() == "admissionregistration.k8s.io") return out;
  const AdmissionStatePtr state = context.admission_book->at(*request.snapshot);
  const auto& webhooks = type == WebhookType::kMutating ? state->mutating : state->validating;
  if (webhooks.empty()) return out;
  for (const WebhookPtr* webhook : webhooks.find(resource_key(request))) {
    if ((*webhook)->match.matches(request)) out.push_back(*webhook);
  }
  return out;
}

Result<bool> meets_conditions(ServerContext& context, const AdmissionRequest& request, const Webhook& webhook,
                              api::CostAllowance& allowance) {
  if (webhook.conditions.empty()) return true;
  ExpressionInput input(context, request, /*with_namespace=*/false);
  api::CelShapes shapes;
  api::AdmissionActivation activation(input.input(), shapes);
  const api::MatchConditions::Outcome outcome = webhook.conditions.evaluate(activation, allowance);
  if (outcome.error.empty() || webhook.ignores_failure()) return outcome.matches;
  return admission_forbidden(request, outcome.error);
}

}  // namespace plinth::server
