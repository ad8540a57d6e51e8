#include <doctest/doctest.h>

#include "base/json.h"
#include "workloads/common/conditions.h"
#include "workloads/common/hash.h"

namespace plinth::workloads {

TEST_CASE("a hash is of what a value says, not of the order in which it says it") {
  const auto hash = [](const char* text, std::optional<std::int64_t> collisions = std::nullopt) {
    return value_hash(parse_json(text).value().root(), collisions);
  };
  CHECK(hash(R"({"a":1,"b":[1,2]})") == hash(R"({"b":[1,2],"a":1})"));
  CHECK(hash(R"({"a":1,"b":[1,2]})") != hash(R"({"a":1,"b":[2,1]})"));
  CHECK(hash(R"({"a":1})") != hash(R"({"a":"1"})"));
  CHECK(hash(R"({"a":{"b":1}})") != hash(R"({"a":{},"b":1})"));
  CHECK(hash(R"({"a":1})") != hash(R"({"a":1})", 0));
  CHECK(hash(R"({"a":1})", 0) != hash(R"({"a":1})", 1));
  for (const char c : hash(R"({"a":1})"))
    CHECK(std::string_view("bcdfghjklmnpqrstvwxz2456789").find(c) != std::string_view::npos);
}

TEST_CASE("suffixes of children") {
  CHECK(name_suffix("u", 1, 0).size() == 5);
  CHECK(name_suffix("u", 1, 0) == name_suffix("u", 1, 0));
  CHECK(name_suffix("u", 1, 0) != name_suffix("u", 1, 1));
  CHECK(name_suffix("u", 1, 0) != name_suffix("u", 2, 0));
  CHECK(generated_name("web-", "abcde") == "web-abcde");
  CHECK(generated_name(std::string(80, 'x'), "abcde") == std::string(58, 'x') + "abcde");
}

TEST_CASE("a condition moves when its status does") {
  std::vector<Condition> conditions;
  set_condition(conditions, {"A", "True", "R", "m", "", "t1", ""});
  set_condition(conditions, {"A", "True", "R", "other", "", "t2", ""});
  CHECK(conditions[0].message == "m");
  set_condition(conditions, {"A", "True", "S", "n", "", "t3", ""});
  CHECK(conditions[0].reason == "S");
  CHECK(conditions[0].last_transition == "t1");
  set_condition(conditions, {"A", "False", "S", "n", "", "t4", ""});
  CHECK(conditions[0].last_transition == "t4");
  CHECK(conditions.size() == 1);
}

}  // namespace plinth::workloads
