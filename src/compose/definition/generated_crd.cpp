#include "compose/definition/generated_crd.h"

#include "base/json.h"
#include "base/text.h"
#include "compose/marks.h"

namespace plinth::compose {
namespace {

constexpr std::string_view kDefaultColumns = R"([
{"name":"State","type":"string","description":"The state of a ResourceGraphDefinition instance","priority":0,"jsonPath":".status.state"},
{"name":"Ready","type":"string","description":"Whether a ResourceGraphDefinition instance is ready","priority":0,
 "jsonPath":".status.conditions[?(@.type==\"Ready\")].status"},
{"name":"Age","type":"date","description":"Age of the resource","priority":0,"jsonPath":".metadata.creationTimestamp"}])";

// The columns that ResourceGroups gave their instances.
constexpr std::string_view kColumns2024 = R"([
{"name":"State","type":"string","description":"The state of the instance","priority":0,"jsonPath":".status.state"},
{"name":"Synced","type":"string","description":"Whether the instance is in sync","priority":0,
 "jsonPath":".status.conditions[?(@.type==\"InstanceSynced\")].status"},
{"name":"Age","type":"date","description":"Age of the resource","priority":0,"jsonPath":".metadata.creationTimestamp"}])";

constexpr std::string_view kConditions = R"({"type":"array","items":{"type":"object","properties":{
"type":{"type":"string"},"status":{"type":"string"},"reason":{"type":"string"},"message":{"type":"string"},
"lastTransitionTime":{"type":"string"},"observedGeneration":{"type":"integer"}}}})";

// What became of each child: more than kro tells, under a name that it leaves free.
constexpr std::string_view kResources = R"({"type":"array","items":{"type":"object","properties":{
"id":{"type":"string"},"apiVersion":{"type":"string"},"kind":{"type":"string"},"namespace":{"type":"string"},"name":{"type":"string"},
"state":{"type":"string"},"ready":{"type":"boolean"},"message":{"type":"string"}}}})";

Value parsed(Draft& draft, std::string_view json) { return draft.clone(parse_json(json).value().root()); }

void inject(Draft& draft, Value& properties, std::string_view name, std::string_view json) {
  if (properties.find(name) == nullptr) draft.member(properties, name) = parsed(draft, json);
}

Value root_schema(Draft& draft, const Value& spec_schema, const Value& status_schema) {
  Value status = status_schema.is_object() ? draft.clone(status_schema) : draft.object();
  if (status.find("type") == nullptr) draft.set(status, "type", "object");
  Value& properties = draft.member(status, "properties");
  if (!properties.is_object()) properties = draft.object();
  inject(draft, properties, "state", R"({"type":"string"})");
  inject(draft, properties, "conditions", kConditions);
  inject(draft, properties, "resources", kResources);
  inject(draft, properties, "graphRevision", R"({"type":"integer"})");

  Value root = draft.object();
  draft.set(root, "type", "object");
  Value fields = draft.object();
  draft.member(fields, "apiVersion") = parsed(draft, R"({"type":"string"})");
  draft.member(fields, "kind") = parsed(draft, R"({"type":"string"})");
  draft.member(fields, "metadata") = parsed(draft, R"({"type":"object"})");
  draft.member(fields, "spec") = draft.clone(spec_schema);
  draft.member(fields, "status") = status;
  draft.member(root, "properties") = fields;
  // Without it an instance that leaves the spec out would not be asked for its required fields.
  if (spec_schema["required"].size() > 0) draft.push(draft.member(root, "required"), draft.text("spec"));
  return root;
}

Value names_of(Draft& draft, const ApiSchema& schema) {
  Value names = draft.object();
  draft.set(names, "kind", schema.kind);
  draft.set(names, "listKind", schema.kind + "List");
  draft.set(names, "plural", schema.plural());
  draft.set(names, "singular", to_lower(schema.kind));
  if (schema.short_names.size() > 0) draft.member(names, "shortNames") = draft.clone(schema.short_names);
  if (schema.categories.size() > 0) draft.member(names, "categories") = draft.clone(schema.categories);
  return names;
}

Value metadata_of(Draft& draft, const DefinitionOwner& owner, const ApiSchema& schema) {
  Value metadata = draft.object();
  draft.set(metadata, "name", schema.crd_name());
  Value labels = draft.object();
  for (const Member& label : schema.metadata["labels"].members()) draft.member(labels, label.key()) = draft.clone(label.value);
  draft.set(labels, kOwnedLabel, "true");
  draft.set(labels, kVersionLabel, kKroVersion);
  draft.set(labels, kDefinitionIdLabel, owner.uid);
  draft.set(labels, kDefinitionNameLabel, owner.name);
  if (!owner.name_space.empty()) draft.set(labels, kDefinitionNamespaceLabel, owner.name_space);
  draft.member(metadata, "labels") = labels;
  if (schema.metadata["annotations"].size() > 0)
    draft.member(metadata, "annotations") = draft.clone(schema.metadata["annotations"]);
  return metadata;
}

