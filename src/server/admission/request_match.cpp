#include "server/admission/request_match.h"

#include <algorithm>

#include "server/object_codec.h"

namespace plinth::server {
namespace {

bool list_has(const Value& list, std::string_view value) {
  return std::any_of(list.items().begin(), list.items().end(),
                     [&](const Value& v) { return v.as_string() == "*" || v.as_string() == value; });
}

// "pods", "pods/*", "*/status", "*", "*/*"
bool resource_matches(std::string_view pattern, std::string_view resource, std::string_view subresource) {
  const std::size_t slash = pattern.find('/');
  const std::string_view own = pattern.substr(0, slash);
  const std::string_view sub = slash == std::string_view::npos ? std::string_view() : pattern.substr(slash + 1);
  if (own != "*" && own != resource) return false;
  return sub == "*" || sub == subresource;
}

bool scope_matches(std::string_view scope, const AdmissionRequest& request) {
  if (scope.empty() || scope == "*") return true;
  // A Namespace is cluster-scoped although requests for it name a namespace.
  return (scope == "Namespaced") == (request.kind.row->scope == api::Scope::kNamespaced);
}

bool rule_matches(const Value& rule, const AdmissionRequest& request, std::string_view version) {
  if (!list_has(rule["operations"], operation_name(request.operation))) return false;
  if (!list_has(rule["apiGroups"], request.group())) return false;
  if (!list_has(rule["apiVersions"], version)) return false;
  if (!scope_matches(rule["scope"].as_string(), request)) return false;
  const auto resources = rule["resources"].items();
  const bool fits = std::any_of(resources.begin(), resources.end(), [&](const Value& pattern) {
    return resource_matches(pattern.as_string(), request.resource(), request.subresource);
  });
  if (!fits) return false;
  const auto names = rule["resourceNames"].items();
  return names.empty() ||
         std::any_of(names.begin(), names.end(), [&](const Value& name) { return name.as_string() == request.name; });
}

std::optional<api::LabelSelector> selector_of(const Value& selector) {
  if (selector.is_null()) return api::LabelSelector::everything();
  auto parsed = api::LabelSelector::from_object(selector);
  if (!parsed.ok()) return std::nullopt;
  return std::move(*parsed);
}

bool selects(const std::optional<api::LabelSelector>& selector, const Value& object) {
  return selector && selector->matches(object["metadata"]["labels"]);
}

bool namespace_matches(const std::optional<api::LabelSelector>& selector, const AdmissionRequest& request) {
  if (selector && selector->matches_everything()) return true;
  if (request.kind.row->is_namespace)
    return selects(selector, request.object != nullptr ? request.object->root() : request.old_object.root());
  if (request.name_space.empty()) return true;
  store::RecordPtr record = request.snapshot->get("/core/namespaces//" + request.name_space);
  if (record == nullptr) return false;
  auto object = decode_record(*record, "", false);
  return object.ok() && selects(selector, object->root());
}

bool object_matches(const std::optional<api::LabelSelector>& selector, const AdmissionRequest& request) {
  if (selector && selector->matches_everything()) return true;
  if (request.object != nullptr && selects(selector, request.object->root())) return true;
  return !request.old_object.is_null() && selects(selector, request.old_object.root());
}

std::vector<std::string> resources_of(const Value& rules) {
  std::vector<std::string> out;
  for (const Value& rule : rules.items()) {
    for (const Value& group : rule["apiGroups"].items()) {
      for (const Value& pattern : rule["resources"].items()) {
        const std::string_view own = pattern.as_string().substr(0, pattern.as_string().find('/'));
        if (group.as_string() == "*" || own == "*") return {};
        std::string key = std::string(group.as_string()) + "/" + std::string(own);
        if (std::find(out.begin(), out.end(), key) == out.end()) out.push_back(std::move(key));
      }
    }
  }
  return out;
}

}  // namespace

RequestMatch::RequestMatch(const Value& holder, std::string_view rules, std::string_view excluded)
    : rules_(holder[rules]),
      excluded_(excluded.empty() ? Value() : holder[excluded]),
      is_equivalent_(holder["matchPolicy"].as_string() != "Exact"),
      is_open_(!excluded.empty() && rules_.size() == 0),
      name_space_(selector_of(holder["namespaceSelector"])),
      object_(selector_of(holder["objectSelector"])),
      resources_(resources_of(rules_)) {}

bool RequestMatch::matches_rules(const Value& rules, const AdmissionRequest& request) const {
  for (const Value& rule : rules.items()) {
    if (rule_matches(rule, request, request.kind.version->name)) return true;
    if (!is_equivalent_) continue;
    for (const api::KindVersion& v : request.kind.row->versions) {
      if (v.served && rule_matches(rule, request, v.name)) return true;
    }
  }
  return false;
}

bool RequestMatch::matches(const AdmissionRequest& request) const {
  if (!is_open_ && !matches_rules(rules_, request)) return false;
  if (excluded_.size() > 0 && matches_rules(excluded_, request)) return false;
  return namespace_matches(name_space_, request) && object_matches(object_, request);
}

std::string resource_key(const AdmissionRequest& request) {
  return std::string(request.group()) + "/" + std::string(request.resource());
}

}  // namespace plinth::server
