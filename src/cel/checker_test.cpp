// What the conformance files do not ask of the checker and the parser: messages, strict environments, object types, limits.
#include "cel/checker.h"

#include <doctest/doctest.h>

#include "base/json.h"
#include "cel/lib/libraries.h"
#include "cel/program.h"

namespace plinth::cel {
namespace {

struct Spec final : ObjectType {
  std::string_view name() const override { return "example.Spec"; }
  std::optional<Type> field(std::string_view field) const override {
    if (field == "replicas") return Type::integer();
    if (field == "data") return Type::bytes();
    if (field == "tags") return Type::list(Type::string());
    if (field == "since") return Type::timestamp();
    if (field == "next") return Type::object(std::make_shared<Spec>());
    return std::nullopt;
  }
};

struct Names final : TypeProvider {
  std::optional<Type> find_type(std::string_view name) const override {
    if (name == "example.Spec") return Type::object(std::make_shared<Spec>());
    return std::nullopt;
  }
};

// How a document of that type is seen: escaped names, encoded bytes, sets.
struct SpecShape final : Shape {
  struct Bytes final : Shape {
    Scalar scalar() const override { return Scalar::kBytes; }
  } bytes;
  struct Time final : Shape {
    Scalar scalar() const override { return Scalar::kTimestamp; }
  } time;
  struct Set final : Shape {
    ListKind list_kind() const override { return ListKind::kSet; }
  } set;
  Field field(std::string_view name) const override {
    if (name == "data") return {&bytes, "data", true};
    if (name == "since") return {&time, "since", true};
    if (name == "tags") return {&set, "tags", true};
    if (name == "a__dash__b") return {nullptr, "a-b", true};
    if (name == "hidden") return {nullptr, name, false};
    return {this, name, true};
  }
};

Environment strict_environment() {
  Environment environment;
  environment.add(optionals_library());
  environment.add(strings_library());
  environment.declare("self", Type::object(std::make_shared<Spec>()));
  environment.settings().homogeneous_literals = true;
  environment.settings().validate_constants = true;
  environment.settings().types = std::make_shared<Names>();
  return environment;
}

std::string complaint(std::string_view expression, const Environment& environment) {
  auto program = compile(expression, environment);
  if (program.ok()) return "";
  std::string_view text = program.error().message();
  return std::string(text.substr(0, text.find('\n')));
}

}  // namespace

TEST_CASE("complaints of the checker") {
  struct Row {
    std::string_view expression, complaint;
  } rows[] = {
      {"self.missing", "ERROR: <input>:1:5: undefined field 'missing'"},
      {"self.next.next.replicas == 1", ""},
      {"self.replicas.x", "ERROR: <input>:1:14: type 'int' does not support field selection"},
      {"self.replicas == 'a'", "ERROR: <input>:1:15: found no matching overload for '_==_' applied to '(int, string)'"},
      {"self.tags.charAt(1)", "ERROR: <input>:1:17: found no matching overload for 'charAt' applied to 'list(string).(int)'"},
      {"[1, 'a']", "ERROR: <input>:1:5: expected type 'int' but found 'string'"},
      {"'%s %d'.format(['a', 1])", ""},
      {"{'a': 1, 'b': 2.0}", "ERROR: <input>:1:15: expected type 'int' but found 'double'"},
      {"self.tags.all(t, t)", "ERROR: <input>:1:18: found no matching overload for '_&&_' applied to '(string)'"},
      {"self.replicas.all(t, true)",
       "ERROR: <input>:1:5: expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)"},
      {"'a'.matches('(')", "ERROR: <input>:1:13: invalid matches argument: error parsing regexp: missing ): ("},
      {"duration('1x') > duration('1s')",
       "ERROR: <input>:1:10: invalid duration argument: type conversion error from 'string' to 'google.protobuf.Duration': "
       "'1x'"},
      {"example.Spec{replicas: 1, tags: ['a']}.replicas == 1", ""},
      {"example.Spec{replicas: 'x'}",
       "ERROR: <input>:1:14: expected type of field 'replicas' is 'int' but provided type is 'string'"},
      {"example.Spec{other: 1}", "ERROR: <input>:1:14: undefined field 'other'"},
      {"unknown(1)", "ERROR: <input>:1:8: undeclared reference to 'unknown' (in container '')"},
      {"has(self)", "ERROR: <input>:1:5: invalid argument to has() macro"},
      {"[1].map(a.b, 1)", "ERROR: <input>:1:10: argument must be a simple name"},
      {"1 +", "ERROR: <input>:1:4: Syntax error: unexpected '<EOF>', expecting an expression"},
      {"9223372036854775808", "ERROR: <input>:1:1: Syntax error: invalid int literal"},
      {"'abc", "ERROR: <input>:1:1: Syntax error: the string that starts here has no closing '"},
      {"while", "ERROR: <input>:1:1: reserved identifier: while"},
      {"\"\\ud800\"", "ERROR: <input>:1:1: Syntax error: invalid unicode code point"},
  };
  Environment environment = strict_environment();
  for (const Row& row : rows) {
    CAPTURE(row.expression);
    CHECK(complaint(row.expression, environment) == row.complaint);
  }
}

TEST_CASE("limits of the parser") {
  Environment environment;
  CHECK(complaint(std::string(300, '(') + "1" + std::string(300, ')'), environment).find("recursion limit exceeded: 250") !=
        std::string::npos);
  CHECK(complaint(std::string(300, '[') + std::string(300, ']'), environment).find("recursion limit exceeded: 250") !=
        std::string::npos);
  std::string chain = "1";
  for (int i = 0; i < 800; ++i) chain += "+1";
  CHECK(complaint(chain, environment).empty());
  for (int i = 0; i < 800; ++i) chain += "+1";
  CHECK(complaint(chain, environment).find("nested more than 1000 deep") != std::string::npos);
  CHECK(complaint(std::string(100'001, ' '), environment) ==
        "expression code point size exceeds limit: size: 100001, limit 100000");
  CHECK(complaint("\xff", environment) == "expression is not valid UTF-8");
}

TEST_CASE("the type that is asked for") {
  Environment environment = strict_environment();
  CHECK(compile("self.replicas > 1", environment, {.result_type = Type::boolean()}).ok());
  CHECK(compile("dyn(1)", environment, {.result_type = Type::boolean()}).ok());
  auto wrong = compile("self.replicas", environment, {.result_type = Type::boolean()});
  REQUIRE_FALSE(wrong.ok());
  CHECK(wrong.error().message() == "ERROR: <input>:1:5: expected type 'bool' but found 'int'\n | self.replicas\n | ....^");
}

TEST_CASE("documents seen through a schema") {
  Environment environment;
  environment.declare("self", Type::dyn());
  SpecShape shape;
  auto document =
      parse_json(R"({"data":"aGk=","since":"2026-01-02T03:04:05Z","tags":["a","b"],"a-b":1,"hidden":2,"next":{"data":"!"}})");
  struct Row {
    std::string_view expression, expected;
  } rows[] = {
      {"string(self.data)", "\"hi\""},
      {"self.since.getFullYear()", "2026"},
      {"self.tags == ['b', 'a']", "true"},
      {"self.tags + ['c', 'a']", "[\"a\", \"b\", \"c\"]"},
      {"self.a__dash__b", "1"},
      {"has(self.hidden)", "false"},
      {"self.hidden", "error: no such key: hidden"},
      {"self.next.data", "error: value is not a base64 text: '!'"},
      {"self.next.missing", "error: no such key: missing"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.expression);
    auto program = compile(row.expression, environment);
    REQUIRE(program.ok());
    Memory memory;
    Activation activation(environment);
    activation.set(0, Value::of_document(document->root(), &shape, memory));
    auto value = program->evaluate(activation, memory);
    CHECK((value.ok() ? to_text(*value) : "error: " + value.error().message()) == row.expected);
  }
}

}  // namespace plinth::cel
