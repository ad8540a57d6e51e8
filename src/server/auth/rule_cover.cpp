#include "server/auth/rule_cover.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace plinth::server::auth {
namespace {

// A rule that would fall apart into more pieces than this is held as a whole or not at all: groups x resources x verbs x names
// of one request body could be billions.
constexpr std::size_t kPartsPerRuleMax = 10'000;

bool has(const std::vector<std::string>& set, std::string_view text) {
  return std::find(set.begin(), set.end(), text) != set.end();
}

bool has_all(const std::vector<std::string>& set, const std::vector<std::string>& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const std::string& text) { return has(set, text); });
}

// "*/scale" stands for the scale subresource of everything.
bool resource_covered(const std::vector<std::string>& held, const std::string& wanted) {
  if (has(held, wanted)) return true;
  const std::size_t slash = wanted.find('/');
  return slash != std::string::npos && has(held, "*" + wanted.substr(slash));
}

bool resources_covered(const std::vector<std::string>& held, const std::vector<std::string>& wanted) {
  if (has(held, "*")) return true;
  return std::all_of(wanted.begin(), wanted.end(), [&](const std::string& text) { return resource_covered(held, text); });
}

bool urls_covered(const std::vector<std::string>& held, const std::vector<std::string>& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const std::string& path) {
    return std::any_of(held.begin(), held.end(), [&](const std::string& owner) { return url_covers(owner, path); });
  });
}

// A rule without names means every name, so it covers named ones and is not covered by them.
bool names_covered(const PolicyRule& held, const PolicyRule& wanted) {
  if (held.resource_names.empty()) return true;
  return !wanted.resource_names.empty() && has_all(held.resource_names, wanted.resource_names);
}

bool covers(const PolicyRule& held, const PolicyRule& wanted) {
  return (has(held.verbs, "*") || has_all(held.verbs, wanted.verbs)) &&
         (has(held.groups, "*") || has_all(held.groups, wanted.groups)) &&
         resources_covered(held.resources, wanted.resources) && names_covered(held, wanted) &&
         urls_covered(held.non_resource_urls, wanted.non_resource_urls);
}

bool is_simple(const PolicyRule& rule) {
  return rule.resource_names.size() <= 1 && rule.non_resource_urls.empty() && rule.groups.size() == 1 &&
         rule.resources.size() == 1;
}

// Saturates well above the limit.
std::size_t part_count(const PolicyRule& rule) {
  double count = static_cast<double>(rule.groups.size()) * static_cast<double>(rule.resources.size()) *
                 static_cast<double>(std::max<std::size_t>(1, rule.resource_names.size()));
  count += static_cast<double>(rule.non_resource_urls.size());
  count *= static_cast<double>(rule.verbs.size());
  return count > 1e9 ? 1'000'000'000 : static_cast<std::size_t>(count);
}

}  // namespace

PolicyRules break_down(const PolicyRule& rule) {
  PolicyRules parts;
  for (const std::string& group : rule.groups) {
    for (const std::string& resource : rule.resources) {
      for (const std::string& verb : rule.verbs) {
        if (rule.resource_names.empty()) parts.push_back({{verb}, {group}, {resource}, {}, {}});
        for (const std::string& name : rule.resource_names) parts.push_back({{verb}, {group}, {resource}, {name}, {}});
      }
    }
  }
  for (const std::string& url : rule.non_resource_urls) {
    for (const std::string& verb : rule.verbs) parts.push_back({{verb}, {}, {}, {}, {url}});
  }
  return parts;
}

PolicyRules missing_rights(const PolicyRules& held, const PolicyRules& wanted) {
  const auto is_held = [&](const PolicyRule& rule) {
    return std::any_of(held.begin(), held.end(), [&](const PolicyRule& h) { return covers(h, rule); });
  };
  PolicyRules missing;
  for (const PolicyRule& rule : wanted) {
    if (is_held(rule)) continue;
    if (part_count(rule) > kPartsPerRuleMax) {
      missing.push_back(rule);
      continue;
    }
    for (PolicyRule& part : break_down(rule)) {
      if (!is_held(part)) missing.push_back(std::move(part));
    }
  }
  return missing;
}

PolicyRules compact_rules(const PolicyRules& rules) {
  PolicyRules others, simple;
  std::map<std::tuple<std::string, std::string, std::vector<std::string>>, std::size_t> by_target;
  for (const PolicyRule& rule : rules) {
    if (!is_simple(rule)) {
      others.push_back(rule);
      continue;
    }
    const auto [at, inserted] = by_target.try_emplace({rule.groups[0], rule.resources[0], rule.resource_names}, simple.size());
    if (inserted) {
      simple.push_back(rule);
    } else {
      std::vector<std::string>& verbs = simple[at->second].verbs;
      verbs.insert(verbs.end(), rule.verbs.begin(), rule.verbs.end());
    }
  }
  others.insert(others.end(), std::make_move_iterator(simple.begin()), std::make_move_iterator(simple.end()));
  return others;
}

}  // namespace plinth::server::auth
