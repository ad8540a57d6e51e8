// Operations on objects of a schema, as server-side apply needs them: check, list what is there, merge, compare, remove.
//
// All of them are total: what does not fit the schema is treated as one leaf. check_typed() finds it first where that matters.
#pragma once

#include <string>
#include <vector>

#include "api/field_set.h"
#include "api/typed_schema.h"
#include "base/value.h"

namespace plinth::api {

// Every violation in the words of structured-merge-diff (".spec.foo: field not declared in schema"); empty when there is none.
std::vector<std::string> check_typed(TypeRef type, const Value& value, bool allow_duplicates);
// The violations as one text, as upstream joins them.
std::string typed_errors_text(const std::vector<std::string>& errors);

// Whether fields that Go has although the document leaves them out are there, and equal to themselves written out.
enum class Zeros : std::uint8_t { kIgnore, kCount };

// Every leaf and list item of the value. The elements refer to the value's strings, the schema's and to `arena`. `fits` tells
// whether check_typed() would find nothing, no duplicates included.
FieldSet field_set_of(TypeRef type, const Value& value, Arena& arena, Zeros zeros = Zeros::kIgnore, bool* fits = nullptr);

// `config` laid over `live`: no field goes away, scalars and atomic parts are the config's, items of lists are merged by their
// names and ordered by both sides. Parts that do not change are `live`'s own storage. Both must be kept alive by `draft`.
Value merge_typed(TypeRef type, const Value& live, const Value& config, Draft& draft);

struct Comparison {
  FieldSet added, modified, removed;  // no path is in two of them
  bool empty() const { return added.empty() && modified.empty() && removed.empty(); }
};
// From `left` to `right`. Elements as in field_set_of(). Zeros are those inside of leaves: structs in between always have
// theirs.
Comparison compare_typed(TypeRef type, const Value& left, const Value& right, Arena& arena, Zeros zeros = Zeros::kIgnore);

// The value without the list items and map entries that are in the set. A container that loses all becomes null.
Value remove_typed(TypeRef type, const Value& value, const FieldSet& items, Draft& draft);

// The set with all declared fields that lead to its paths added.
FieldSet with_named_fields(TypeRef type, const FieldSet& set);

// Adapts a set that was written under an older schema: where a list or map has become atomic, its owner now owns the whole.
// False when nothing changed.
bool reconcile_set(TypeRef type, FieldSet& set);

}  // namespace plinth::api
