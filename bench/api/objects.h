// The objects that are written: a ConfigMap and a Deployment of about 3 KB, and custom resource definitions of about 50 KB.
#pragma once

#include <cstdint>
#include <string>

#include "api/connection.h"

namespace plinth::bench {

inline constexpr const char* kConfigMaps = "/api/v1/namespaces/default/configmaps";

std::string config_map(const std::string& name, std::uint64_t version);
std::string deployment(std::uint64_t version);
std::string definition(int number, std::size_t bytes);

Request post(const std::string& path, std::string body);
Request put(const std::string& path, std::string body);
Request get(const std::string& path);
Request apply_patch(const std::string& path, std::string body);

// `count` ConfigMaps named map-000000000 and so on: created by version 1, replaced by later ones.
void fill(Connection& connection, std::uint64_t count, std::uint64_t version);

}  // namespace plinth::bench
