// What a webhook says against a request, as the client is told.
#pragma once

#include <string_view>

#include "base/result.h"
#include "base/value.h"

namespace plinth::server {

// `status`: the Status of the webhook's answer; null: it says nothing. Its code, reason and details are kept, as upstream does;
// a code that is no refusal becomes 400, and a reason that is none of Kubernetes' own is left out.
Error webhook_denial(std::string_view webhook, const Value& status);

}  // namespace plinth::server
