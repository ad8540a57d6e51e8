#include "workloads/disruption/expected_pods.h"

#include <map>

#include "base/text.h"
#include "workloads/common/pod_state.h"

namespace plinth::workloads {
namespace {

using client::Object;
using client::View;

struct Scale {
  std::string uid;
  std::int64_t count = 0;
};

std::string group_of(std::string_view api_version) {
  const std::size_t slash = api_version.find('/');
  return slash == std::string_view::npos ? std::string() : std::string(api_version.substr(0, slash));
}

// ".spec.replicas" in an object.
std::int64_t number_at(const Value& object, std::string_view path) {
  Value at = object;
  for (const std::string_view part : split(path.substr(path.starts_with(".") ? 1 : 0), '.')) at = at[part];
  return at.as_int();
}

// Where the definition of a custom resource says that its replicas stand; "" when it has no scale.
std::string scale_path(const View& view, const client::Resource& resource) {
  const auto definitions = view.find_resource("apiextensions.k8s.io", "customresourcedefinitions");
  if (!definitions) return "";
  const auto definition = view.get(*definitions, "", resource.plural + "." + resource.group);
  if (!definition) return "";
  for (const Value& version : (*definition)["spec"]["versions"].items()) {
    const std::string_view path = version["subresources"]["scale"]["specReplicasPath"].as_string();
    if (version["name"].as_string() == resource.version) return std::string(path);
  }
  return "";
}

bool has_builtin_scale(const client::Resource& resource) {
  return resource.is("apps", "replicasets") || resource.is("apps", "statefulsets") || resource.is("apps", "deployments") ||
         resource.is("", "replicationcontrollers");
}

// Nothing when the controller is gone.
Result<std::optional<Scale>> scale_of(const View& view, const Value& reference, const std::string& name_space) {
  const std::string_view api_version = reference["apiVersion"].as_string(), kind = reference["kind"].as_string();
  const std::string group = group_of(api_version);
  const std::string version(group.empty() ? api_version : api_version.substr(group.size() + 1));
  const auto form = view.find_kind(group, version, kind);
  std::optional<client::Resource> resource;
  if (form) resource = form->resource;
  for (const client::Resource& known : resource ? std::vector<client::Resource>() : view.resources()) {
    if (known.group == group && known.kind == kind) resource = known;  // where schemas are not known
  }
  if (!resource)
    return Error(Reason::kNone,
                 "no matches for kind \"" + std::string(kind) + "\" in version \"" + std::string(api_version) + "\"");
  const auto object = view.get(*resource, name_space, reference["name"].as_string());
  if (has_builtin_scale(*resource)) {
    if (!object || object->uid != reference["uid"].as_string()) return std::optional<Scale>();
    const Value owner = controlling_reference(object->document.root());
    if (resource->plural == "replicasets" && owner["kind"].as_string() == "Deployment")
      return scale_of(view, owner, name_space);
    return std::optional<Scale>(Scale{object->uid, (*object)["spec"]["replicas"].as_int()});
  }
  const std::string path = scale_path(view, *resource);
  if (path.empty())
    return Error(Reason::kNone,
                 resource->plural + (group.empty() ? "" : "." + group) + " does not implement the scale subresource");
  if (!object || object->uid != reference["uid"].as_string()) return std::optional<Scale>();
  return std::optional<Scale>(Scale{object->uid, number_at(object->document.root(), path)});
}

}  // namespace

Result<ExpectedPods> expected_pods(const View& view, const std::vector<Object>& pods) {
  ExpectedPods out;
  std::map<std::string, bool, std::less<>> references;
  std::map<std::string, std::int64_t> scales;
  for (const Object& pod : pods) {
    const Value owner = controlling_reference(pod.document.root());
    if (owner.is_null()) {
      ++out.unmanaged;
      continue;
    }
    if (!references.emplace(owner["uid"].as_string(), true).second) continue;
    const std::optional<Scale> scale = TRY(scale_of(view, owner, pod.name_space));
    if (!scale) return Error(Reason::kNone, "found no controllers for pod \"" + pod.name + "\"");
    scales[scale->uid] = scale->count;
  }
  for (const auto& [uid, count] : scales) out.count += count;
  return out;
}

std::int64_t scaled_value(const Value& value, std::int64_t total) {
  if (!value.is_string()) return value.as_int();
  std::string_view text = value.as_string();
  if (!text.ends_with('%')) return 0;
  text.remove_suffix(1);
  return (parse_integer<std::int64_t>(text).value_or(0) * total + 99) / 100;
}

}  // namespace plinth::workloads
