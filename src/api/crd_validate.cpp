#include "api/crd_validate.h"

#include <algorithm>
#include <array>

#include "api/crd_schema.h"
#include "api/formats.h"
#include "api/names.h"
#include "base/json.h"
#include "base/quoted.h"
#include "base/text.h"

namespace plinth::api {
namespace {

constexpr std::string_view kApprovalAnnotation = "api-approved.kubernetes.io";
constexpr std::int64_t kSelectableFieldsMax = 8;
constexpr std::size_t kDeprecationWarningMax = 256;

std::string joined(const Complaints& complaints) { return join(complaints, ","); }

void check_label(const Value& value, const std::string& path, FieldErrors& errors, bool mixed_case = false) {
  const std::string text = mixed_case ? to_lower(value.as_string()) : std::string(value.as_string());
  if (text.empty()) return;
  const Complaints complaints = check_dns1035_label(text);
  if (complaints.empty()) return;
  errors.push_back(field_invalid(path, value.as_string(),
                                 (mixed_case ? "may have mixed case, but should otherwise match: " : "") + joined(complaints)));
}

void check_names(const Value& names, const std::string& path, FieldErrors& errors) {
  check_label(names["plural"], child(path, "plural"), errors);
  check_label(names["singular"], child(path, "singular"), errors);
  check_label(names["kind"], child(path, "kind"), errors, true);
  check_label(names["listKind"], child(path, "listKind"), errors, true);
  for (std::string_view list : {"shortNames", "categories"}) {
    const auto items = names[list].items();
    for (std::size_t i = 0; i < items.size(); ++i) {
      const Complaints complaints = check_dns1035_label(items[i].as_string());
      if (!complaints.empty())
        errors.push_back(field_invalid(index(child(path, list), i), items[i].as_string(), joined(complaints)));
    }
  }
  const std::string_view kind = names["kind"].as_string();
  if (!kind.empty() && kind == names["listKind"].as_string()) {
    errors.push_back(field_invalid(child(path, "listKind"), kind, "kind and listKind may not be the same"));
  }
}

bool check_json_path(std::string_view text, const std::string& path, FieldErrors& errors) {
  if (text.empty() || text[0] == '.') return true;
  errors.push_back(field_invalid(path, text, "must be a simple json path starting with ."));
  return false;
}

void check_column(const Value& column, const std::string& path, FieldErrors& errors) {
  static constexpr std::array<std::string_view, 5> kTypes = {"boolean", "date", "integer", "number", "string"};
  static constexpr std::array<std::string_view, 8> kFormats = {"byte",  "date",  "date-time", "double",
                                                               "float", "int32", "int64",     "password"};
  const auto list = [](const auto& values) {
    return "must be one of " + join(std::vector<std::string_view>(values.begin(), values.end()), ",");
  };
  if (column["name"].as_string().empty()) errors.push_back(field_required(child(path, "name")));
  const std::string_view type = column["type"].as_string();
  if (type.empty())
    errors.push_back(field_required(child(path, "type"), list(kTypes)));
  else if (std::find(kTypes.begin(), kTypes.end(), type) == kTypes.end())
    errors.push_back(field_invalid(child(path, "type"), type, list(kTypes)));
  const std::string_view format = column["format"].as_string();
  if (!format.empty() && std::find(kFormats.begin(), kFormats.end(), format) == kFormats.end())
    errors.push_back(field_invalid(child(path, "format"), format, list(kFormats)));
  const std::string_view json_path = column["jsonPath"].as_string();
  if (json_path.empty())
    errors.push_back(field_required(child(path, "JSONPath")));
  else
    check_json_path(json_path, child(path, "JSONPath"), errors);
}

void check_scale_path(const Value& scale, std::string_view key, std::initializer_list<std::string_view> prefixes,
                      std::string_view what, bool required, const std::string& path, FieldErrors& errors) {
  const std::string at = child(path, "scale." + std::string(key));
  const std::string_view text = scale[key].as_string();
  if (text.empty()) {
    if (required) errors.push_back(field_required(at));
    return;
  }
  if (!check_json_path(text, at, errors)) return;
  const bool fits =
      std::any_of(prefixes.begin(), prefixes.end(), [&](std::string_view p) { return text.substr(0, p.size()) == p; });
  if (!fits) errors.push_back(field_invalid(at, text, "should be a json path under " + std::string(what)));
}

void check_subresources(const Value& subresources, const std::string& path, FieldErrors& errors) {
  const Value* scale = subresources.find("scale");
  if (scale == nullptr) return;
  check_scale_path(*scale, "specReplicasPath", {".spec."}, ".spec", true, path, errors);
  check_scale_path(*scale, "statusReplicasPath", {".status."}, ".status", true, path, errors);
  check_scale_path(*scale, "labelSelectorPath", {".spec.", ".status."}, "either .spec or .status", false, path, errors);
}

// Follows ".spec.a.b" through properties and additionalProperties; an error text or the schema at the end.
std::string follow(std::string_view path, const Value& schema, Value& found) {
  found = schema;
  while (!path.empty()) {
    if (path[0] == '[') return "array notation is not allowed";
    if (path[0] != '.') return "expected [ or . but got: " + std::string(path.substr(0, path.find_first_of(".[]")));
    path.remove_prefix(1);
    if (path.empty()) return "unexpected end of JSON path";
    const std::string_view name = path.substr(0, path.find_first_of(".[]"));
    path.remove_prefix(name.size());
    const Value* next = found["properties"].is_object() ? found["properties"].find(name) : found.find("additionalProperties");
    if (next == nullptr || !next->is_object()) return "does not refer to a valid field";
    found = *next;
  }
  return "";
}

void check_selectable_fields(const Value& version, const std::string& path, FieldErrors& errors) {
  const auto fields = version["selectableFields"].items();
  if (fields.empty()) return;
  const Value schema = version["schema"]["openAPIV3Schema"];
  std::vector<std::string_view> seen;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const std::string at = child(index(child(path, "selectableFields"), i), "jsonPath");
    const std::string_view text = fields[i]["jsonPath"].as_string();
    if (text.empty()) {
      errors.push_back(field_required(at));
      continue;
    }
    Value found;
    const std::string fault = follow(text, schema, found);
    if (!fault.empty()) {
      errors.push_back(field_invalid(at, text, "is an invalid path: " + fault));
      continue;
    }
    if (text == ".metadata" || text.substr(0, 10) == ".metadata.")
      errors.push_back(field_invalid(at, text, "must not point to fields in metadata"));
    const std::string_view type = found["type"].as_string();
    if (type != "string" && type != "boolean" && type != "integer") {
      errors.push_back(field_invalid(at, text,
                                     "must point to a field of type string, boolean or integer. Enum string fields and strings "
                                     "with formats are allowed."));
    }
    if (std::find(seen.begin(), seen.end(), text) != seen.end())
      errors.push_back(field_duplicate(at, Value::ref(text)));
    else
      seen.push_back(text);
  }
  const auto unique = static_cast<std::int64_t>(seen.size());
  if (unique > kSelectableFieldsMax)
    errors.push_back(field_too_many(child(path, "selectableFields"), unique, kSelectableFieldsMax));
}

void check_deprecation(const Value& version, const std::string& path, FieldErrors& errors) {
  const Value* warning = version.find("deprecationWarning");
  if (warning == nullptr) return;
  const std::string at = child(path, "deprecationWarning");
  const std::string_view text = warning->as_string();
  const auto refuse = [&](std::string what) { errors.push_back(field_invalid(at, text, std::move(what))); };
  if (!version["deprecated"].as_bool()) {
    refuse("can only be set for deprecated versions");
    return;
  }
  if (text.size() > kDeprecationWarningMax) refuse("must be <= 256 characters long");
  if (text.empty()) refuse("must not be an empty string");
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte != 0x7f) continue;
    refuse("must only contain printable UTF-8 characters; non-printable character found at index " + std::to_string(i));
    return;
  }
}

