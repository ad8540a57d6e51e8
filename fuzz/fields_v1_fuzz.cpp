// FieldsV1 from outside, alone or as [a, b]: no crash, printing reads back as the same set, and the arithmetic of sets holds.
#include <cstddef>
#include <cstdint>

#include "api/field_set.h"
#include "api/managed_fields.h"
#include "base/json.h"
#include "fuzz/require.h"

namespace {

using plinth::api::FieldSet;

void check_pair(const FieldSet& a, const FieldSet& b) {
  FieldSet both = a.unite(b), shared = a.intersect(b), rest = a.minus(b);
  REQUIRE_PROPERTY(both == b.unite(a));
  REQUIRE_PROPERTY(shared == b.intersect(a));
  REQUIRE_PROPERTY(rest.unite(shared) == a);
  REQUIRE_PROPERTY(rest.intersect(b).empty());
  REQUIRE_PROPERTY(a.is_subset_of(both) && shared.is_subset_of(a) && a.minus_trees(b).is_subset_of(rest));
  REQUIRE_PROPERTY(both.size() + shared.size() == a.size() + b.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto input = plinth::parse_json({reinterpret_cast<const char*>(data), size}, {.depth_max = 64});
  if (!input.ok()) return 0;
  (void)plinth::api::ManagedFields::parse(*input);
  plinth::Arena arena;
  bool pair = input->root().is_array() && input->root().size() == 2;
  auto a = FieldSet::parse(pair ? input->root().items()[0] : input->root(), arena);
  if (!a.ok()) return 0;
  auto printed = plinth::parse_json(a->to_json(), {.depth_max = 66});
  REQUIRE_PROPERTY(printed.ok());
  auto again = FieldSet::parse(printed->root(), arena);
  REQUIRE_PROPERTY(again.ok());
  REQUIRE_PROPERTY(*again == *a);
  if (!pair) return 0;
  auto b = FieldSet::parse(input->root().items()[1], arena);
  if (b.ok()) check_pair(*a, *b);
  return 0;
}
