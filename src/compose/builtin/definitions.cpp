#include "compose/builtin/definitions.h"

namespace plinth::compose {

Result<std::vector<Document>> own_definitions(std::string_view list) {
  if (list == "none") return std::vector<Document>();
  if (list == "postgresql") return std::vector<Document>{postgresql_definition()};
  return bad_request("use postgresql or none");
}

}  // namespace plinth::compose
