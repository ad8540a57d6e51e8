// The ordering of lists in strategic merge patch.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/value.h"

namespace plinth::api {

// `key` is the merge key of lists of objects, empty for lists of scalars.
using ValueList = std::vector<Value>;

// What an item is recognised by: the value of its key, or itself.
Value item_name(const Value& item, std::string_view key);
bool same_name(const Value& a, const Value& b);
std::size_t index_of_name(const ValueList& list, const Value& name, std::string_view key);  // list.size() when absent

// All items of one kind, as Go's reflection sees it: objects, strings, integers, ... Lists of lists are refused (422).
Result<void> check_same_kind(const ValueList& a, const ValueList& b);

// The merged items in their final order: those that `order` names in its order, the others where they stood in `live`, relative
// to their neighbours.
Result<ValueList> ordered(const ValueList& merged, const ValueList& order, const ValueList& live, std::string_view key);

// Upstream's way of dropping repeated scalars, which moves the last item into the gap.
void drop_repeated(ValueList& list);

}  // namespace plinth::api
