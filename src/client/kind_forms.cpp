#include "client/kind_forms.h"

#include <algorithm>
#include <vector>

#include "api/crd_schema.h"
#include "api/kind.h"

namespace plinth::client {
namespace {

constexpr std::string_view kReferencePrefix = "#/components/schemas/";
constexpr std::string_view kGroupVersionKinds = "x-kubernetes-group-version-kind";

KindForm compiled(Resource resource, const Document& schema) {
  const api::CompiledSchemaPtr made = api::compile_schema(schema);
  return {std::move(resource), &made->root(), made->stamp(), made};
}

// An OpenAPI type with everything that it refers to in place.
class Expander {
 public:
  Expander(const Document& openapi, Draft& draft) : schemas_(openapi["components"]["schemas"]), draft_(draft) {}

  Value expand(const Value& node) {
    if (++nodes_ > kOpenApiNodesMax) return open();
    if (const Value* reference = node.find("$ref")) return referred(reference->as_string());
    // How a described field refers to a type: {description, default, allOf: [{$ref}]}. The default {} is Go's zero value.
    const Value all = node["allOf"];
    if (all.size() == 1 && node["type"].is_null()) {
      Value out = expand(all.items()[0]);
      if (const Value* description = node.find("description")) draft_.set(out, "description", draft_.clone(*description));
      if (const Value* value = node.find("default"); value != nullptr && value->size() > 0)
        draft_.set(out, "default", draft_.clone(*value));
      return out;
    }
    return expand_members(node);
  }

 private:
  Value open() {
    Value out = draft_.object();
    draft_.set(out, "type", "object");
    draft_.set(out, "x-kubernetes-preserve-unknown-fields", Value::of(true));
    return out;
  }

  Value referred(std::string_view reference) {
    const std::string_view name = reference.substr(std::min(reference.size(), kReferencePrefix.size()));
    if (name.ends_with(".intstr.IntOrString")) {
      Value out = draft_.object();
      draft_.set(out, "x-kubernetes-int-or-string", Value::of(true));
      return out;
    }
    const Value* schema = schemas_.find(name);
    if (schema == nullptr || std::find(above_.begin(), above_.end(), name) != above_.end()) return open();
    above_.push_back(name);
    Value out = expand(*schema);
    above_.pop_back();
    return out;
  }

  Value expand_members(const Value& node) {
    Value out = draft_.object(node.size());
    for (const Member& member : node.members()) {
      const std::string_view key = member.key();
      if (key == kGroupVersionKinds) continue;
      if (key == "properties") {
        Value properties = draft_.object(member.value.size());
        for (const Member& property : member.value.members())
          draft_.member(properties, property.key()) = expand(property.value);
        draft_.member(out, key) = properties;
      } else if ((key == "items" || key == "additionalProperties" || key == "not") && member.value.is_object()) {
        draft_.member(out, key) = expand(member.value);
      } else if (key == "allOf" || key == "anyOf" || key == "oneOf") {
        Value branches = draft_.array(member.value.size());
        for (const Value& branch : member.value.items()) draft_.push(branches, expand(branch));
        draft_.member(out, key) = branches;
      } else {
        draft_.member(out, key) = draft_.clone(member.value);
      }
    }
    return out;
  }

  const Value schemas_;
  Draft& draft_;
  std::vector<std::string_view> above_;
  std::size_t nodes_ = 0;
};

bool describes(const Value& schema, const Resource& resource) {
  for (const Value& gvk : schema[kGroupVersionKinds].items()) {
    if (gvk["group"].as_string() == resource.group && gvk["version"].as_string() == resource.version &&
        gvk["kind"].as_string() == resource.kind)
      return true;
  }
  return false;
}

}  // namespace

std::optional<KindForm> builtin_kind_form(std::string_view group, std::string_view version, std::string_view kind) {
  for (const api::KindRow& row : api::builtin_kinds()) {
    if (row.group != group || row.kind != kind || !row.stored || !row.storage_plural.empty()) continue;
    for (const api::KindVersion& v : row.versions) {
      if (v.name != version || v.schema == nullptr) continue;
      Resource resource{std::string(row.group), std::string(v.name), std::string(row.plural), std::string(row.kind),
                        row.scope == api::Scope::kNamespaced};
      return KindForm{std::move(resource), v.schema, v.stamp, nullptr};
    }
  }
  return std::nullopt;
}

std::optional<KindForm> custom_kind_form(const Document& crd, std::string_view version) {
  const Value spec = crd["spec"];
  for (const Value& v : spec["versions"].items()) {
    if (v["name"].as_string() != version || !v["served"].as_bool()) continue;
    Resource resource{std::string(spec["group"].as_string()), std::string(version),
                      std::string(spec["names"]["plural"].as_string()), std::string(spec["names"]["kind"].as_string()),
                      spec["scope"].as_string() != "Cluster"};
    return compiled(std::move(resource), crd.at(v["schema"]["openAPIV3Schema"]));
  }
  return std::nullopt;
}

std::optional<KindForm> openapi_kind_form(const Document& openapi, const Resource& resource) {
  for (const Member& member : openapi["components"]["schemas"].members()) {
    if (!describes(member.value, resource)) continue;
    Draft draft;
    draft.root() = Expander(openapi, draft).expand(member.value);
    // What every object has is described once for all kinds.
    if (Value* properties = draft.mutable_find(draft.root(), "properties")) {
      Value metadata = draft.object();
      draft.set(metadata, "type", "object");
      draft.member(*properties, "metadata") = metadata;
    }
    return compiled(resource, std::move(draft).finish());
  }
  return std::nullopt;
}

}  // namespace plinth::client