Value columns_of(Draft& draft, const DefinitionOwner& owner, const ApiSchema& schema) {
  if (schema.columns.size() > 0) return draft.clone(schema.columns);
  return parsed(draft, owner.dialect == Dialect::kResourceGroup2024 ? kColumns2024 : kDefaultColumns);
}

bool is_owned(const Value& labels) {
  if (const Value* owned = labels.find(kOwnedLabel)) return owned->as_string() == "true";
  return labels[kManagedByLabel].as_string() == kManagedByKro;
}

// `wanted` with what the server added to `is`: members that only `is` has and that mean nothing new.
bool same_spec(const Value& is, const Value& wanted) {
  if (!wanted.is_object() || !is.is_object()) {
    if (wanted.is_array() && is.is_array()) {
      if (is.size() != wanted.size()) return false;
      for (std::size_t i = 0; i < is.size(); ++i) {
        if (!same_spec(is.items()[i], wanted.items()[i])) return false;
      }
      return true;
    }
    return equal(is, wanted);
  }
  for (const Member& m : wanted.members()) {
    const Value* have = is.find(m.key());
    if (have == nullptr ? !(m.value.is_int() && m.value.as_int() == 0) : !same_spec(*have, m.value)) return false;
  }
  for (const Member& m : is.members()) {
    if (wanted.find(m.key()) == nullptr && m.key() != "conversion") return false;
  }
  return true;
}

// Members of `wanted` that `is` lacks or has otherwise.
void plan_texts(Draft& draft, const Value& is, const Value& wanted, std::string_view key) {
  for (const Member& m : wanted.members()) {
    const Value* have = is.find(m.key());
    if (have != nullptr && equal(*have, m.value)) continue;
    draft.member(draft.member_path(draft.root(), {"metadata", key}), m.key()) = draft.clone(m.value);
  }
}

}  // namespace

Document generate_crd(const DefinitionOwner& owner, const ApiSchema& schema, const Value& spec_schema,
                      const Value& status_schema) {
  Draft draft;
  draft.root() = draft.object();
  Value& root = draft.root();
  draft.set(root, "apiVersion", "apiextensions.k8s.io/v1");
  draft.set(root, "kind", "CustomResourceDefinition");
  draft.member(root, "metadata") = metadata_of(draft, owner, schema);
  Value spec = draft.object();
  draft.set(spec, "group", schema.group);
  draft.member(spec, "names") = names_of(draft, schema);
  draft.set(spec, "scope", schema.namespaced ? "Namespaced" : "Cluster");
  Value version = draft.object();
  draft.set(version, "name", schema.version);
  draft.set(version, "served", Value::of(true));
  draft.set(version, "storage", Value::of(true));
  draft.member(version, "additionalPrinterColumns") = columns_of(draft, owner, schema);
  draft.member_path(version, {"schema", "openAPIV3Schema"}) = root_schema(draft, spec_schema, status_schema);
  draft.member_path(version, {"subresources", "status"}) = draft.object();
  draft.push(draft.member(spec, "versions"), version);
  draft.member(draft.root(), "spec") = spec;
  return std::move(draft).finish();
}

Result<void> check_crd_owner(const Value& existing, const DefinitionOwner& owner) {
  const std::string name(existing["metadata"]["name"].as_string());
  const Value labels = existing["metadata"]["labels"];
  if (!is_owned(labels)) {
    return bad_request("failed to update CRD " + name + ": CRD already exists and is not owned by KRO (it has no label " +
                       std::string(kOwnedLabel) + "=true)");
  }
  const std::string_view other = labels[kDefinitionNameLabel].as_string();
  const std::string_view other_namespace = labels[kDefinitionNamespaceLabel].as_string();
  if (other == owner.name && other_namespace == owner.name_space) return {};
  const std::string by = other_namespace.empty() ? "ResourceGraphDefinition " + std::string(other)
                                                 : "ResourceGroup " + std::string(other_namespace) + "/" + std::string(other);
  return bad_request("failed to update CRD " + name + ": CRD is owned by another definition: " + by);
}

Document crd_patch(const Value& existing, const Value& desired) {
  Draft patch;
  patch.root() = patch.object();
  plan_texts(patch, existing["metadata"]["labels"], desired["metadata"]["labels"], "labels");
  plan_texts(patch, existing["metadata"]["annotations"], desired["metadata"]["annotations"], "annotations");
  if (!same_spec(existing["spec"], desired["spec"])) {
    // Lists are replaced whole by a merge patch; the one member that may have to go is named.
    Value spec = patch.clone(desired["spec"]);
    Value& names = patch.member(spec, "names");
    for (std::string_view optional : {"shortNames", "categories"}) {
      if (names.find(optional) == nullptr && existing["spec"]["names"].find(optional) != nullptr)
        patch.member(names, optional) = Value();
    }
    patch.member(patch.root(), "spec") = spec;
  }
  if (patch.root().size() == 0) return Document();
  return std::move(patch).finish();
}

}  // namespace plinth::compose
