// Which webhooks a request goes to.
#pragma once

#include <string>
#include <vector>

#include "base/value.h"
#include "server/admission/admission.h"

namespace plinth::server {

enum class WebhookType : std::uint8_t { kMutating, kValidating };

struct Webhook {
  Document configuration;  // keeps `webhook` alive
  std::string configuration_name;
  Value webhook;           // an item of its `webhooks`
  std::string_view name() const { return webhook["name"].as_string(); }
  bool ignores_failure() const { return webhook["failurePolicy"].as_string() == "Ignore"; }
  bool reinvokes() const { return webhook["reinvocationPolicy"].as_string() == "IfNeeded"; }
};

// In the order of calling: by name of the configuration, then as listed. Configurations and policies themselves never match.
std::vector<Webhook> matching_webhooks(const ServerContext& context, const AdmissionRequest& request, WebhookType type);

}  // namespace plinth::server
