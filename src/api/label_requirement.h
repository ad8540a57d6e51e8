// Making single label requirements: the grammar of the string form and the checks that both forms share.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/label_selector.h"
#include "base/result.h"

namespace plinth::api {

// A requirement whose key, operator and values fit together. Errors are BadRequest.
Result<LabelRequirement> make_label_requirement(std::string key, SelectorOperator op, std::vector<std::string> values);

// The requirements of a selector text, in the order written:
//   selector    = requirement *( "," requirement )
//   requirement = [ "!" ] KEY | KEY ( "=" | "==" | "!=" | ">" | "<" ) VALUE | KEY ( "in" | "notin" ) "(" VALUE *( "," VALUE )
//   ")"
Result<std::vector<LabelRequirement>> parse_label_requirements(std::string_view text);

}  // namespace plinth::api
