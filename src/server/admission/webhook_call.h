// One call of one webhook: AdmissionReview out, AdmissionReview in.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "net/http.h"
#include "server/admission/webhook_match.h"

namespace plinth::server {

// HTTP clients, one for each loop that calls webhooks. Any thread.
class WebhookClients {
 public:
  WebhookClients(Network& network, Clock& clock) : network_(network), clock_(clock) {}
  net::HttpClient& on(Loop& loop);

 private:
  Network& network_;
  Clock& clock_;
  std::mutex mutex_;
  std::map<Loop*, std::unique_ptr<net::HttpClient>> clients_;
};

struct WebhookAnswer {
  bool allowed = true;
  Error denial{Reason::kForbidden, ""};  // when not allowed
  Document patch;                        // JSON Patch operations; null when there are none
  std::vector<std::string> warnings;
};

// An error is a failure to get an answer (connection, time, malformed answer), which failurePolicy decides about.
void call_webhook(ServerContext& context, Loop& loop, const AdmissionRequest& request, const WebhookPtr& webhook,
                  UniqueFunction<void(Result<WebhookAnswer>)> done);

}  // namespace plinth::server
