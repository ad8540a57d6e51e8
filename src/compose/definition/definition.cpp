#include "compose/definition/definition.h"

#include "base/text.h"
#include "compose/definition/plural.h"
#include "compose/marks.h"

namespace plinth::compose {

std::string ApiSchema::plural() const { return pluralize(to_lower(kind)); }

ApiSchema api_schema_of(const Value& spec) {
  const Value schema = spec["schema"];
  ApiSchema out;
  out.group = schema["group"].as_string();
  if (out.group.empty()) out.group = kKroGroup;
  out.version = schema["apiVersion"].as_string();
  out.kind = schema["kind"].as_string();
  out.namespaced = schema["scope"].as_string() != "Cluster";
  out.spec = schema["spec"];
  out.types = schema["types"];
  out.status = schema["status"];
  out.columns = schema["additionalPrinterColumns"];
  out.metadata = schema["metadata"];
  out.short_names = schema["shortNames"];
  out.categories = schema["categories"];
  return out;
}

}  // namespace plinth::compose
