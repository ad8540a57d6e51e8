#include "server/admission/webhooks.h"

#include "api/json_patch.h"
#include "base/quoted.h"
#include "server/admission/webhook_call.h"
#include "server/costly_work.h"

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
      : context_(context),
        loop_(loop),
        request_(request),
        webhooks_(std::move(webhooks)),
        changed_after_(webhooks_.size(), false),
        done_(std::move(done)) {}

  void next() {
    while (at_ < webhooks_.size() && again_ && !(webhooks_[at_]->reinvokes() && changed_after_[at_])) ++at_;
    if (at_ < webhooks_.size()) return webhooks_[at_]->conditions.empty() ? call() : ask_conditions();
    if (again_ || !any_reinvocation()) return done_(changed_);
    again_ = true;
    at_ = 0;
    next();
  }

 private:
  void ask_conditions() {
    auto self = shared_from_this();
    auto concerned = std::make_shared<Result<bool>>(false);
    run_costly(
        context_, loop_,
        [self, concerned](api::CostAllowance& allowance) {
          *concerned = meets_conditions(self->context_, self->request_, *self->webhooks_[self->at_], allowance);
        },
        [self, concerned](Result<void> ran) {
          if (!ran.ok()) return self->done_(std::move(ran).error());
          if (!concerned->ok()) return self->done_(std::move(*concerned).error());
          if (**concerned) return self->call();
          ++self->at_;
          self->next();
        });
  }

  void call() {
    auto allowed = check_dry_run(request_, *webhooks_[at_]);
    if (!allowed.ok()) return done_(std::move(allowed).error());
    auto self = shared_from_this();
    call_webhook(context_, loop_, request_, webhooks_[at_],
                 [self](Result<WebhookAnswer> answer) { self->answered(std::move(answer)); });
  }

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
      if (!patched.ok())
        return done_(
            internal_error("the patch of webhook " + quoted(webhook.name()) + " does not apply: " + patched.error().message()));
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
  ServerContext& context;
  Loop& loop;
  AdmissionRequest& request;
  std::vector<WebhookPtr> webhooks;
  UniqueFunction<void(Result<void>)> done;
  std::size_t open = 0;
  std::optional<Error> refused;
};

// Those whose conditions the request meets.
Result<std::vector<WebhookPtr>> concerned_webhooks(const ValidatingCalls& calls, api::CostAllowance& allowance) {
  std::vector<WebhookPtr> out;
  for (const WebhookPtr& webhook : calls.webhooks) {
    if (!TRY(meets_conditions(calls.context, calls.request, *webhook, allowance))) continue;
    TRY(check_dry_run(calls.request, *webhook));
    out.push_back(webhook);
  }
  return out;
}

void call_all(const std::shared_ptr<ValidatingCalls>& calls) {
  if (calls->webhooks.empty()) return calls->done(Result<void>());
  calls->open = calls->webhooks.size();
  for (std::size_t i = 0; i < calls->webhooks.size(); ++i) {
    call_webhook(calls->context, calls->loop, calls->request, calls->webhooks[i], [calls, i](Result<WebhookAnswer> answer) {
      auto settled = settle(calls->request, *calls->webhooks[i], answer);
      if (!settled.ok() && !calls->refused) calls->refused = std::move(settled).error();
      if (--calls->open > 0) return;
      if (calls->refused)
        calls->done(std::move(*calls->refused));
      else
        calls->done(Result<void>());
    });
  }
}

}  // namespace

void call_mutating_webhooks(ServerContext& context, Loop& loop, AdmissionRequest& request,
                            UniqueFunction<void(Result<bool>)> done) {
  std::vector<WebhookPtr> webhooks = matching_webhooks(context, request, WebhookType::kMutating);
  if (webhooks.empty()) return done(false);
  std::make_shared<MutatingCalls>(context, loop, request, std::move(webhooks), std::move(done))->next();
}

void call_validating_webhooks(ServerContext& context, Loop& loop, AdmissionRequest& request,
                              UniqueFunction<void(Result<void>)> done) {
  std::vector<WebhookPtr> webhooks = matching_webhooks(context, request, WebhookType::kValidating);
  if (webhooks.empty()) return done(Result<void>());
  auto calls = std::make_shared<ValidatingCalls>(ValidatingCalls{context, loop, request, std::move(webhooks), std::move(done)});
  auto concerned = std::make_shared<Result<std::vector<WebhookPtr>>>(std::vector<WebhookPtr>());
  run_costly(
      context, loop, [calls, concerned](api::CostAllowance& allowance) { *concerned = concerned_webhooks(*calls, allowance); },
      [calls, concerned](Result<void> ran) {
        if (!ran.ok()) return calls->done(std::move(ran));
        if (!concerned->ok()) return calls->done(std::move(*concerned).error());
        calls->webhooks = std::move(**concerned);
        call_all(calls);
      });
}

}  // namespace plinth::server
