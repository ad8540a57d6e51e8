// What texts of certain fields may look like, in Kubernetes' words (apimachinery util/validation). Names and labels:
// api/names.h.
#pragma once

#include <string_view>

#include "api/names.h"

namespace plinth::api {

Complaints check_config_key(std::string_view text);  // keys of ConfigMap and Secret data
Complaints check_port_name(std::string_view text);
Complaints check_env_var_name(std::string_view text);
Complaints check_http_header_name(std::string_view text);
Complaints check_percentage(std::string_view text);
Complaints check_ip_address(std::string_view text);
Complaints check_cidr_block(std::string_view text);
Complaints check_search_domain(std::string_view text);

bool is_ipv4(std::string_view text);
bool is_ipv6(std::string_view text);
// Both are valid blocks; whether `inner` lies in `outer` and is smaller.
bool is_strict_subnet(std::string_view inner, std::string_view outer);

}  // namespace plinth::api
