#include "server/resources/scale_apply.h"

#include "api/apply.h"
#include "api/scale_managers.h"
#include "base/text.h"
#include "server/object_codec.h"

namespace plinth::server {
namespace {

constexpr std::string_view kScaleType = "autoscaling.v1.Scale";

// The paths of all versions; `names` holds the texts.
std::vector<api::ReplicasPath> replicas_paths(const api::KindRow& row, std::vector<std::string>& names) {
  names.reserve(row.versions.size());
  std::vector<api::ReplicasPath> paths;
  for (const api::KindVersion& version : row.versions) {
    std::string_view path = version.scale.spec_replicas;
    if (path.substr(0, 1) == ".") path.remove_prefix(1);
    api::ReplicasPath made;
    made.api_version = names.emplace_back(group_version(row.group, version.name));
    if (!path.empty()) made.names = split(path, '.');
    paths.push_back(std::move(made));
  }
  return paths;
}

}  // namespace

Result<Applied> apply_scale(const ResolvedKind& kind, const store::Record& record, const Document& scale, Document config,
                            const WriteContext& write) {
  std::vector<std::string> names;
  const std::vector<api::ReplicasPath> paths = replicas_paths(*kind.row, names);
  const api::ManagedFields parent = TRY(api::ManagedFields::parse_json(managed_fields_text(record)));
  const api::ManagedFields live = api::managers_of_scale(parent, paths);
  api::ApplyInput input;
  input.scope.schema = api::builtin_type(kScaleType);
  input.scope.api_version = "autoscaling/v1";
  input.scope.kind = "Scale";
  input.scope.subresource = write.subresource;
  input.scope.now_s = write.now_s;
  input.live = scale;
  input.live_managers = live.empty() ? nullptr : &live;
  input.config = std::move(config);
  input.manager = write.manager;
  input.force = write.force;
  api::ApplyOutput output = TRY(api::apply(input));
  Applied applied;
  applied.merged = std::move(output.object);
  applied.ownership = Ownership::of_entries(
      api::managers_of_parent(parent, output.managers, paths, group_version(kind.row->group, kind.version->name)));
  return applied;
}

}  // namespace plinth::server
