#include "workloads/autoscaling/scale_target.h"

#include <fmt/format.h>

#include "api/label_selector.h"
#include "base/text.h"

namespace plinth::workloads {
namespace {

using client::Object;
using client::View;

// Where a scale has its parts; paths without a leading dot.
struct ScalePlaces {
  std::string replicas = "spec.replicas", status_replicas = "status.replicas", selector = "spec.selector";
};

Value value_at(const Value& object, std::string_view path) {
  Value at = object;
  for (const std::string_view part : split(path.substr(path.starts_with(".") ? 1 : 0), '.')) at = at[part];
  return at;
}

bool has_builtin_scale(const client::Resource& resource) {
  return resource.is("apps", "replicasets") || resource.is("apps", "statefulsets") || resource.is("apps", "deployments") ||
         resource.is("", "replicationcontrollers");
}

// Of a custom kind: as its definition says; nothing when it has no scale.
std::optional<ScalePlaces> custom_places(const View& view, const client::Resource& resource) {
  const auto definitions = view.find_resource("apiextensions.k8s.io", "customresourcedefinitions");
  const auto definition = definitions ? view.get(*definitions, "", resource.plural + "." + resource.group) : std::nullopt;
  if (!definition) return std::nullopt;
  for (const Value& version : (*definition)["spec"]["versions"].items()) {
    const Value scale = version["subresources"]["scale"];
    if (version["name"].as_string() != resource.version || !scale.is_object()) continue;
    return ScalePlaces{std::string(scale["specReplicasPath"].as_string()), std::string(scale["statusReplicasPath"].as_string()),
                       std::string(scale["labelSelectorPath"].as_string())};
  }
  return std::nullopt;
}

// A LabelSelector, a map of labels (ReplicationController), or a text (custom kinds).
std::string selector_text(const client::Resource& resource, const Value& selector) {
  if (selector.is_string()) return std::string(selector.as_string());
  if (resource.is("", "replicationcontrollers")) return api::LabelSelector::from_map(selector).to_string();
  if (!selector.is_object()) return "";
  auto parsed = api::LabelSelector::from_object(selector);
  return parsed.ok() ? parsed->to_string() : std::string();
}

}  // namespace

Result<ScaleTarget> find_scale_target(const View& view, const Object& autoscaler) {
  const Value reference = autoscaler["spec"]["scaleTargetRef"];
  const std::string kind(reference["kind"].as_string()), name(reference["name"].as_string());
  const auto [first, second] = cut(reference["apiVersion"].as_string(), "/");
  const std::string group(second ? first : std::string_view());
  const auto form = view.find_kind(group, second.value_or(first), kind);
  const auto resource = form ? view.find_resource(form->resource.group, form->resource.plural) : std::nullopt;
  if (!resource) return Error(Reason::kNotFound, fmt::format("no matches for kind \"{}\" in group \"{}\"", kind, group));
  const auto places = has_builtin_scale(*resource) ? ScalePlaces() : custom_places(view, *resource);
  if (!places) return Error(Reason::kNotFound, "the server could not find the requested resource");
  auto object = view.get(*resource, autoscaler.name_space, name);
  if (!object)
    return Error(Reason::kNotFound, fmt::format("{}{}{} \"{}\" not found", resource->plural, resource->group.empty() ? "" : ".",
                                                resource->group, name));
  ScaleTarget target;
  const Value root = object->document.root();
  target.replicas = value_at(root, places->replicas).as_int();
  target.status_replicas = value_at(root, places->status_replicas).as_int();
  if (!places->selector.empty()) target.selector = selector_text(*resource, value_at(root, places->selector));
  target.object = std::move(*object);
  return target;
}

}  // namespace plinth::workloads
