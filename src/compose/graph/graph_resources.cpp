// The resources of a definition: their shape, their kinds.
#include "api/kind.h"
#include "api/label_selector.h"
#include "base/text.h"
#include "compose/expression/expression_text.h"
#include "compose/graph/graph_builder.h"
#include "compose/marks.h"

namespace plinth::compose {
namespace {

// An external reference in the form of an object.
Value external_object(Draft& draft, const Value& reference) {
  Value out = draft.object();
  for (std::string_view key : {"apiVersion", "kind", "metadata"}) draft.member(out, key) = draft.clone(reference[key]);
  return out;
}

}  // namespace

Result<void> GraphBuilder::add_node(const Value& resource) {
  Node node;
  node.id = resource["id"].as_string();
  const Value* reference = resource.find("externalRef");
  const bool has_template = resource["template"].is_object();
  if (!has_template && (reference == nullptr || reference->is_null())) {
    return bad_request(in_resource(node) + ": exactly one of template or externalRef must be provided");
  }
  const bool external = reference != nullptr && !reference->is_null();
  if (external && has_template) return bad_request(in_resource(node) + ": cannot use externalRef with template");
  if (external && resource["forEach"].size() > 0)
    return bad_request(in_resource(node) + ": cannot use externalRef with forEach");
  if (external) {
    const Value* selector = (*reference)["metadata"].find("selector");
    const bool by_selector = selector != nullptr && !selector->is_null();
    if (by_selector == !(*reference)["metadata"]["name"].as_string().empty()) {
      return bad_request(in_resource(node) + ": exactly one of name or selector must be provided");
    }
    if (by_selector) TRY(check_selector(node, *selector));
    node.type = by_selector ? NodeType::kExternalCollection : NodeType::kExternal;
    Draft draft;
    draft.root() = external_object(draft, *reference);
    out_->parts.push_back(std::move(draft).finish());
    node.object = out_->parts.back().root();
  } else {
    node.type = resource["forEach"].size() > 0 ? NodeType::kCollection : NodeType::kResource;
    node.object = resource["template"];
  }
  TRY(check_object(node));
  TRY(load_kind(node));
  TRY(check_namespace(node));
  const bool is_crd = node.kind.resource.is("apiextensions.k8s.io", "customresourcedefinitions");
  auto located = locate_expressions(node.object, node.is_external() || is_crd ? nullptr : node.kind.schema);
  if (!located.ok())
    return bad_request("failed to extract CEL expressions from schema for resource " + node.id + ": " +
                       located.error().message());
  for (const TemplateField& field : *located) {
    if (is_crd && field.path[0].key != "metadata") {
      return bad_request("CEL expressions in CRDs are only supported for metadata fields, found in path " +
                         quoted(field.path_text) + ", resource " + node.id);
    }
  }
  located_.push_back(std::move(*located));
  out_->nodes.push_back(std::move(node));
  return {};
}

// A LabelSelector with expressions in it, or one expression for all of it.
Result<void> GraphBuilder::check_selector(const Node& node, const Value& selector) const {
  const std::string prefix = in_resource(node) + ": ";
  if (selector.is_string() && standalone_expression(selector.as_string()).ok()) return {};
  if (!selector.is_object())
    return bad_request(prefix + "selector must be a Kubernetes LabelSelector object or a CEL expression that resolves to one");
  auto located = locate_expressions_at({{"metadata", 0, false}, {"selector", 0, false}}, selector,
                                       *api::builtin_type("meta.v1.LabelSelector"));
  if (!located.ok()) return bad_request(prefix + located.error().message());
  if (!located->empty()) return {};
  auto literal = api::LabelSelector::from_object(selector);
  return literal.ok() ? Result<void>() : bad_request(prefix + "invalid label selector: " + literal.error().message());
}

Result<void> GraphBuilder::check_object(const Node& node) const {
  const std::string prefix = "resource " + node.id + " is not a valid Kubernetes object: ";
  for (std::string_view key : {"apiVersion", "kind", "metadata"}) {
    const Value* value = node.object.find(key);
    if (value == nullptr || value->is_null()) return bad_request(prefix + std::string(key) + " field not found");
    if (key == "metadata" && !value->is_object()) return bad_request(prefix + "metadata field is not a map");
    if (key != "metadata" && !value->is_string()) return bad_request(prefix + std::string(key) + " field is not a string");
  }
  for (std::string_view map : {"labels", "annotations"}) {
    for (const Member& m : node.object["metadata"][map].members()) {
      for (std::string_view reserved : kReservedPrefixes) {
        if (!m.key().starts_with(reserved)) continue;
        return bad_request("invalid " + std::string(map == "labels" ? "label" : "annotation") + " for " + in_resource(node) +
                           ": " + quoted(m.key()) + ": " + std::string(map) + " with prefix " + quoted(reserved) +
                           " are reserved for internal use");
      }
    }
  }
  return {};
}

Result<void> GraphBuilder::load_kind(Node& node) {
  const std::string_view api_version = node.object["apiVersion"].as_string(), kind = node.object["kind"].as_string();
  const auto [first, second] = cut(api_version, "/");
  const std::string_view group = second ? first : std::string_view(), version = second ? *second : first;
  auto found = kinds_.find_kind(group, version, kind);
  if (!found) {
    waits_for_ = std::string(api_version) + " " + std::string(kind);
    return bad_request("failed to get schema for resource " + node.id + ": kind " + std::string(kind) + " of " +
                       std::string(api_version) + " is not served; it is waited for");
  }
  node.kind = std::move(*found);
  used_.push_back({std::string(group), std::string(version), std::string(kind), node.kind.stamp, node.kind.resource.plural});
  return {};
}

Result<void> GraphBuilder::check_namespace(const Node& node) const {
  const Value* name_space = node.object["metadata"].find("namespace");
  if (!node.kind.resource.namespaced) {
    if (name_space != nullptr) return bad_request(in_resource(node) + " is cluster-scoped and must not set metadata.namespace");
    return {};
  }
  if (out_->api.namespaced || node.type == NodeType::kExternalCollection) return {};
  if (name_space == nullptr || trim(name_space->as_string()).empty()) {
    return bad_request(in_resource(node) +
                       " is namespaced and must set metadata.namespace when the instance CRD is cluster-scoped");
  }
  return {};
}

}  // namespace plinth::compose
