// Which webhooks a request goes to.
#pragma once

#include <vector>

#include "base/value.h"
#include "server/admission/admission.h"
#include "server/admission/admission_book.h"

namespace plinth::server {

enum class WebhookType : std::uint8_t { kMutating, kValidating };

// By rules and selectors, in the order of calling: by name of the configuration, then as listed. Configurations and policies
// themselves never match.
std::vector<WebhookPtr> matching_webhooks(ServerContext& context, const AdmissionRequest& request, WebhookType type);

// Whether the request meets a webhook's matchConditions, as it is now. Forbidden where that cannot be said and failurePolicy is
// Fail. On any thread; counts for nothing when `allowance` is spent.
Result<bool> meets_conditions(ServerContext& context, const AdmissionRequest& request, const Webhook& webhook,
                              api::CostAllowance& allowance);

}  // namespace plinth::server
