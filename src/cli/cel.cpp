// cel eval, cel conformance: expressions on the command line.
#include <cstdio>
#include <fstream>
#include <sstream>

#include "api/cel/environments.h"
#include "base/json.h"
#include "base/text.h"
#include "base/yaml.h"
#include "cel/conformance.h"
#include "cel/program.h"
#include "cel/source.h"
#include "cel/time_zone_files.h"
#include "cli/command.h"
#include "cli/fail.h"

namespace plinth::cli {
namespace {

std::optional<std::string> read_whole(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::shared_ptr<const cel::TimeZones> system_zones() {
  return std::make_shared<cel::TimeZoneFiles>(
      [](const std::string& name) { return read_whole("/usr/share/zoneinfo/" + name); });
}

// A result as JSON where JSON can hold it, in the language's own notation where not.
std::string shown(const cel::Value& value) {
  Draft draft;
  auto document = cel::to_document(value, draft);
  return document.ok() ? to_pretty_json(*document) : cel::to_text(value, std::size_t{1} << 20);
}

int evaluate(const Arguments& arguments) {
  Document variables;
  std::string file = argument(arguments, "vars");
  if (!file.empty()) {
    auto text = read_whole(file);
    if (!text) return fail(1, "cannot read " + file);
    auto parsed = parse_yaml(*text);
    if (!parsed.ok()) return fail(1, file + ": " + parsed.error().message());
    if (!(*parsed)->is_object()) return fail(1, file + ": must be a mapping of variables to values");
    variables = *parsed;
  }
  cel::Environment environment = api::composition_environment(system_zones());
  for (const Member& member : variables->members()) environment.declare(member.key(), cel::Type::dyn());
  std::string expression = argument(arguments, "expression");
  auto program = cel::compile(expression, environment);
  if (!program.ok()) return fail(1, program.error().message());
  cel::Memory memory;
  cel::Activation activation(environment);
  for (const Member& member : variables->members()) {
    activation.set(*environment.find_variable(member.key()), cel::Value::of_document(member.value, nullptr, memory));
  }
  cel::Report report;
  auto value = program->evaluate(activation, memory, {}, &report);
  if (!value.ok()) return fail(1, cel::describe(expression, report.error_position.value_or(0), value.error().message()));
  std::puts(shown(*value).c_str());
  return 0;
}

int conformance(const Arguments& arguments) {
  std::size_t passed = 0, failed = 0, skipped = 0;
  auto zones = system_zones();
  const std::string files = argument(arguments, "files");
  for (std::string_view path : split(files, '\n')) {
    auto text = read_whole(std::string(path));
    if (!text) return fail(1, "cannot read " + std::string(path));
    auto result = cel::run_conformance(*text, zones);
    if (!result.ok()) return fail(1, std::string(path) + ": " + result.error().message());
    for (const std::string& failure : result->failures)
      std::printf("FAIL %s: %s\n", std::string(path).c_str(), failure.c_str());
    std::printf("%s: %zu skipped\n", std::string(path).c_str(), result->skipped);
    passed += result->passed;
    failed += result->failures.size();
    skipped += result->skipped;
  }
  std::printf("%zu passed, %zu failed, %zu skipped\n", passed, failed, skipped);
  return failed == 0 ? 0 : 1;
}

}  // namespace

Command cel_eval_command() {
  return {
      "cel eval",
      "evaluate an expression of the Common Expression Language",
      {{"expression", "EXPR", "the expression", "", true}, {"--vars", "FILE", "variables: a YAML or JSON mapping", "", false}},
      evaluate};
}

Command cel_conformance_command() {
  return {"cel conformance",
          "run files of cel-spec's conformance tests",
          {{"files", "FILE...", "tests as JSON", "", true}},
          conformance};
}

}  // namespace plinth::cli
