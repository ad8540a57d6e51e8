// Rules in the form that answers a request in nanoseconds: every text carries its hash, verbs are bits.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/auth/attributes.h"
#include "server/auth/policy_rule.h"

namespace plinth::server::auth {

// A request prepared once and asked of many rules. A view of the attributes: valid while they are.
class RuleQuery {
 public:
  explicit RuleQuery(const Attributes& attributes);

 private:
  friend class CompiledRules;
  struct Text {
    std::uint64_t hash = 0;
    std::string_view text;
  };
  static Text hashed(std::string_view text);

  const Attributes& attributes_;
  std::uint16_t verb_bit_ = 0;  // 0: not one of the common verbs
  Text verb_, group_, resource_, any_resource_, name_;
  std::string resource_text_;      // "pods/log"
  std::string any_resource_text_;  // "*/log"; empty without a subresource
};

class CompiledRules {
 public:
  explicit CompiledRules(PolicyRules rules);
  bool allows(const RuleQuery& query) const;
  const PolicyRules& rules() const { return rules_; }

 private:
  using Texts = std::vector<std::uint64_t>;  // hashes, beside the texts of the rule
  struct Compiled {
    std::uint16_t verb_bits = 0;
    bool any_verb = false, any_group = false, any_resource = false, any_url = false;
    Texts verbs, groups, resources, names;
  };
  static Compiled compile(const PolicyRule& rule);
  static bool verb_matches(const PolicyRule& rule, const Compiled& compiled, const RuleQuery& query);
  static bool resource_matches(const PolicyRule& rule, const Compiled& compiled, const RuleQuery& query);
  static bool url_matches(const PolicyRule& rule, const Compiled& compiled, std::string_view path);

  PolicyRules rules_;
  std::vector<Compiled> compiled_;
};

}  // namespace plinth::server::auth
