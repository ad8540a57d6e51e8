// Validation rules, compared with what tools/celoracle recorded from apiextensions-apiserver: of definitions and of objects.
#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "api/cel/schema_rules.h"
#include "api/crd_schema.h"
#include "base/json.h"

namespace plinth::api {
namespace {

std::vector<std::string> sorted_texts(const Value& list) {
  std::vector<std::string> out;
  for (const Value& v : list.items()) out.emplace_back(v.as_string());
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<std::string> sorted_texts(const FieldErrors& errors) {
  std::vector<std::string> out;
  for (const FieldError& error : errors) out.push_back(error.text());
  std::sort(out.begin(), out.end());
  return out;
}

std::string lines(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += text + "\n";
  return out;
}

void check_definition(const Document& recorded) {
  const FieldErrors errors = check_crd_schema(recorded.at(recorded["schema"]), "spec.validation.openAPIV3Schema", false);
  CHECK(lines(sorted_texts(errors)) == lines(sorted_texts(recorded["errors"])));
}

void check_object(const Document& recorded) {
  const auto rules = SchemaRules::compile(compile_schema(recorded.at(recorded["schema"])));
  REQUIRE(rules != nullptr);
  FieldErrors errors;
  std::vector<std::string> warnings;
  const Value* old = recorded->find("old");
  CostAllowance allowance;
  rules->validate(recorded["object"], old, errors, warnings, allowance);
  std::sort(warnings.begin(), warnings.end());
  CHECK(lines(sorted_texts(errors)) == lines(sorted_texts(recorded["errors"])));
  CHECK(lines(warnings) == lines(sorted_texts(recorded["warnings"])));
}

}  // namespace

TEST_CASE("validation rules say what upstream says") {
  std::ifstream in(PLINTH_SOURCE_DIR "/kinds/testdata/rules.jsonl");
  REQUIRE(in);
  int cases = 0;
  for (std::string line; std::getline(in, line);) {
    auto recorded = parse_json(line);
    REQUIRE(recorded.ok());
    CAPTURE(line);
    ++cases;
    if (recorded->root().find("object") == nullptr)
      check_definition(*recorded);
    else
      check_object(*recorded);
  }
  CHECK(cases > 80);
}

}  // namespace plinth::api
