#include "server/admission/webhook_call.h"

#include "base/base64.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/quoted.h"
#include "net/tls.h"
#include "server/admission/admission_attributes.h"
#include "server/admission/webhook_address.h"
#include "server/admission/webhook_denial.h"
#include "server/object_codec.h"

namespace plinth::server {
namespace {

constexpr std::size_t kAnswerBytesMax = 16 * 1024 * 1024;

std::string review_json(const AdmissionRequest& request, const std::string& uid) {
  Draft d;
  d.root() = d.object();
  d.set(d.root(), "kind", "AdmissionReview");
  d.set(d.root(), "apiVersion", "admission.k8s.io/v1");
  Value& r = d.member(d.root(), "request");
  r = describe_request(d, request);
  d.set(r, "uid", uid);
  if (request.object != nullptr) d.set(r, "object", d.clone(request.object->root()));
  if (!request.old_object.is_null()) d.set(r, "oldObject", d.clone(request.old_object.root()));
  return to_json(d.root());
}

Error failure(const Webhook& webhook, std::string_view why) {
  return internal_error("failed calling webhook " + quoted(webhook.name()) + ": " + std::string(why));
}

Result<WebhookAnswer> read_answer(const Webhook& webhook, const std::string& uid, const net::HttpResponse& response) {
  if (response.status != 200) return failure(webhook, "the answer has status " + std::to_string(response.status));
  auto body = parse_json(flatten(response.body));
  if (!body.ok()) return failure(webhook, body.error().message());
  const Value answer = (*body)["response"];
  if (!answer.is_object()) return failure(webhook, "the answer has no response");
  if (answer["uid"].as_string() != uid)
    return failure(webhook, "expected response.uid=" + quoted(uid) + ", got " + quoted(answer["uid"].as_string()));
  WebhookAnswer out;
  for (const Value& warning : answer["warnings"].items()) out.warnings.emplace_back(warning.as_string());
  out.allowed = answer["allowed"].as_bool();
  if (!out.allowed) {
    out.denial = webhook_denial(webhook.name(), answer["status"]);
    return out;
  }
  const std::string_view patch = answer["patch"].as_string();
  if (patch.empty()) return out;
  if (answer["patchType"].as_string() != "JSONPatch")
    return failure(webhook, "unsupported patch type " + quoted(answer["patchType"].as_string()));
  auto text = base64_decode(patch);
  if (!text) return failure(webhook, "response.patch is not base64");
  auto operations = parse_json(*text);
  if (!operations.ok()) return failure(webhook, operations.error().message());
  out.patch = std::move(*operations);
  return out;
}

}  // namespace

net::HttpClient& WebhookClients::on(Loop& loop) {
  std::lock_guard lock(mutex_);
  auto& client = clients_[&loop];
  if (client == nullptr) client = net::make_http_client(loop, network_, clock_);
  return *client;
}

void call_webhook(ServerContext& context, Loop& loop, const AdmissionRequest& request, const WebhookPtr& called,
                  UniqueFunction<void(Result<WebhookAnswer>)> done) {
  const Webhook& webhook = *called;
  auto address = webhook_address(webhook.webhook["clientConfig"], *request.snapshot);
  if (!address.ok()) return done(failure(webhook, address.error().message()));
  auto tls = net::make_client_context(address->ca_pem, net::KeyPair(), /*insecure_skip_verify=*/false);
  if (!tls.ok()) return done(failure(webhook, tls.error().message()));

  const std::string uid = new_uuid(*context.entropy);
  net::HttpRequest call;
  call.method = "POST";
  const std::int64_t seconds = webhook.webhook["timeoutSeconds"].is_int() ? webhook.webhook["timeoutSeconds"].as_int() : 10;
  call.target =
      address->path + (address->path.find('?') == std::string::npos ? "?" : "&") + "timeout=" + std::to_string(seconds) + "s";
  call.host = address->server_name;
  call.headers.add("content-type", "application/json");
  call.headers.add("accept", "application/json");
  call.body = review_json(request, uid);
  net::HttpClient::Options options;
  options.timeout = std::chrono::seconds(seconds);
  options.body_bytes_max = kAnswerBytesMax;
  options.server_name = address->server_name;
  auto finish = [called, uid, done = std::make_shared<UniqueFunction<void(Result<WebhookAnswer>)>>(std::move(done))](
                    Result<net::HttpResponse> response) {
    if (!response.ok()) return (*done)(failure(*called, response.error().message()));
    (*done)(read_answer(*called, uid, *response));
  };
  context.webhook_clients->on(loop).send(address->dial, *tls, std::move(call), options, std::move(finish));
}

}  // namespace plinth::server
