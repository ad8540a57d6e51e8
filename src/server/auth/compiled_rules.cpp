#include "server/auth/compiled_rules.h"

#include <algorithm>
#include <functional>
#include <iterator>

namespace plinth::server::auth {
namespace {

constexpr std::string_view kCommonVerbs[] = {
    "get", "list", "watch", "create", "update", "delete", "patch", "deletecollection", "impersonate", "post"};

std::uint16_t verb_bit(std::string_view verb) {
  for (std::size_t i = 0; i < std::size(kCommonVerbs); ++i) {
    if (kCommonVerbs[i] == verb) return static_cast<std::uint16_t>(1u << i);
  }
  return 0;
}

std::uint64_t hash_of(std::string_view text) { return std::hash<std::string_view>{}(text); }

bool contains(const std::vector<std::string>& texts, std::string_view text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

std::vector<std::uint64_t> hashes_of(const std::vector<std::string>& texts) {
  std::vector<std::uint64_t> out;
  out.reserve(texts.size());
  for (const std::string& text : texts) out.push_back(hash_of(text));
  return out;
}

// The hash only sorts out quickly: a name chosen to collide must not be taken for another.
bool holds(const std::vector<std::string>& texts, const std::vector<std::uint64_t>& hashes, std::uint64_t hash,
           std::string_view text) {
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    if (hashes[i] == hash && texts[i] == text) return true;
  }
  return false;
}

}  // namespace

RuleQuery::Text RuleQuery::hashed(std::string_view text) { return {hash_of(text), text}; }

RuleQuery::RuleQuery(const Attributes& attributes)
    : attributes_(attributes), verb_bit_(verb_bit(attributes.verb)), verb_(hashed(attributes.verb)) {
  if (!attributes.is_resource_request) return;
  group_ = hashed(attributes.group);
  name_ = hashed(attributes.name);
  if (attributes.subresource.empty()) {
    resource_ = hashed(attributes.resource);
    return;
  }
  resource_text_.reserve(attributes.resource.size() + 1 + attributes.subresource.size());
  resource_text_.append(attributes.resource).append("/").append(attributes.subresource);
  any_resource_text_.append("*/").append(attributes.subresource);
  resource_ = hashed(resource_text_);
  any_resource_ = hashed(any_resource_text_);
}

CompiledRules::CompiledRules(PolicyRules rules) : rules_(std::move(rules)) {
  compiled_.reserve(rules_.size());
  for (const PolicyRule& rule : rules_) compiled_.push_back(compile(rule));
}

CompiledRules::Compiled CompiledRules::compile(const PolicyRule& rule) {
  Compiled out;
  for (const std::string& verb : rule.verbs) out.verb_bits |= verb_bit(verb);
  out.any_verb = contains(rule.verbs, "*");
  out.any_group = contains(rule.groups, "*");
  out.any_resource = contains(rule.resources, "*");
  out.any_url = contains(rule.non_resource_urls, "*");
  out.verbs = hashes_of(rule.verbs);
  out.groups = hashes_of(rule.groups);
  out.resources = hashes_of(rule.resources);
  out.names = hashes_of(rule.resource_names);
  return out;
}

bool CompiledRules::verb_matches(const PolicyRule& rule, const Compiled& compiled, const RuleQuery& query) {
  if (compiled.any_verb) return true;
  if (query.verb_bit_ != 0) return (compiled.verb_bits & query.verb_bit_) != 0;
  return holds(rule.verbs, compiled.verbs, query.verb_.hash, query.verb_.text);
}

bool CompiledRules::resource_matches(const PolicyRule& rule, const Compiled& compiled, const RuleQuery& query) {
  if (!compiled.any_group && !holds(rule.groups, compiled.groups, query.group_.hash, query.group_.text)) return false;
  const bool resource = compiled.any_resource ||
                        holds(rule.resources, compiled.resources, query.resource_.hash, query.resource_.text) ||
                        (!query.any_resource_text_.empty() &&
                         holds(rule.resources, compiled.resources, query.any_resource_.hash, query.any_resource_.text));
  if (!resource) return false;
  return compiled.names.empty() || holds(rule.resource_names, compiled.names, query.name_.hash, query.name_.text);
}

bool CompiledRules::url_matches(const PolicyRule& rule, const Compiled& compiled, std::string_view path) {
  if (compiled.any_url) return true;
  return std::any_of(rule.non_resource_urls.begin(), rule.non_resource_urls.end(),
                     [&](const std::string& url) { return url_covers(url, path); });
}

bool CompiledRules::allows(const RuleQuery& query) const {
  const bool resource_request = query.attributes_.is_resource_request;
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    if (!verb_matches(rules_[i], compiled_[i], query)) continue;
    if (resource_request ? resource_matches(rules_[i], compiled_[i], query)
                         : url_matches(rules_[i], compiled_[i], query.attributes_.path)) {
      return true;
    }
  }
  return false;
}

}  // namespace plinth::server::auth
