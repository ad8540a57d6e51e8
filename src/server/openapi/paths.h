// The paths of a kind as OpenAPI documents list them.
#pragma once

#include <string>

#include "server/kind_registry.h"
#include "server/openapi/schema_json.h"

namespace plinth::server {

// Appends `"/apis/apps/v1/namespaces/{namespace}/deployments":{...},...` for one kind at one version, separated by commas.
void append_paths(std::string& out, const ResolvedKind& kind, const api::KindVersion& version, OpenApiVersion form,
                  std::string_view definition);

// `,"x-kubernetes-group-version-kind":[{...}]` (a list, as definitions carry it).
std::string gvk_list_extension(const api::KindRow& row, std::string_view version);

// Visits every kind that is served at the group version; custom schemas are compiled.
std::vector<ResolvedKind> kinds_of(const KindTable& table, std::string_view group, std::string_view version);

}  // namespace plinth::server
