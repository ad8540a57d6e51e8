#include "server/admission/admission_book.h"

#include "server/object_codec.h"

namespace plinth::server {
namespace {

constexpr std::string_view kPrefix = "/admissionregistration.k8s.io/";
constexpr std::string_view kMutating = "/admissionregistration.k8s.io/mutatingwebhookconfigurations/";
constexpr std::string_view kValidating = "/admissionregistration.k8s.io/validatingwebhookconfigurations/";
constexpr std::string_view kPolicies = "/admissionregistration.k8s.io/validatingadmissionpolicies/";
constexpr std::string_view kBindings = "/admissionregistration.k8s.io/validatingadmissionpolicybindings/";

}  // namespace

AdmissionPolicy::AdmissionPolicy(Document object, std::string name)
    : object_(std::move(object)),
      name_(std::move(name)),
      match_(object_["spec"]["matchConstraints"], "resourceRules", "excludeResourceRules") {}

const api::PolicyProgram& AdmissionPolicy::program() const {
  std::call_once(compiled_, [this] { program_ = std::make_unique<const api::PolicyProgram>(object_); });
  return *program_;
}

AdmissionBook::AdmissionBook() : records_(kPrefix) {}

AdmissionBook::Parsed AdmissionBook::parse(const store::Record& record) {
  Parsed out;
  auto object = decode_record(record, "", false);
  if (!object.ok()) return out;
  const std::string_view key = record.key();
  const std::string name(key_name(key));
  if (key.starts_with(kMutating) || key.starts_with(kValidating)) {
    for (const Value& webhook : (*object)["webhooks"].items()) {
      out.webhooks.push_back(std::make_shared<const Webhook>(Webhook{*object, name, webhook, RequestMatch(webhook, "rules"),
                                                                     api::MatchConditions(webhook["matchConditions"], false)}));
    }
  } else if (key.starts_with(kPolicies)) {
    out.policy = std::make_shared<const AdmissionPolicy>(*object, name);
  } else if (key.starts_with(kBindings)) {
    auto binding = std::make_shared<PolicyBinding>();
    binding->object = *object;
    binding->name = name;
    binding->policy = (*object)["spec"]["policyName"].as_string();
    const Value match = (*object)["spec"]["matchResources"];
    if (match.is_object()) binding->match.emplace(match, "resourceRules", "excludeResourceRules");
    out.binding = std::move(binding);
  }
  return out;
}

void AdmissionBook::rebuild() {
  auto state = std::make_shared<AdmissionState>();
  for (const auto& [key, parsed] : records_.by_key()) {
    auto& webhooks = key.starts_with(kMutating) ? state->mutating : state->validating;
    for (const WebhookPtr& webhook : parsed.webhooks) webhooks.add(webhook, webhook->match.resources());
    if (parsed.policy == nullptr) continue;
    BoundPolicy bound{parsed.policy, {}};
    for (const auto& [other, candidate] : records_.by_key()) {
      if (candidate.binding != nullptr && candidate.binding->policy == parsed.policy->name())
        bound.bindings.push_back(candidate.binding);
    }
    if (!bound.bindings.empty()) state->policies.add(std::move(bound), parsed.policy->match().resources());
  }
  state_ = std::move(state);
}

AdmissionStatePtr AdmissionBook::at(const store::Snapshot& snapshot) {
  std::lock_guard lock(mutex_);
  if (!records_.covers(snapshot) && records_.follow(snapshot, parse)) rebuild();
  return state_;
}

}  // namespace plinth::server
