// Discovery documents, made on demand from the registry's table: legacy and aggregated.
#pragma once

#include <string>
#include <string_view>

#include "server/kind_registry.h"
#include "server/media_type.h"

namespace plinth::server {

std::string api_versions_json(std::string_view server_address);              // GET /api
std::string api_group_list_json(const KindTable& table);                     // GET /apis
std::string api_group_json(const KindTable& table, std::string_view group);  // GET /apis/G; "" when not served
std::string api_resource_list_json(const KindTable& table, std::string_view group,
                                   std::string_view version);  // "" when not served

// APIGroupDiscoveryList for /api (core only) or /apis (all others).
std::string aggregated_discovery_json(const KindTable& table, bool core, DiscoveryForm form);
// The content type that clients check: g, v and as parameters.
std::string aggregated_content_type(DiscoveryForm form);

std::string version_json();

}  // namespace plinth::server