// The schema of a version of that name in the stored definition.
Value stored_schema(const Value* old, std::string_view version) {
  if (old == nullptr) return Value();
  for (const Value& v : (*old)["spec"]["versions"].items()) {
    if (v["name"].as_string() == version) return v["schema"]["openAPIV3Schema"];
  }
  return Value();
}

void check_schema(const Document& crd, const Value* old, const Value& version, std::string_view path, FieldErrors& errors) {
  const Value schema = version["schema"]["openAPIV3Schema"];
  const bool status = version["subresources"].find("status") != nullptr;
  const bool is_unchanged = equal(schema, stored_schema(old, version["name"].as_string()));
  for (FieldError& error : check_crd_schema(crd.at(schema), path, status, is_unchanged)) errors.push_back(std::move(error));
}

// The schema that all versions have in common; messages place it above the versions, as upstream's internal form has it.
const Value* shared_schema(const Value& versions) {
  const Value* first = versions.size() == 0 ? nullptr : versions.items()[0].find_path({"schema", "openAPIV3Schema"});
  if (first == nullptr) return nullptr;
  const bool same = std::all_of(versions.items().begin(), versions.items().end(), [&](const Value& v) {
    const Value* schema = v.find_path({"schema", "openAPIV3Schema"});
    return schema != nullptr && equal(*schema, *first);
  });
  return same ? first : nullptr;
}

