#include "server/admission/webhook_address.h"

#include "base/base64.h"
#include "base/quoted.h"
#include "server/object_codec.h"

namespace plinth::server {
namespace {

Result<WebhookAddress> from_url(std::string_view url) {
  constexpr std::string_view kScheme = "https://";
  if (url.substr(0, kScheme.size()) != kScheme) return bad_request("the url must start with https://");
  url.remove_prefix(kScheme.size());
  const std::size_t slash = url.find('/');
  const std::string authority(url.substr(0, slash));
  WebhookAddress out;
  out.path = slash == std::string_view::npos ? "/" : std::string(url.substr(slash));
  const std::size_t colon = authority.rfind(':');
  const bool has_port = colon != std::string::npos && authority.find(']', colon) == std::string::npos;
  out.dial = has_port ? authority : authority + ":443";
  out.server_name = has_port ? authority.substr(0, colon) : authority;
  if (out.server_name.size() > 2 && out.server_name.front() == '[')
    out.server_name = out.server_name.substr(1, out.server_name.size() - 2);
  return out;
}

Result<Document> read(const store::Snapshot& snapshot, const std::string& key, std::string_view what) {
  store::RecordPtr record = snapshot.get(key);
  if (record == nullptr) return Error(Reason::kNotFound, std::string(what) + " not found");
  return decode_record(*record, "", false);
}

// Name of the service's port that was asked for, by number; endpoints repeat the name.
Result<std::string> port_name(const Value& service, std::int64_t port) {
  for (const Value& p : service["spec"]["ports"].items()) {
    if (p["port"].as_int() == port) return std::string(p["name"].as_string());
  }
  return Error(Reason::kServiceUnavailable, "the service has no port " + std::to_string(port));
}

Result<std::string> ready_address(const Value& endpoints, std::string_view name) {
  for (const Value& subset : endpoints["subsets"].items()) {
    for (const Value& p : subset["ports"].items()) {
      if (p["name"].as_string() != name || subset["addresses"].size() == 0) continue;
      return std::string(subset["addresses"].items()[0]["ip"].as_string()) + ":" + std::to_string(p["port"].as_int());
    }
  }
  return Error(Reason::kServiceUnavailable, "no endpoints available for the service");
}

Result<WebhookAddress> from_service(const Value& service_ref, const store::Snapshot& snapshot) {
  const std::string name(service_ref["name"].as_string());
  const std::string name_space(service_ref["namespace"].as_string());
  const std::int64_t port = service_ref["port"].is_int() ? service_ref["port"].as_int() : 443;
  const std::string what = "service " + quoted(name_space + "/" + name);
  const Document service = TRY(read(snapshot, "/core/services/" + name_space + "/" + name, what));
  WebhookAddress out;
  out.server_name = name + "." + name_space + ".svc";
  out.path = service_ref["path"].as_string().empty() ? "/" : std::string(service_ref["path"].as_string());
  if (service["spec"]["type"].as_string() == "ExternalName") {
    out.dial = std::string(service["spec"]["externalName"].as_string()) + ":" + std::to_string(port);
    return out;
  }
  const Document endpoints = TRY(read(snapshot, "/core/endpoints/" + name_space + "/" + name, "endpoints of " + what));
  out.dial = TRY(ready_address(endpoints.root(), TRY(port_name(service.root(), port))));
  return out;
}

}  // namespace

Result<WebhookAddress> webhook_address(const Value& client_config, const store::Snapshot& snapshot) {
  const std::string_view url = client_config["url"].as_string();
  WebhookAddress out = url.empty() ? TRY(from_service(client_config["service"], snapshot)) : TRY(from_url(url));
  if (auto ca = base64_decode(client_config["caBundle"].as_string())) out.ca_pem = std::move(*ca);
  return out;
}

}  // namespace plinth::server
