#include "server/auth/policy_rule.h"

#include "api/go_text.h"

namespace plinth::server::auth {
namespace {

std::vector<std::string> strings_of(const Value& array) {
  std::vector<std::string> out;
  out.reserve(array.size());
  for (const Value& item : array.items()) out.emplace_back(item.as_string());
  return out;
}

void set_strings(Draft& draft, Value& object, std::string_view key, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  Value array = draft.array(texts.size());
  for (const std::string& text : texts) draft.push(array, draft.text(text));
  draft.set(object, key, array);
}

void append_list(std::string& out, std::string_view title, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  if (out.size() > 1) out += ", ";
  out.append(title).append(":[");
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (i > 0) out += ' ';
    api::append_go_quoted(out, texts[i]);
  }
  out += ']';
}

}  // namespace

PolicyRules rules_from_value(const Value& array) {
  PolicyRules rules;
  rules.reserve(array.size());
  for (const Value& item : array.items()) {
    PolicyRule rule;
    rule.verbs = strings_of(item["verbs"]);
    rule.groups = strings_of(item["apiGroups"]);
    rule.resources = strings_of(item["resources"]);
    rule.resource_names = strings_of(item["resourceNames"]);
    rule.non_resource_urls = strings_of(item["nonResourceURLs"]);
    rules.push_back(std::move(rule));
  }
  return rules;
}

Value rules_to_value(Draft& draft, const PolicyRules& rules) {
  Value array = draft.array(rules.size());
  for (const PolicyRule& rule : rules) {
    Value object = draft.object(5);
    set_strings(draft, object, "verbs", rule.verbs);
    set_strings(draft, object, "apiGroups", rule.groups);
    set_strings(draft, object, "resources", rule.resources);
    set_strings(draft, object, "resourceNames", rule.resource_names);
    set_strings(draft, object, "nonResourceURLs", rule.non_resource_urls);
    draft.push(array, object);
  }
  return array;
}

std::string compact_text(const PolicyRule& rule) {
  std::string out = "{";
  append_list(out, "APIGroups", rule.groups);
  append_list(out, "Resources", rule.resources);
  append_list(out, "NonResourceURLs", rule.non_resource_urls);
  append_list(out, "ResourceNames", rule.resource_names);
  append_list(out, "Verbs", rule.verbs);
  return out + "}";
}

bool url_covers(std::string_view owner, std::string_view path) {
  if (owner == path) return true;
  if (!owner.ends_with('*')) return false;
  while (owner.ends_with('*')) owner.remove_suffix(1);
  return path.starts_with(owner);
}

}  // namespace plinth::server::auth