// `is_shared`: its schema is checked once for all versions.
void check_version(const Value& version, const std::string& path, const Document& crd, const Value* old, bool is_shared,
                   FieldErrors& errors) {
  const Complaints complaints = check_dns1035_label(version["name"].as_string());
  if (!complaints.empty())
    errors.push_back(field_invalid(child(path, "name"), version["name"].as_string(), joined(complaints)));
  check_deprecation(version, path, errors);
  if (version.find_path({"schema", "openAPIV3Schema"}) == nullptr)
    errors.push_back(field_required(child(path, "schema.openAPIV3Schema")));
  else if (!is_shared)
    check_schema(crd, old, version, child(path, "schema.openAPIV3Schema"), errors);
  check_subresources(version["subresources"], child(path, "subresources"), errors);
  const auto columns = version["additionalPrinterColumns"].items();
  for (std::size_t i = 0; i < columns.size(); ++i)
    check_column(columns[i], index(child(path, "additionalPrinterColumns"), i), errors);
  check_selectable_fields(version, path, errors);
}

void check_versions(const Document& crd, const Value* old, const Value& spec, FieldErrors& errors) {
  const Value versions = spec["versions"];
  std::vector<std::string_view> names;
  int storage = 0;
  bool unique = true;
  const bool shared = shared_schema(versions) != nullptr;
  for (std::size_t i = 0; i < versions.items().size(); ++i) {
    const Value& version = versions.items()[i];
    const std::string_view name = version["name"].as_string();
    unique = unique && std::find(names.begin(), names.end(), name) == names.end();
    names.push_back(name);
    storage += version["storage"].as_bool() ? 1 : 0;
    check_version(version, index("spec.versions", i), crd, old, shared, errors);
  }
  if (!unique) errors.push_back(field_invalid("spec.versions", versions, "must contain unique version names"));
  if (storage != 1)
    errors.push_back(field_invalid("spec.versions", versions, "must have exactly one version marked as storage version"));
}

