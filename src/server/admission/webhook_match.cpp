#include "server/admission/webhook_match.h"

#include "api/label_selector.h"
#include "server/object_codec.h"

namespace plinth::server {
namespace {

bool list_has(const Value& list, std::string_view value) {
  for (const Value& v : list.items()) {
    if (v.as_string() == "*" || v.as_string() == value) return true;
  }
  return false;
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

bool rule_matches(const Value& rule, const AdmissionRequest& request) {
  if (!list_has(rule["operations"], operation_name(request.operation))) return false;
  if (!list_has(rule["apiGroups"], request.group())) return false;
  if (!list_has(rule["apiVersions"], request.kind.version->name)) return false;
  if (!scope_matches(rule["scope"].as_string(), request)) return false;
  for (const Value& pattern : rule["resources"].items()) {
    if (resource_matches(pattern.as_string(), request.resource(), request.subresource)) return true;
  }
  return false;
}

// With matchPolicy Equivalent a rule for another served version of the same kind counts too.
bool rules_match(const Value& webhook, const AdmissionRequest& request) {
  const bool equivalent = webhook["matchPolicy"].as_string() != "Exact";
  for (const Value& rule : webhook["rules"].items()) {
    if (rule_matches(rule, request)) return true;
    if (!equivalent) continue;
    AdmissionRequest other;
    other.operation = request.operation;
    other.subresource = request.subresource;
    other.kind = request.kind;
    for (const api::KindVersion& v : request.kind.row->versions) {
      other.kind.version = &v;
      if (v.served && rule_matches(rule, other)) return true;
    }
  }
  return false;
}

bool selects(const Value& selector, const Value& labels) {
  if (selector.is_null()) return true;
  auto parsed = api::LabelSelector::from_object(selector);
  return parsed.ok() && parsed->matches(labels);
}

bool namespace_matches(const Value& selector, const AdmissionRequest& request) {
  if (selector.is_null() || selector.size() == 0) return true;
  if (request.kind.row->is_namespace) {
    const Value& object = request.object != nullptr ? request.object->root() : request.old_object.root();
    return selects(selector, object["metadata"]["labels"]);
  }
  if (request.name_space.empty()) return true;
  store::RecordPtr record = request.snapshot->get("/core/namespaces//" + request.name_space);
  if (record == nullptr) return false;
  auto object = decode_record(*record, "", false);
  return object.ok() && selects(selector, (*object)["metadata"]["labels"]);
}

bool object_matches(const Value& selector, const AdmissionRequest& request) {
  if (selector.is_null() || selector.size() == 0) return true;
  if (request.object != nullptr && selects(selector, request.object->root()["metadata"]["labels"])) return true;
  return !request.old_object.is_null() && selects(selector, request.old_object["metadata"]["labels"]);
}

}  // namespace

std::vector<Webhook> matching_webhooks(const ServerContext&, const AdmissionRequest& request, WebhookType type) {
  std::vector<Webhook> out;
  if (request.group() == "admissionregistration.k8s.io") return out;
  const std::string_view prefix = type == WebhookType::kMutating ? "/admissionregistration.k8s.io/mutatingwebhookconfigurations/"
                                                                 : "/admissionregistration.k8s.io/validatingwebhookconfigurations/";
  request.snapshot->scan(prefix, "", [&](const store::RecordPtr& record) {
    auto configuration = decode_record(*record, "", false);
    if (!configuration.ok()) return true;
    for (const Value& webhook : (*configuration)["webhooks"].items()) {
      if (!rules_match(webhook, request) || !namespace_matches(webhook["namespaceSelector"], request) ||
          !object_matches(webhook["objectSelector"], request)) {
        continue;
      }
      out.push_back({*configuration, std::string(key_name(record->key())), webhook});
    }
    return true;
  });
  return out;
}

}  // namespace plinth::server
