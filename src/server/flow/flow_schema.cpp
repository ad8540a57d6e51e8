#include "server/flow/flow_schema.h"

#include <algorithm>

namespace plinth::server {
namespace {

bool lists(const Value& list, std::string_view text) {
  return std::any_of(list.items().begin(), list.items().end(),
                     [&](const Value& item) { return item.as_string() == "*" || item.as_string() == text; });
}

bool is_user(const Value& subject, const auth::UserInfo& user) {
  const std::string_view kind = subject["kind"].as_string();
  if (kind == "User") {
    const std::string_view name = subject["user"]["name"].as_string();
    return name == "*" || name == user.name;
  }
  if (kind == "Group") {
    const std::string_view name = subject["group"]["name"].as_string();
    return name == "*" || user.in_group(name);
  }
  const auto account = auth::split_service_account_username(user.name);
  if (kind != "ServiceAccount" || !account) return false;
  const Value wanted = subject["serviceAccount"];
  const std::string_view name = wanted["name"].as_string();
  return wanted["namespace"].as_string() == account->first && (name == "*" || name == account->second);
}

bool rule_has_resource(const Value& rule, const RequestInfo& info) {
  if (!lists(rule["verbs"], info.verb) || !lists(rule["apiGroups"], info.group)) return false;
  if (!lists(rule["resources"], info.subresource.empty() ? info.resource : info.resource + "/" + info.subresource))
    return false;
  return info.name_space.empty() ? rule["clusterScope"].as_bool() : lists(rule["namespaces"], info.name_space);
}

bool rule_has_path(const Value& rule, const RequestInfo& info) {
  if (!lists(rule["verbs"], info.verb)) return false;
  for (const Value& item : rule["nonResourceURLs"].items()) {
    const std::string_view url = item.as_string();
    if (url == info.path) return true;
    if (url.ends_with('*') && std::string_view(info.path).starts_with(url.substr(0, url.size() - 1))) return true;
  }
  return false;
}

bool has_request(const Value& rules, const RequestInfo& info) {
  const Value list = rules[info.is_resource ? "resourceRules" : "nonResourceRules"];
  return std::any_of(list.items().begin(), list.items().end(), [&](const Value& rule) {
    return info.is_resource ? rule_has_resource(rule, info) : rule_has_path(rule, info);
  });
}

}  // namespace

FlowSchema::FlowSchema(Document object, std::string uid) : object_(std::move(object)), uid_(std::move(uid)) {
  const Value spec = object_["spec"];
  name_ = object_["metadata"]["name"].as_string();
  level_ = spec["priorityLevelConfiguration"]["name"].as_string();
  distinguisher_ = spec["distinguisherMethod"]["type"].as_string();
  precedence_ = spec["matchingPrecedence"].as_int();
}

bool FlowSchema::matches(const auth::UserInfo& user, const RequestInfo& info) const {
  for (const Value& rules : object_["spec"]["rules"].items()) {
    const Value subjects = rules["subjects"];
    const bool one_of =
        std::any_of(subjects.items().begin(), subjects.items().end(), [&](const Value& s) { return is_user(s, user); });
    if (one_of && has_request(rules, info)) return true;
  }
  return false;
}

std::string FlowSchema::flow_of(const auth::UserInfo& user, const RequestInfo& info) const {
  std::string flow = name_ + "/";
  if (distinguisher_ == "ByUser") flow += user.name;
  if (distinguisher_ == "ByNamespace") flow += info.name_space;
  return flow;
}

}  // namespace plinth::server