void check_conversion(const Value& conversion, FieldErrors& errors) {
  static constexpr std::array<std::string_view, 2> kStrategies = {"None", "Webhook"};
  if (conversion.is_null()) return;
  const std::string_view strategy = conversion["strategy"].as_string();
  if (strategy.empty()) {
    errors.push_back(field_required("spec.conversion.strategy"));
  } else if (strategy == "Webhook") {
    errors.push_back(
        field_forbidden("spec.conversion.strategy",
                        "conversion webhooks are not supported by this server; use None, under which only apiVersion changes"));
  } else if (strategy != "None") {
    errors.push_back(field_not_supported("spec.conversion.strategy", conversion["strategy"], kStrategies));
  } else if (conversion.find("webhook") != nullptr) {
    errors.push_back(
        field_forbidden("spec.conversion.webhookClientConfig", "should not be set when strategy is not set to Webhook"));
  }
}

void check_group(const Value& spec, FieldErrors& errors) {
  const std::string_view group = spec["group"].as_string();
  if (group.empty()) {
    errors.push_back(field_required("spec.group"));
    return;
  }
  const Complaints complaints = check_dns1123_subdomain(group);
  if (!complaints.empty())
    errors.push_back(field_invalid("spec.group", group, joined(complaints)));
  else if (group.find('.') == std::string_view::npos)
    errors.push_back(field_invalid("spec.group", group, "should be a domain with at least one dot"));
}

void check_spec(const Document& crd, const Value* old, FieldErrors& errors) {
  static constexpr std::array<std::string_view, 2> kScopes = {"Cluster", "Namespaced"};
  const Value spec = crd["spec"];
  check_group(spec, errors);
  const std::string_view scope = spec["scope"].as_string();
  if (scope.empty())
    errors.push_back(field_required("spec.scope"));
  else if (scope != "Cluster" && scope != "Namespaced")
    errors.push_back(field_not_supported("spec.scope", spec["scope"], kScopes));
  check_versions(crd, old, spec, errors);
  for (std::string_view name : {"plural", "singular", "kind", "listKind"}) {
    if (spec["names"][name].as_string().empty()) errors.push_back(field_required(child("spec.names", name)));
  }
  check_names(spec["names"], "spec.names", errors);
  if (shared_schema(spec["versions"]) != nullptr)
    check_schema(crd, old, spec["versions"].items()[0], "spec.validation.openAPIV3Schema", errors);
  check_conversion(spec["conversion"], errors);
  if (spec["preserveUnknownFields"].as_bool()) {
    errors.push_back(field_invalid(
        "spec.preserveUnknownFields", Value::of(true),
        "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"));
  }
}

void check_name(const Document& crd, FieldErrors& errors) {
  const std::string_view name = crd["metadata"]["name"].as_string();
  const std::string wanted =
      std::string(crd["spec"]["names"]["plural"].as_string()) + "." + std::string(crd["spec"]["group"].as_string());
  if (!name.empty() && name != wanted)
    errors.push_back(field_invalid("metadata.name", name, "must be spec.names.plural+\".\"+spec.group"));
}

void check_stored_versions(const Value& crd, FieldErrors& errors) {
  const Value stored = crd["status"]["storedVersions"];
  const auto has = [](std::span<const Value> list, std::string_view name, bool by_name) {
    return std::any_of(list.begin(), list.end(), [&](const Value& v) { return (by_name ? v["name"] : v).as_string() == name; });
  };
  if (stored.size() == 0) return;
  for (const Value& version : crd["spec"]["versions"].items()) {
    if (version["storage"].as_bool() && !has(stored.items(), version["name"].as_string(), false)) {
      errors.push_back(field_invalid("status.storedVersions", stored,
                                     "must have the storage version " + std::string(version["name"].as_string())));
    }
  }
  for (std::size_t i = 0; i < stored.items().size(); ++i) {
    const std::string name(stored.items()[i].as_string());
    if (has(crd["spec"]["versions"].items(), name, true)) continue;
    errors.push_back(field_invalid(
        index("status.storedVersions", i), name,
        "missing from spec.versions; " + name +
            " was previously a storage version, and must remain in spec.versions until a storage migration ensures no data "
            "remains persisted in " +
            name + " and removes " + name + " from status.storedVersions"));
  }
}

