#include "server/admission/webhooks.h"

#include "api/json_patch.h"
#include "base/quoted.h"
#include "server/admission/webhook_call.h"

namespace plinth::server {
namespace {

// dryRun must not reach a webhook that does things.
Result<void> check_dry_run(const AdmissionRequest& request, const Webhook& webhook) {
  if (!request.dry_run) return {};
  const std::string_view effects = webhook.webhook["sideEffects"].as_string();
  if (effects == "None" || effects == "NoneOnDryRun") return {};
  return bad_request("admission webhook " + quoted(webhook.name()) + " does not support dry run");
}

// What follows from one answer: an error refuses the request.
Result<void> settle(AdmissionRequest& request, const Webhook& webhook, Result<WebhookAnswer>& answer) {
  if (!answer.ok()) {
    if (webhook.ignores_failure()) return {};
    return std::move(answer).error();
  }
  for (std::string& warning : answer->warnings) request.warnings.push_back(std::move(warning));
  if (!answer->allowed) return std::move(answer->denial);
  return {};
}

class MutatingCalls : public std::enable_shared_from_this<MutatingCalls> {
 public:
  MutatingCalls(ServerContext& context, Loop& loop, AdmissionRequest& request, std::vector<WebhookPtr> webhooks,
                UniqueFunction<void(Result<bool>)> done)
      : context_(context), loop_(loop), request_(request), webhooks_(std::move(webhooks)), changed_after_(webhooks_.size(), false),
        done_(std::move(done)) {}

  void next() {
    for (;; ++at_) {
      while (at_ < webhooks_.size() && again_ && !(webhooks_[at_]->reinvokes() && changed_after_[at_])) ++at_;
      if (at_ == webhooks_.size()) {
        if (again_ || !any_reinvocation()) return done_(changed_);
        again_ = true;
        at_ = 0;
        return next();
      }
      auto concerned = meets_conditions(context_, request_, *webhooks_[at_]);
      if (!concerned.ok()) return done_(std::move(concerned).error());
      if (*concerned) break;
    }
    auto allowed = check_dry_run(request_, *webhooks_[at_]);
    if (!allowed.ok()) return done_(std::move(allowed).error());
    auto self = shared_from_this();
    call_webhook(context_, loop_, request_, webhooks_[at_], [self](Result<WebhookAnswer> answer) { self->answered(std::move(answer)); });
  }

 private:
  bool any_reinvocation() const {
    for (std::size_t i = 0; i < webhooks_.size(); ++i) {
      if (webhooks_[i]->reinvokes() && changed_after_[i]) return true;
    }
    return false;
  }

  void answered(Result<WebhookAnswer> answer) {
    const Webhook& webhook = *webhooks_[at_];
    auto settled = settle(request_, webhook, answer);
    if (!settled.ok()) return done_(std::move(settled).error());
    if (answer.ok() && !answer->patch.is_null()) {
      auto patched = api::json_patch(request_.object->view(), answer->patch);
      if (!patched.ok()) return done_(internal_error("the patch of webhook " + quoted(webhook.name()) + " does not apply: " + patched.error().message()));
      if (!equal(patched->root(), request_.object->root())) {
        *request_.object = Draft(*patched);
        changed_ = true;
        for (std::size_t i = 0; i < at_; ++i) changed_after_[i] = true;
      }
    }
    ++at_;
    next();
  }

  ServerContext& context_;
  Loop& loop_;
  AdmissionRequest& request_;
  std::vector<WebhookPtr> webhooks_;
  std::vector<bool> changed_after_;  // the object changed after this webhook saw it
  UniqueFunction<void(Result<bool>)> done_;
  std::size_t at_ = 0;
  bool changed_ = false, again_ = false;
};

struct ValidatingCalls {
  std::vector<WebhookPtr> webhooks;
  std::size_t open = 0;
  std::optional<Error> refused;
  UniqueFunction<void(Result<void>)> done;
};

}  // namespace

void call_mutating_webhooks(ServerContext& context, Loop& loop, AdmissionRequest& request, UniqueFunction<void(Result<bool>)> done) {
  std::vector<WebhookPtr> webhooks = matching_webhooks(context, request, WebhookType::kMutating);
  if (webhooks.empty()) return done(false);
  std::make_shared<MutatingCalls>(context, loop, request, std::move(webhooks), std::move(done))->next();
}

void call_validating_webhooks(ServerContext& context, Loop& loop, AdmissionRequest& request, UniqueFunction<void(Result<void>)> done) {
  auto calls = std::make_shared<ValidatingCalls>();
  calls->webhooks = matching_webhooks(context, request, WebhookType::kValidating);
  if (calls->webhooks.empty()) return done(Result<void>());
  for (const WebhookPtr& webhook : std::exchange(calls->webhooks, {})) {
    auto concerned = meets_conditions(context, request, *webhook);
    if (!concerned.ok()) return done(std::move(concerned).error());
    if (!*concerned) continue;
    auto allowed = check_dry_run(request, *webhook);
    if (!allowed.ok()) return done(std::move(allowed));
    calls->webhooks.push_back(webhook);
  }
  if (calls->webhooks.empty()) return done(Result<void>());
  calls->done = std::move(done);
  calls->open = calls->webhooks.size();
  for (std::size_t i = 0; i < calls->webhooks.size(); ++i) {
    call_webhook(context, loop, request, calls->webhooks[i], [calls, i, &request](Result<WebhookAnswer> answer) {
      auto settled = settle(request, *calls->webhooks[i], answer);
      if (!settled.ok() && !calls->refused) calls->refused = std::move(settled).error();
      if (--calls->open > 0) return;
      if (calls->refused) calls->done(std::move(*calls->refused));
      else calls->done(Result<void>());
    });
  }
}

}  // namespace plinth::server
