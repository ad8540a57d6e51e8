#include "compose/graph/naming.h"

#include <set>
#include <string>

#include "base/quoted.h"
#include "compose/expression/reserved.h"
#include "compose/graph/graph.h"

namespace plinth::compose {
namespace {

constexpr std::string_view kConvention = "naming convention violation: ";

Result<std::set<std::string>> check_ids(const Value& resources) {
  std::set<std::string> ids;
  for (const Value& resource : resources.items()) {
    const std::string id(resource["id"].as_string());
    const std::string prefix(kConvention);
    if (is_reserved_word(id)) return bad_request(prefix + "id " + id + " is a reserved keyword in KRO");
    if (!is_lower_camel_case(id))
      return bad_request(prefix + "id " + id + " is not a valid KRO resource id: must be lower camelCase");
    if (!ids.insert(id).second) return bad_request(prefix + "found duplicate resource IDs " + id);
  }
  return ids;
}

Result<void> check_iterators(const Value& resource, const std::set<std::string>& ids) {
  const Value dimensions = resource["forEach"];
  const std::string prefix = "resource " + quoted(resource["id"].as_string()) + ": ";
  if (dimensions.size() > kDimensionsMax) {
    return bad_request(prefix + "forEach cannot have more than " + std::to_string(kDimensionsMax) + " dimensions, got " +
                       std::to_string(dimensions.size()));
  }
  std::set<std::string> seen;
  for (const Value& dimension : dimensions.items()) {
    for (const Member& m : dimension.members()) {
      const std::string name(m.key()), shown = prefix + "forEach iterator name " + quoted(m.key());
      if (!is_lower_camel_case(name)) return bad_request(shown + " is not valid: must be lowerCamelCase");
      if (is_reserved_word(name)) return bad_request(shown + " is a reserved keyword");
      if (ids.count(name) > 0) return bad_request(shown + " conflicts with resource ID");
      if (!seen.insert(name).second) return bad_request(prefix + "duplicate forEach iterator name " + quoted(name));
    }
  }
  return {};
}

}  // namespace

Result<void> check_names(const Value& spec) {
  const std::string kind(spec["schema"]["kind"].as_string());
  if (!is_upper_camel_case(kind)) {
    return bad_request(std::string(kConvention) + "kind '" + kind + "' is not a valid KRO kind name: must be UpperCamelCase");
  }
  const std::set<std::string> ids = TRY(check_ids(spec["resources"]));
  for (const Value& resource : spec["resources"].items()) TRY(check_iterators(resource, ids));
  return {};
}

}  // namespace plinth::compose
