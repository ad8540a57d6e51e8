// For tests: the pipeline of writes and reads over a store in memory, with an admission chain of the test's choice.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "server/admission/admission.h"
#include "server/admission/admission_book.h"
#include "server/admission/webhook_call.h"
#include "server/context.h"
#include "server/exchange.h"
#include "server/local_responder.h"
#include "server/read/current_forms.h"
#include "server/read/decoded_objects.h"
#include "server/read/list.h"
#include "server/read/watch.h"
#include "server/resources/routes.h"
#include "world_sim/sim_world.h"

namespace plinth::server {

class PipelineBench {
 public:
  explicit PipelineBench(std::vector<std::unique_ptr<AdmissionPlugin>> plugins)
      : loop_(world_.new_loop("server")),
        pins_(world_.clock(), std::chrono::minutes(5), 10),
        admission_(std::move(plugins)),
        webhooks_(world_.network(), world_.clock()) {
    store::StoreOptions options;
    options.directory = ":memory:";
    store::StoreWiring wiring;
    wiring.loop = &loop_;
    store_ = std::move(store::make_store(options, world_.world(), wiring)).value();
    registry_.sync(*store_->snapshot());
    context_.clock = &world_.clock();
    context_.entropy = &world_.entropy();
    context_.network = &world_.network();
    context_.pool = &pool_;
    context_.store = store_.get();
    context_.registry = &registry_;
    context_.forms = &forms_;
    context_.decoded = &decoded_;
    context_.pins = &pins_;
    context_.watches = &watches_;
    context_.admission = &admission_;
    context_.admission_book = &admission_book_;
    context_.webhook_clients = &webhooks_;
  }
  ~PipelineBench() { store_->close(); }

  LocalAnswer call(const std::string& method, const std::string& target, const std::string& body = "",
                   const std::string& content_type = "application/json") {
    net::HttpRequest request;
    request.method = method;
    request.target = target;
    request.body = body;
    if (!body.empty()) request.headers.add("content-type", content_type);
    if (!accept.empty()) request.headers.add("accept", accept);
    auto user = std::make_shared<auth::UserInfo>();
    user->name = "tester";
    auto answer = std::make_shared<std::optional<LocalAnswer>>();
    auto head = [this](const net::HttpResponse& response) {
      warning = response.headers.get("warning");
      answer_type = response.headers.get("content-type");
    };
    auto body_text = std::make_shared<std::string>();
    auto status = std::make_shared<int>(0);
    auto responder = std::make_shared<LocalResponder>(
        loop_,
        [head, status](const net::HttpResponse& response) {
          *status = response.status;
          head(response);
        },
        [body_text](ByteChain chunk) { *body_text += flatten(chunk); },
        [answer, body_text, status](bool) {
          *answer = LocalAnswer{*status, *body_text};
        });
    auto info = parse_request_info(method, target);
    auto exchange =
        std::make_shared<Exchange>(std::move(request), std::move(info).value(), std::move(user), responder, "audit");
    loop_.post([this, exchange] { serve_resource(context_, exchange); });
    world_.run_until([&] { return answer->has_value(); }, std::chrono::seconds(60));
    return answer->value_or(LocalAnswer());
  }

  std::string accept;       // of requests from now on; "": any
  std::string answer_type;  // of the last answer
  // The Warning header of the last answer.
  std::string warning;
  ServerContext& context() { return context_; }
  // How often work left the loop.
  std::size_t pool_runs() const { return pool_.runs; }

 private:
  struct CountingPool final : Pool {
    explicit CountingPool(Pool& p) : pool(p) {}
    Result<void> run(Task task) override {
      ++runs;
      return pool.run(std::move(task));
    }
    Pool& pool;
    std::size_t runs = 0;
  };
  world_sim::SimWorld world_{1};
  CountingPool pool_{world_.pool()};
  world_sim::SimLoop& loop_;
  std::unique_ptr<store::Store> store_;
  KindRegistry registry_;
  CurrentForms forms_{1 << 20};
  DecodedObjects decoded_{1 << 20};
  PinnedSnapshots pins_;
  WatchBook watches_;
  AdmissionChain admission_;
  AdmissionBook admission_book_;
  WebhookClients webhooks_;
  ServerContext context_;
};

}  // namespace plinth::server
