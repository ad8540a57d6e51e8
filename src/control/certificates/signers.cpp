#include "control/certificates/signers.h"

#include <algorithm>
#include <set>

namespace plinth::control {
namespace {

using Request = CertificateAuthority::Request;
using Refusal = std::optional<std::string>;

constexpr std::string_view kNodesGroup = "system:nodes", kNodePrefix = "system:node:";
constexpr std::string_view kSignature = "digital signature", kEncipherment = "key encipherment";
constexpr std::string_view kClientAuth = "client auth", kServerAuth = "server auth";

constexpr std::int64_t kBackdateSeconds = 5 * 60;  // clocks of others may be behind
constexpr std::int64_t kLongestSeconds = 365 * 24 * 3600;
constexpr std::int64_t kShortestSeconds = 10 * 60;
// What is good for less than that ends as late as was asked for, although it began earlier.
constexpr std::int64_t kShortLivedSeconds = 8 * 3600;

// Exactly `purpose` and digital signature, with key encipherment (keys of RSA) or without.
bool has_usages(const Value& usages, std::string_view purpose) {
  std::set<std::string_view> given;
  for (const Value& usage : usages.items()) given.insert(usage.as_string());
  given.erase(kEncipherment);
  return given == std::set<std::string_view>{kSignature, purpose};
}

std::string usages_did_not_match(std::string_view purpose) {
  std::vector<std::string_view> names = {kSignature, kEncipherment, purpose};
  std::sort(names.begin(), names.end());
  std::string text = "usages did not match [";
  for (std::string_view name : names) text += std::string(name == names.front() ? "" : " ").append(name);
  return text + "]";
}

bool is_of_nodes(const Request& request) { return request.organizations == std::vector<std::string>{std::string(kNodesGroup)}; }

Refusal refuse_kubelet_client(const Request& request, const Value& usages) {
  if (!is_of_nodes(request)) return "subject organization is not system:nodes";
  if (request.dns_names > 0) return "DNS subjectAltNames are not allowed";
  if (request.email_addresses > 0) return "Email subjectAltNames are not allowed";
  if (request.ip_addresses > 0) return "IP subjectAltNames are not allowed";
  if (request.uris > 0) return "URI subjectAltNames are not allowed";
  if (!request.common_name.starts_with(kNodePrefix)) return "subject common name does not begin with system:node:";
  if (!has_usages(usages, kClientAuth)) return usages_did_not_match(kClientAuth);
  return {};
}

Refusal refuse_kubelet_serving(const Request& request, const Value& usages) {
  if (!is_of_nodes(request)) return "subject organization is not system:nodes";
  if (request.dns_names + request.ip_addresses == 0) return "DNS or IP subjectAltName is required";
  if (request.email_addresses > 0) return "Email subjectAltNames are not allowed";
  if (request.uris > 0) return "URI subjectAltNames are not allowed";
  if (!has_usages(usages, kServerAuth)) return usages_did_not_match(kServerAuth);
  if (!request.common_name.starts_with(kNodePrefix)) return "subject common name does not begin with system:node:";
  return {};
}

Refusal refuse_api_client(const Request&, const Value& usages) {
  bool is_client = false;
  for (const Value& usage : usages.items()) {
    const std::string_view name = usage.as_string();
    is_client = is_client || name == kClientAuth;
    if (name != kClientAuth && name != kSignature && name != kEncipherment) {
      return "invalid usage for client certificate: " + std::string(name);
    }
  }
  if (!is_client) return "missing required usage for client certificate: client auth";
  return {};
}

constexpr Signer kSigners[] = {
    {kApiServerClientSigner, refuse_api_client},
    {kKubeletClientSigner, refuse_kubelet_client},
    {kKubeletServingSigner, refuse_kubelet_serving},
};

}  // namespace

const Signer* find_signer(std::string_view name) {
  for (const Signer& signer : kSigners) {
    if (signer.name == name) return &signer;
  }
  return nullptr;
}

bool is_kubelet_client(const Request& request, const Value& usages) { return !refuse_kubelet_client(request, usages); }

std::optional<Validity> validity(const Value& seconds, std::int64_t now_s, std::int64_t authority_end_s) {
  if (now_s >= authority_end_s) return std::nullopt;
  const std::int64_t lasts =
      seconds.is_null() ? kLongestSeconds : std::clamp(seconds.as_int(), kShortestSeconds, kLongestSeconds);
  const std::int64_t end = now_s + lasts - (lasts < kShortLivedSeconds ? 0 : kBackdateSeconds);
  return Validity{now_s - kBackdateSeconds, std::min(end, authority_end_s)};
}

}  // namespace plinth::control
