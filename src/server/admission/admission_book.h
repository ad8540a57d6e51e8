// What is configured for admission - webhooks, policies and their bindings - parsed once for each revision of an object, and
// indexed by the resources that it is for. A request that nothing is for pays for one look at the index.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "api/cel/admission_program.h"
#include "server/admission/request_match.h"
#include "server/parsed_records.h"

namespace plinth::server {

// One webhook of a configuration. Immutable.
struct Webhook {
  Document configuration;  // keeps `webhook` alive
  std::string configuration_name;
  Value webhook;  // an item of its `webhooks`
  RequestMatch match;
  api::MatchConditions conditions;
  std::string_view name() const { return webhook["name"].as_string(); }
  bool ignores_failure() const { return webhook["failurePolicy"].as_string() == "Ignore"; }
  bool reinvokes() const { return webhook["reinvocationPolicy"].as_string() == "IfNeeded"; }
};
using WebhookPtr = std::shared_ptr<const Webhook>;

struct PolicyBinding {
  Document object;
  std::string name, policy;
  std::optional<RequestMatch> match;  // nothing: every request that the policy is for
};

// A policy; its expressions are compiled when a request is for it first.
class AdmissionPolicy {
 public:
  AdmissionPolicy(Document object, std::string name);
  const std::string& name() const { return name_; }
  const Document& object() const { return object_; }
  bool ignores_failure() const { return object_["spec"]["failurePolicy"].as_string() == "Ignore"; }
  const RequestMatch& match() const { return match_; }
  const api::PolicyProgram& program() const;

 private:
  Document object_;
  std::string name_;
  RequestMatch match_;
  mutable std::once_flag compiled_;
  mutable std::unique_ptr<const api::PolicyProgram> program_;
};

// A policy that is in force.
struct BoundPolicy {
  std::shared_ptr<const AdmissionPolicy> policy;
  std::vector<std::shared_ptr<const PolicyBinding>> bindings;
};

// Things by the resources that they are for, in order.
template <typename T>
class ByResource {
 public:
  void add(T thing, const std::vector<std::string>& resources) {
    if (resources.empty()) anywhere_.push_back(things_.size());
    for (const std::string& key : resources) places_[key].push_back(things_.size());
    things_.push_back(std::move(thing));
  }
  bool empty() const { return things_.empty(); }
  // Those that may be for a request, in the order in which they were added.
  std::vector<const T*> find(const std::string& key) const {
    std::vector<const T*> out;
    const auto found = places_.find(key);
    if (found == places_.end() && anywhere_.empty()) return out;
    std::vector<std::size_t> at = anywhere_;
    if (found != places_.end()) at.insert(at.end(), found->second.begin(), found->second.end());
    std::sort(at.begin(), at.end());
    for (const std::size_t i : at) out.push_back(&things_[i]);
    return out;
  }

 private:
  std::vector<T> things_;
  std::unordered_map<std::string, std::vector<std::size_t>> places_;
  std::vector<std::size_t> anywhere_;
};

// One state of the configuration. Immutable, any thread.
struct AdmissionState {
  ByResource<WebhookPtr> mutating, validating;  // by name of the configuration, then as listed
  ByResource<BoundPolicy> policies;             // by name
};
using AdmissionStatePtr = std::shared_ptr<const AdmissionState>;

// Any thread.
class AdmissionBook {
 public:
  AdmissionBook();
  AdmissionStatePtr at(const store::Snapshot& snapshot);

 private:
  struct Parsed {
    std::vector<WebhookPtr> webhooks;
    std::shared_ptr<const AdmissionPolicy> policy;
    std::shared_ptr<const PolicyBinding> binding;
  };
  static Parsed parse(const store::Record& record);
  void rebuild();

  std::mutex mutex_;
  AdmissionStatePtr state_ = std::make_shared<const AdmissionState>();
  ParsedRecords<Parsed> records_;
};

}  // namespace plinth::server
