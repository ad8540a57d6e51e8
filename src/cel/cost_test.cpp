// Costs, reckoned by hand from the rules of cel-go's interpreter/runtimecost.go and checker/cost.go.
#include <doctest/doctest.h>

#include "cel/cost_estimate.h"
#include "cel/lib/libraries.h"
#include "cel/program.h"

namespace plinth::cel {
namespace {

struct FixedSizes final : SizeHints {
  std::optional<SizeRange> size_of(std::span<const std::string> path, const Type&) const override {
    std::string name;
    for (const std::string& step : path) name += (name.empty() ? "" : ".") + step;
    if (name == "input" || name == "list") return SizeRange{0, 10};
    if (name == "list.@items") return SizeRange{0, 5};
    return std::nullopt;
  }
};

Environment environment() {
  Environment made;
  made.add(strings_library());
  made.add(bindings_library());
  made.declare("input", Type::string());
  made.declare("list", Type::list(Type::string()));
  made.declare("m", Type::map(Type::string(), Type::integer()));
  return made;
}

std::uint64_t actual(std::string_view expression, const Environment& environment) {
  auto program = compile(expression, environment);
  REQUIRE(program.ok());
  Memory memory;
  ListBody* list = new_list(memory, 3);
  for (std::string_view text : {"a", "b", "c"}) list->items[list->size++] = Value::string(text);
  MapBuilder map(memory, 1);
  map.insert(Value::string("k"), Value::of(1));
  Value variables[] = {Value::string("0123456789"), Value::list(list), Value::map(map.finish())};
  Report report;
  program->run(variables, memory, {}, &report);
  return report.cost;
}

}  // namespace

TEST_CASE("the cost of an evaluation") {
  struct Row {
    std::string_view expression;
    std::uint64_t cost;
  } rows[] = {
      {"\"Hello World!\"", 0},
      {"input", 1},
      {"m.k", 2},
      {"m['k']", 2},
      {"has(m.k)", 1},
      {"{}", 30},
      {"{'a': 1}", 30},
      {"[]", 10},
      {"true && false", 0},
      {"!true", 1},
      {"input == input", 3},
      {"input + input", 4},
      {"input.contains('ab')", 2},
      {"input.matches('\\\\d+a\\\\d+b')", 5},
      {"input.startsWith('012')", 2},
      {"1 in [1, 2, 3]", 13},
      {"list.all(x, true)", 11},
      {"[1, 2, 3].map(x, x)", 60},
      {"cel.bind(a, 1, a + a)", 13},
      {"true ? input : 'b'", 1},
  };
  Environment made = environment();
  for (const Row& row : rows) {
    CAPTURE(row.expression);
    CHECK(actual(row.expression, made) == row.cost);
  }
}

TEST_CASE("what an expression will cost") {
  struct Row {
    std::string_view expression;
    CostRange cost;
  } rows[] = {
      {"1", {0, 0}},
      {"input", {1, 1}},
      {"input == 'abc'", {2, 2}},
      {"input.contains('abc')", {1, 2}},
      {"list.all(x, x == 'abcdefghijklmno')", {2, 52}},
      {"list.map(x, x + x).size() > 0", {14, 164}},
      {"true ? input : input + input", {1, 4}},
      {"list[0].size() > 1 && input.size() > 1", {4, 7}},
  };
  Environment made = environment();
  FixedSizes sizes;
  for (const Row& row : rows) {
    CAPTURE(row.expression);
    auto cost = estimate_cost(row.expression, made, &sizes);
    REQUIRE(cost.ok());
    CHECK(cost->min == row.cost.min);
    CHECK(cost->max == row.cost.max);
  }
  // Without bounds there is no end to it.
  auto unbounded = estimate_cost("list.all(x, list.all(y, x == y))", made, nullptr);
  REQUIRE(unbounded.ok());
  CHECK(unbounded->max == kNoCostLimit);
}

}  // namespace plinth::cel
