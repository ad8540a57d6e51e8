// Certificate signing requests: the spec never changes; conditions and certificate each have their own subresource.
#include <algorithm>
#include <set>

#include <fmt/core.h>

#include "api/go_base64.h"
#include "api/strategies/draft_tools.h"
#include "api/strategies/field_ref.h"
#include "api/strategies/strategy_tables.h"

namespace plinth::api {
namespace {

constexpr std::int64_t kSecondsMin = 600;
constexpr std::string_view kUsages[] = {"any",
                                        "cert sign",
                                        "client auth",
                                        "code signing",
                                        "content commitment",
                                        "crl sign",
                                        "data encipherment",
                                        "decipher only",
                                        "digital signature",
                                        "email protection",
                                        "encipher only",
                                        "ipsec end system",
                                        "ipsec tunnel",
                                        "ipsec user",
                                        "key agreement",
                                        "key encipherment",
                                        "microsoft sgc",
                                        "netscape sgc",
                                        "ocsp signing",
                                        "s/mime",
                                        "server auth",
                                        "signing",
                                        "timestamping"};

// "example.com/name"
void validate_signer(const FieldRef& signer) {
  if (!signer.require()) return;
  const std::string_view text = signer.text();
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == text.size()) {
    return signer.invalid("must be a fully qualified domain and path of the form 'example.com/signer-name'");
  }
  for (std::string& problem : check_dns1123_subdomain(text.substr(0, slash))) signer.invalid(std::move(problem));
  if (text.substr(0, slash).find('.') == std::string_view::npos) {
    signer.invalid("should be a domain with at least two segments separated by dots");
  }
  if (text == "kubernetes.io/legacy-unknown") signer.invalid("the legacy signerName is not allowed via this API version");
}

void validate_request(const FieldRef& request) {
  if (!request.require()) return;
  const auto pem = go_base64_decode(request.text());
  if (!pem.ok() || pem->find("-----BEGIN CERTIFICATE REQUEST-----") == std::string::npos) {
    request.invalid("PEM block type must be CERTIFICATE REQUEST");
  }
}

// What decides about a request: only the approval endpoint adds the first two, and nobody takes one away.
constexpr std::string_view kDecisions[] = {"Approved", "Denied", "Failed"};

void validate_conditions(const FieldRef& conditions) {
  std::set<std::string_view> types;
  conditions.each_item([&](const FieldRef& condition, std::size_t) {
    const FieldRef type = condition["type"];
    type.require();
    const bool decides = std::find(std::begin(kDecisions), std::end(kDecisions), type.text()) != std::end(kDecisions);
    if (condition["status"].require()) {
      if (decides)
        condition["status"].one_of({"True"});
      else
        condition["status"].one_of({"False", "True", "Unknown"});
    }
    if (!types.insert(type.text()).second) type.duplicate();
  });
  if (types.contains("Approved") && types.contains("Denied")) {
    conditions.invalid("Denied", "Approved and Denied conditions are mutually exclusive");
  }
}

std::size_t count_of(const Value& conditions, std::string_view type) {
  return static_cast<std::size_t>(std::count_if(conditions.items().begin(), conditions.items().end(),
                                                [&](const Value& one) { return one["type"].as_string() == type; }));
}

void validate_signing_request(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef spec = root["spec"];
  const FieldRef usages = spec["usages"];
  const FieldRef seconds = spec["expirationSeconds"];
  std::set<std::string_view> seen;
  validate_request(spec["request"]);
  usages.require();
  usages.each_item([&](const FieldRef& usage, std::size_t) {
    usage.one_of(kUsages);
    if (!seen.insert(usage.text()).second) usage.duplicate();
  });
  validate_signer(spec["signerName"]);
  if (seconds.present() && seconds.number() < kSecondsMin) {
    seconds.invalid("may not specify a duration less than 600 seconds (10 minutes)");
  }
}

// Who asks is the server's to say; it fills username, uid, groups and extra before this runs.
void prepare_update(Draft& draft, const Value& old) {
  restore_member(draft, draft.root(), old, "spec");
  restore_member(draft, draft.root(), old, "status");
}

// Who writes the status may repeat a decision in other words, but it stays the one that was approved.
void prepare_status(Draft& draft, const Value& old) {
  const Value before = old["status"]["conditions"];
  for (const std::string_view type : {"Approved", "Denied"}) {
    const Value now = draft.root()["status"]["conditions"];
    if (count_of(now, type) != 1 || count_of(before, type) != 1) continue;
    Value& conditions = draft.member_path(draft.root(), {"status", "conditions"});
    for (Value& condition : draft.mutable_items(conditions)) {
      if (condition["type"].as_string() != type) continue;
      for (const Value& kept : before.items()) {
        if (kept["type"].as_string() == type) condition = draft.clone(kept);
      }
    }
  }
}

void validate_decisions(const FieldRef& root, const Value& old) {
  const FieldRef conditions = root["status.conditions"];
  const Value before = old["status"]["conditions"];
  validate_conditions(conditions);
  for (const std::string_view type : kDecisions) {
    if (count_of(conditions.value(), type) >= count_of(before, type)) continue;
    conditions.forbidden(fmt::format("updates may not remove a condition of type \"{}\"", type));
  }
}

void validate_status(const Value& object, const Value& old, FieldErrors& errors) {
  const FieldRef root(object, errors);
  validate_decisions(root, old);
  const FieldRef conditions = root["status.conditions"];
  for (const std::string_view type : {"Approved", "Denied"}) {
    if (count_of(conditions.value(), type) <= count_of(old["status"]["conditions"], type)) continue;
    conditions.forbidden(fmt::format("updates may not add a condition of type \"{}\"", type));
  }
  const Value issued = old["status"]["certificate"];
  if (!issued.as_string().empty() && !equal(root["status.certificate"].value(), issued)) {
    root["status.certificate"].forbidden("updates may not modify existing certificate content");
  }
}

// Approving never issues.
void validate_approval(std::string_view /*subresource*/, const Value& object, const Value& old, FieldErrors& errors) {
  const FieldRef root(object, errors);
  validate_decisions(root, old);
  const FieldRef certificate = root["status.certificate"];
  if (!same(certificate.value(), old["status"]["certificate"]))
    certificate.forbidden("updates may not set certificate content");
}

constexpr Strategy kStrategies[] = {
    {.group = "certificates.k8s.io",
     .kind = "CertificateSigningRequest",
     .status_resets = StatusResets::kConditions,
     .prepare_for_update = prepare_update,
     .prepare_for_status_update = prepare_status,
     .validate = validate_signing_request,
     .validate_status_update = validate_status,
     .validate_subresource = validate_approval},
};

}  // namespace

std::span<const Strategy> certificate_strategies() { return kStrategies; }

}  // namespace plinth::api
