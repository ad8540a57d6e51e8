// Which requests a webhook or a policy is for: rules, selectors, as they stand in webhook configurations and MatchResources.
// Parsed once.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/label_selector.h"
#include "server/admission/admission.h"

namespace plinth::server {

class RequestMatch {
 public:
  // `holder` has namespaceSelector, objectSelector and matchPolicy; `rules` are the member of that name, `excluded` too ("" for
  // none). The document outlives this.
  RequestMatch(const Value& holder, std::string_view rules, std::string_view excluded = "");

  // With matchPolicy Equivalent a rule for another served version of the same kind counts too.
  bool matches(const AdmissionRequest& request) const;
  // "group/resource" of each request that may match; empty: any may.
  const std::vector<std::string>& resources() const { return resources_; }

 private:
  bool matches_rules(const Value& rules, const AdmissionRequest& request) const;

  Value rules_, excluded_;
  bool is_equivalent_;
  bool is_open_;  // without rules everything matches
  // Nothing: a selector that cannot be read, which selects nothing.
  std::optional<api::LabelSelector> name_space_, object_;
  std::vector<std::string> resources_;
};

// "group/resource" of a request, as resources() has it.
std::string resource_key(const AdmissionRequest& request);

}  // namespace plinth::server