enum class Approval { kMissing, kBypassed, kApproved, kInvalid };

Approval approval_of(const Value& crd) {
  const std::string_view text = crd["metadata"]["annotations"][kApprovalAnnotation].as_string();
  if (text.empty()) return Approval::kMissing;
  if (text.substr(0, 10) == "unapproved") return Approval::kBypassed;
  const auto scheme = text.find("://");
  const bool is_url = scheme != std::string_view::npos && scheme > 0 && text.size() > scheme + 3 && text[scheme + 3] != '/' &&
                      format_matches("uri", text);
  return is_url ? Approval::kApproved : Approval::kInvalid;
}

// Groups of the Kubernetes community need a reviewed API.
void check_approval(const Value& crd, const Value* old, FieldErrors& errors) {
  const std::string_view group = crd["spec"]["group"].as_string();
  const auto ends_with = [&](std::string_view tail) {
    return group.size() >= tail.size() && group.substr(group.size() - tail.size()) == tail;
  };
  if (group != "k8s.io" && group != "kubernetes.io" && !ends_with(".k8s.io") && !ends_with(".kubernetes.io")) return;
  const Approval now = approval_of(crd);
  if (old != nullptr && approval_of(*old) == now) return;
  const std::string at = keyed("metadata.annotations", kApprovalAnnotation);
  const std::string what = "protected groups must have approval annotation " + quoted(kApprovalAnnotation);
  static constexpr std::string_view kSee = ", see https://github.com/kubernetes/enhancements/pull/1111";
  if (now == Approval::kMissing) errors.push_back(field_required(at, what + std::string(kSee)));
  if (now == Approval::kInvalid) {
    errors.push_back(field_invalid(at, crd["metadata"]["annotations"][kApprovalAnnotation].as_string(),
                                   what + " with either a URL or a reason starting with \"unapproved\"" + std::string(kSee)));
  }
}

void check_immutable(const Value& crd, const Value& old, std::initializer_list<std::string_view> steps, FieldErrors& errors) {
  const Value* now = crd.find_path(steps);
  const Value* before = old.find_path(steps);
  if (now == nullptr || before == nullptr || equal(*now, *before)) return;
  std::string path;
  for (std::string_view step : steps) path = child(path, step);
  errors.push_back(field_invalid(std::move(path), *now, "field is immutable"));
}

bool is_established(const Value& crd) {
  for (const Value& condition : crd["status"]["conditions"].items()) {
    if (condition["type"].as_string() == "Established") return condition["status"].as_string() == "True";
  }
  return false;
}

}  // namespace

void default_crd(Draft& draft) {
  Value& names = draft.member_path(draft.root(), {"spec", "names"});
  const std::string kind(names["kind"].as_string());
  if (!kind.empty() && names["singular"].as_string().empty()) draft.set(names, "singular", to_lower(kind));
  if (!kind.empty() && names["listKind"].as_string().empty()) draft.set(names, "listKind", kind + "List");
  Value& strategy = draft.member_path(draft.root(), {"spec", "conversion", "strategy"});
  if (strategy.as_string().empty()) strategy = Value::ref("None");
}

FieldErrors validate_crd(const Document& crd, const Value* old) {
  FieldErrors errors;
  check_name(crd, errors);
  check_spec(crd, old, errors);
  check_names(crd["status"]["acceptedNames"], "status.acceptedNames", errors);
  check_stored_versions(crd.root(), errors);
  check_approval(crd.root(), old, errors);
  if (old == nullptr) return errors;
  if (is_established(*old)) {
    check_immutable(crd.root(), *old, {"spec", "scope"}, errors);
    check_immutable(crd.root(), *old, {"spec", "names", "kind"}, errors);
  }
  check_immutable(crd.root(), *old, {"spec", "group"}, errors);
  check_immutable(crd.root(), *old, {"spec", "names", "plural"}, errors);
  return errors;
}

}  // namespace plinth::api
