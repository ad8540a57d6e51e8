// The named types that are written by code and not by a list of fields: moments, quantities, arbitrary JSON.
#pragma once

#include <string_view>

#include "api/schema.h"

namespace plinth::server {

struct LeafType {
  std::string_view name;    // of the definition
  std::string_view v2, v3;  // its schema: members of a JSON object, "" for any value
};

// nullptr when the schema is no such type.
const LeafType* leaf_type(const api::Schema& schema);

}  // namespace plinth::server
