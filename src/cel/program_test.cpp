#include "cel/program.h"

#include <doctest/doctest.h>

#include "base/json.h"
#include "cel/lib/libraries.h"

namespace plinth::cel {
namespace {

Environment environment_with(std::string_view variable) {
  Environment environment;
  environment.add(optionals_library());
  environment.add(bindings_library());
  environment.add(comprehensions_library());
  environment.declare(variable, Type::dyn());
  return environment;
}

std::string outcome(std::string_view expression, const Environment& environment, const Document& document = {}) {
  auto program = compile(expression, environment);
  if (!program.ok()) return "compile: " + program.error().message();
  Memory memory;
  Activation activation(environment);
  activation.set(0, Value::of_document(document.root(), nullptr, memory));
  auto value = program->evaluate(activation, memory);
  return value.ok() ? to_text(*value) : "error: " + value.error().message();
}

}  // namespace

TEST_CASE("expressions over a document") {
  Environment environment = environment_with("self");
  auto document = parse_json(
      R"({"spec":{"replicas":3,"ports":[{"name":"a","port":80},{"name":"b","port":443}],"labels":{"x":"1","y":"2"}}})");
  struct Row {
    std::string_view expression, expected;
  } rows[] = {
      {"self.spec.replicas + 1", "4"},
      {"self.spec.ports.map(p, p.port)", "[80, 443]"},
      {"self.spec.ports.exists(p, p.name == 'b' && p.port > 100)", "true"},
      {"self.spec.ports.filter(p, p.port < 100).size()", "1"},
      {"self.spec.labels.transformList(k, v, k + v)", "[\"x1\", \"y2\"]"},
      {"self.spec.?missing.orValue('none')", "\"none\""},
      {"has(self.spec.missing)", "false"},
      {"self.spec.missing", "error: no such key: missing"},
      {"self.spec.replicas / 0", "error: division by zero"},
      {"true || self.spec.missing", "true"},
      {"cel.bind(x, self.spec.replicas, x * x)", "9"},
      {"self.spec.ports[1].name", "\"b\""},
      {"self.spec.ports[2].name", "error: index out of bounds: 2"},
      {"self.spec.replicas == 3.0 ? 'yes' : 'no'", "\"yes\""},
      {"type(self.spec.labels) == map", "true"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.expression);
    CHECK(outcome(row.expression, environment, *document) == row.expected);
  }
}

TEST_CASE("compile errors show where") {
  Environment environment = environment_with("self");
  CHECK(outcome("1 + 'a'", environment) ==
        "compile: ERROR: <input>:1:3: found no matching overload for '_+_' applied to '(int, string)'\n | 1 + 'a'\n | ..^");
  CHECK(outcome("self.x && y", environment) ==
        "compile: ERROR: <input>:1:11: undeclared reference to 'y' (in container '')\n | self.x && y\n | ..........^");
  CHECK(outcome("self.\n  1x", environment).substr(0, 27) == "compile: ERROR: <input>:2:3");
}

TEST_CASE("references are the paths that are read") {
  Environment environment = environment_with("schema");
  environment.declare("svc", Type::dyn());
  auto program = compile(
      "schema.spec.items.map(i, i.name + svc.metadata.name) + [schema.spec.ports[0].name, has(svc.status.ip) ? 'a' : 'b']",
      environment);
  REQUIRE(program.ok());
  std::vector<std::string> paths;
  for (const VariablePath& path : program->references()) paths.push_back(path.text());
  CHECK(paths ==
        std::vector<std::string>{"schema.spec.items", "svc.metadata.name", "schema.spec.ports[0].name", "svc.status.ip"});
}

TEST_CASE("a budget ends an evaluation") {
  Environment environment = environment_with("self");
  auto program = compile("[1,2,3,4,5,6,7,8,9].all(x, [1,2,3,4,5,6,7,8,9].all(y, x * y > 0))", environment);
  REQUIRE(program.ok());
  Memory memory;
  Report report;
  CHECK(program->run({}, memory, {}, &report).as_bool());
  CHECK(report.cost > 300);
  Value value = program->run({}, memory, {.cost_limit = 100}, &report);
  REQUIRE(value.is_error());
  CHECK(value.as_error().message == "operation cancelled: actual cost limit exceeded");
  std::atomic<bool> cancelled = true;
  value = program->run({}, memory, {.cancelled = &cancelled});
  REQUIRE(value.is_error());
  CHECK(value.as_error().message == "operation interrupted");
}

TEST_CASE("values become documents") {
  Environment environment = environment_with("self");
  auto program =
      compile("{'a': [1, 2.5, true, null], 'd': duration('90s'), 't': timestamp('2026-01-02T03:04:05Z'), 'o': optional.none()}",
              environment);
  REQUIRE(program.ok());
  Memory memory;
  auto value = program->evaluate(Activation(environment), memory);
  REQUIRE(value.ok());
  Draft draft;
  auto document = to_document(*value, draft);
  REQUIRE(document.ok());
  CHECK(to_json(*document) == R"({"a":[1,2.5,true,null],"d":"90s","t":"2026-01-02T03:04:05Z","o":null})");
  program = compile("b'x'", environment);
  value = program->evaluate(Activation(environment), memory);
  CHECK_FALSE(to_document(*value, draft).ok());
}

}  // namespace plinth::cel
