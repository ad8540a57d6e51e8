#include "compose/expression/expression_text.h"

#include <doctest/doctest.h>

#include "compose/expression/field_path.h"
#include "compose/expression/reserved.h"

namespace plinth::compose {
namespace {

struct Case {
  const char* text;
  std::vector<std::string_view> expressions;
};

TEST_CASE("expressions are found as kro finds them") {
  const Case cases[] = {
      {"plain", {}},
      {"${a.b}", {"a.b"}},
      {"x-${a}-${b}", {"a", "b"}},
      {"${ {'a': 1} }", {" {'a': 1} "}},
      {"${\"}\"}", {"\"}\""}},
      {"${\"\\\"}\"}", {"\"\\\"}\""}},
      {"${\"${VAR}\"}", {"\"${VAR}\""}},
      {"${unclosed", {}},
      {"${unclosed ${a}", {}},
      {"$${a}", {"a"}},
      {"$ {a}", {}},
      {"${}", {""}},
      {"${a}\n", {"a"}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    auto found = find_expressions(c.text);
    if (std::string_view(c.text) == "${unclosed ${a}") {
      REQUIRE_FALSE(found.ok());
      continue;
    }
    REQUIRE(found.ok());
    std::vector<std::string_view> texts;
    for (const FoundExpression& f : *found) texts.push_back(f.text);
    CHECK(texts == c.expressions);
  }
  auto nested = find_expressions("${outer(${inner})}");
  REQUIRE_FALSE(nested.ok());
  CHECK(nested.error().message() == "nested expressions are not allowed unless inside string literals");
}

TEST_CASE("standalone expressions") {
  CHECK(*standalone_expression("${a}") == "a");
  CHECK_FALSE(standalone_expression("a").ok());
  CHECK_FALSE(standalone_expression("${a}${b}").ok());
  auto block = standalone_expression("${a}\n");
  REQUIRE_FALSE(block.ok());
  CHECK(block.error().message().find("only standalone expressions are allowed") == 0);
  CHECK(block.error().message().find("|-") != std::string::npos);
}

TEST_CASE("paths and names") {
  CHECK(path_text({{"a", 0, false}, {"b", 0, false}, {"", 0, true}, {"x.y", 0, false}}) == "a.b[0][\"x.y\"]");
  CHECK(is_reserved_word("namespace"));
  CHECK(is_reserved_word("each"));
  CHECK_FALSE(is_reserved_word("deployment"));
  CHECK(is_lower_camel_case("webApp1"));
  CHECK_FALSE(is_lower_camel_case("web-app"));
  CHECK_FALSE(is_lower_camel_case("Web"));
  CHECK(is_upper_camel_case("Web"));
}

}  // namespace
}  // namespace plinth::compose
