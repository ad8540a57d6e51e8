#include "server/auth/access_review.h"

#include "api/field_selector.h"
#include "api/label_selector.h"
#include "api/names.h"

namespace plinth::server::auth {
namespace {

bool is_set(const Value& parent, std::string_view name) {
  const Value* value = parent.find(name);
  return value != nullptr && !value->is_null();
}

// Whether metadata says anything: clients send {"creationTimestamp":null}.
bool metadata_is_empty(const Value& metadata, bool namespace_allowed) {
  for (const Member& m : metadata.members()) {
    if (m.key() == "managedFields" || (namespace_allowed && m.key() == "namespace") || m.value.is_null()) continue;
    if (m.value.is_string() ? m.value.as_string().empty() : (m.value.is_array() || m.value.is_object()) && m.value.size() == 0)
      continue;
    return false;
  }
  return true;
}

void validate_requirement(const Value& requirement, std::string_view path, bool of_labels, api::FieldErrors& errors) {
  const std::string_view op = requirement["operator"].as_string();
  const std::size_t values = requirement["values"].size();
  const std::string_view key = requirement["key"].as_string();
  if (!of_labels && key.empty()) errors.push_back(api::field_required(api::child(path, "key"), "must be specified"));
  if ((op == "In" || op == "NotIn") && values == 0) {
    errors.push_back(api::field_required(api::child(path, "values"), "must be specified when `operator` is 'In' or 'NotIn'"));
  }
  if ((op == "Exists" || op == "DoesNotExist") && values > 0) {
    errors.push_back(
        api::field_forbidden(api::child(path, "values"), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
  }
  if (!of_labels) return;
  for (const std::string& complaint : api::check_label_key(key)) {
    errors.push_back(api::field_invalid(api::child(path, "key"), key, complaint));
  }
  for (std::size_t i = 0; i < values; ++i) {
    const Value value = requirement["values"].items()[i];
    for (const std::string& complaint : api::check_label_value(value.as_string())) {
      errors.push_back(api::field_invalid(api::index(api::child(path, "values"), i), value, complaint));
    }
  }
}

void validate_selector(const Value& attributes, std::string_view name, api::FieldErrors& errors) {
  if (!is_set(attributes, name)) return;
  const Value selector = attributes[name];
  const std::string path = api::child("spec.resourceAttributes", name);
  const bool raw = !selector["rawSelector"].as_string().empty();
  const Value requirements = selector["requirements"];
  if (raw && requirements.size() > 0) {
    errors.push_back(api::field_invalid(api::child(path, "rawSelector"), selector["rawSelector"],
                                        "may not specified at the same time as requirements"));
  }
  if (!raw && requirements.size() == 0) {
    errors.push_back(api::field_required(api::child(path, "requirements"),
                                         "when " + path + " is specified, requirements or rawSelector is required"));
  }
  for (std::size_t i = 0; i < requirements.size(); ++i) {
    validate_requirement(requirements.items()[i], api::index(api::child(path, "requirements"), i), name == "labelSelector",
                         errors);
  }
}

std::vector<std::string> strings_of(const Value& array) {
  std::vector<std::string> out;
  for (const Value& item : array.items()) out.emplace_back(item.as_string());
  return out;
}

UserPtr subject_of(const Value& spec) {
  auto user = std::make_shared<UserInfo>();
  user->name = spec["user"].as_string();
  user->uid = spec["uid"].as_string();
  user->groups = strings_of(spec["groups"]);
  for (const Member& m : spec["extra"].members()) user->extra[std::string(m.key())] = strings_of(m.value);
  return user;
}

void note(std::string& problems, std::string_view what) {
  if (!problems.empty()) problems += "; ";
  problems.append("spec.resourceAttributes.").append(what).append(" ignored due to parse error");
}

}  // namespace

api::FieldErrors validate_access_review(AccessReviewScope scope, const Document& request) {
  api::FieldErrors errors;
  const Value spec = request["spec"];
  const Value resource = spec["resourceAttributes"], path = spec["nonResourceAttributes"];
  if (is_set(spec, "resourceAttributes") == is_set(spec, "nonResourceAttributes")) {
    errors.push_back(
        api::field_invalid("spec", path, "exactly one of nonResourceAttributes or resourceAttributes must be specified"));
  }
  if (scope != AccessReviewScope::kSelf && spec["user"].as_string().empty() && spec["groups"].size() == 0) {
    errors.push_back(api::field_invalid("spec.user", std::string_view(), "at least one of user or group must be specified"));
  }
  validate_selector(resource, "fieldSelector", errors);
  validate_selector(resource, "labelSelector", errors);
  const bool local = scope == AccessReviewScope::kLocal;
  if (!metadata_is_empty(request["metadata"], local)) {
    errors.push_back(
        api::field_invalid("metadata", request["metadata"], local ? "must be empty except for namespace" : "must be empty"));
  }
  if (!local) return errors;
  if (is_set(spec, "resourceAttributes") && resource["namespace"].as_string() != request["metadata"]["namespace"].as_string()) {
    errors.push_back(api::field_invalid("spec.resourceAttributes.namespace", resource["namespace"].as_string(),
                                        "must match metadata.namespace"));
  }
  if (is_set(spec, "nonResourceAttributes")) {
    errors.push_back(api::field_invalid("spec.nonResourceAttributes", path, "disallowed on this kind of request"));
  }
  return errors;
}

Attributes attributes_of_review(AccessReviewScope scope, const Document& request, const UserPtr& self, std::string& problems) {
  const Value spec = request["spec"];
  Attributes out;
  out.user = scope == AccessReviewScope::kSelf ? self : subject_of(spec);
  out.is_resource_request = is_set(spec, "resourceAttributes");
  if (!out.is_resource_request) {
    out.path = spec["nonResourceAttributes"]["path"].as_string();
    out.verb = spec["nonResourceAttributes"]["verb"].as_string();
    return out;
  }
  const Value resource = spec["resourceAttributes"];
  out.verb = resource["verb"].as_string();
  out.name_space = resource["namespace"].as_string();
  out.group = resource["group"].as_string();
  out.version = resource["version"].as_string();
  if (out.version.empty()) out.version = "*";
  out.resource = resource["resource"].as_string();
  out.subresource = resource["subresource"].as_string();
  out.name = resource["name"].as_string();
  const std::string_view fields = resource["fieldSelector"]["rawSelector"].as_string();
  if (api::FieldSelector::parse(fields).ok())
    out.field_selector = fields;
  else
    note(problems, "fieldSelector");
  const std::string_view labels = resource["labelSelector"]["rawSelector"].as_string();
  if (api::LabelSelector::parse(labels).ok())
    out.label_selector = labels;
  else
    note(problems, "labelSelector");
  return out;
}

}  // namespace plinth::server::auth
