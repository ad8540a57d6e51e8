// Who a certificate is asked for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace plinth::server {

// The organizations of a certificate request's subject; BadRequest when the text is none.
Result<std::vector<std::string>> organizations_of(std::string_view pem);
// Its common name; "" when there is none.
Result<std::string> common_name_of(std::string_view pem);

}  // namespace plinth::server
