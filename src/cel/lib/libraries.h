// The libraries of functions, each in a file of its own. Made new by each call; Environment::add shares what it takes.
#pragma once

#include <memory>

#include "base/world.h"
#include "cel/function.h"

namespace plinth::cel {

Library standard_library();        // every environment has it
Library optionals_library();       // optional.of, .?x, [?i], optMap ...
Library strings_library();         // cel-go's ext strings, newest version
Library lists_library();           // ext lists
Library sets_library();            // ext sets
Library math_library();            // ext math
Library encoders_library();        // base64
Library regex_library();           // regex.extract, extractAll, replace
Library network_library();         // ip, cidr
Library bindings_library();        // cel.bind
Library blocks_library();          // cel.block
Library comprehensions_library();  // macros with two variables

Library kubernetes_regex_library();  // find, findAll
Library kubernetes_lists_library();  // isSorted, sum, min, max, indexOf, lastIndexOf, includes
Library urls_library();
Library semver_library();

Library kro_library();   // random.seeded*, maps, json, hash, lists.*AtIndex
Library omit_library();  // omit(), only where the caller knows what to leave out; to_document() leaves out members and items
bool is_omit(const Value& value);
// runtime.newCondition({type: .., status: ..}) and runtime.condition(object, type), for conditions that an author of a
// definition makes. A condition is a map of texts; its type is an object of that name.
Library kro_conditions_library();
inline constexpr std::string_view kConditionType = "kro.run.Condition";
inline constexpr std::string_view kNewCondition = "runtime.newCondition";
inline constexpr std::string_view kFindCondition = "runtime.condition";
// random.alphanumeric(length): from the world's entropy, a new one with each evaluation.
Library entropy_library(std::shared_ptr<Entropy> entropy);

}  // namespace plinth::cel
