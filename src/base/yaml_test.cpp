#include "base/yaml.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "base/json.h"

namespace plinth {
namespace {

enum CaseKind { kParse, kPrint };
constexpr const char* kFails = nullptr;

struct UpstreamCase {
  CaseKind kind;
  const char* in;
  const char* out;
};

constexpr UpstreamCase kUpstreamCases[] = {
#include "base/yaml_upstream_cases.inc"
};

TEST_CASE("yaml: scalars, keys, merges, aliases and styles are upstream's") {
  for (const UpstreamCase& c : kUpstreamCases) {
    std::string in = c.in;
    CAPTURE(in);
    if (c.kind == kPrint) {
      auto value = parse_json(in);
      CHECK(to_yaml(value->root()) == std::string(c.out));
      auto again = parse_yaml(to_yaml(value->root()));
      REQUIRE(again.ok());
      CHECK(equal(again->root(), value->root()));
      continue;
    }
    std::vector<std::string> duplicates;
    auto doc = parse_yaml(c.in, {.duplicates = &duplicates});
    if (c.out == kFails) {
      CHECK_FALSE(doc.ok());
      continue;
    }
    std::string message = doc.ok() ? "" : doc.error().message();
    CAPTURE(message);
    REQUIRE(doc.ok());
    CAPTURE(to_json(doc->root()));
    std::string out = c.out;
    CAPTURE(out);
    CHECK(equal(doc->root(), parse_json(c.out)->root()));
  }
}

std::string fault(std::string_view text, const YamlParseOptions& options = {}) {
  auto doc = parse_yaml(text, options);
  if (doc.ok()) return "no error: " + to_json(doc->root());
  CHECK(doc.error().reason() == Reason::kBadRequest);
  return doc.error().message();
}

TEST_CASE("yaml: faults name line and column") {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"a: 1\nb: [1, 2\nc: 3\n", "yaml: line 3: did not find expected ',' or ']' (column 2)"},
      {"a: 1\n\tb: 2\n", "yaml: line 2: found a tab character that violates indentation (column 1)"},
      {"a: 1\nb: 2\na: 3\n", "yaml: line 3: key \"a\" already set in map (column 4)"},
      {"a: *x\n", "yaml: line 1: unknown anchor 'x' referenced (column 4)"},
      {"a: &x {b: *x}\n", "yaml: line 1: anchor 'x' value contains itself (column 11)"},
      {"x: 1\ny:\n  <<: 5\n", "yaml: line 3: map merge requires map or sequence of maps as the value (column 7)"},
      {"? [1]\n: 2\n", "yaml: line 1: invalid map key: a mapping or sequence (column 3)"},
      {"null: 2\n", "yaml: line 1: unsupported map key: null (column 1)"},
      {"a: !!int x\n", "yaml: line 1: cannot decode !!str `x` as a !!int (column 4)"},
      {"a: .inf\n", "yaml: line 1: number .inf has no JSON form (column 4)"},
      {"a: \xFF\n", "yaml: invalid leading UTF-8 octet (at byte offset 3)"},
      {"{\"a\": 1,, }", "invalid character ',' looking for beginning of object key string (at byte offset 8)"},
      {"{\"a\":1,\"a\":2}", "json: duplicate field \"a\""},
  };
  for (const auto& c : cases) {
    CAPTURE(c.first);
    CHECK(fault(c.first) == c.second);
  }
}

TEST_CASE("yaml: duplicates are collected with paths when asked for; merged keys may be set again") {
  std::vector<std::string> duplicates;
  auto doc = parse_yaml("a: 1\nspec:\n  list:\n  - x: 1\n    x: 2\n    x: 3\na: 2\n", {.duplicates = &duplicates});
  REQUIRE(doc.ok());
  CHECK(to_json(doc->root()) == R"({"a":2,"spec":{"list":[{"x":3}]}})");
  CHECK(duplicates == std::vector<std::string>{"spec.list[0].x", "a"});
  CHECK(fault("b: &b {x: 1}\nc:\n  <<: *b\n  x: 2\n") == R"(no error: {"b":{"x":1},"c":{"x":2}})");
  std::string text;
  for (int i = 0; i < 40; ++i) text += "k" + std::to_string(i) + ": 1\n";
  CHECK(fault("2e300: 1\n") == R"(no error: {".inf":1})");
  CHECK(fault(text + "k7: 2\n") == "yaml: line 41: key \"k7\" already set in map (column 5)");
}

TEST_CASE("yaml: aliases have a budget") {
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 10; ++i) {
    std::string below = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + below;
    for (int k = 0; k < 8; ++k) bomb += "," + below;
    bomb += "]\n";
  }
  CHECK(fault(bomb).find("document contains excessive aliasing") != std::string::npos);
  CHECK(fault("a: &a [1,2,3]\nb: [*a, *a]\n", {.alias_nodes_max = 8}).starts_with("no error"));
  CHECK_FALSE(fault("a: &a [1,2,3]\nb: [*a, *a]\n", {.alias_nodes_max = 7}).starts_with("no error"));
  CHECK_FALSE(fault("a: &a {x: 1}\nb:\n  <<: [*a, *a]\n", {.alias_nodes_max = 3}).starts_with("no error"));
}

TEST_CASE("yaml: depth is limited, through aliases too") {
  auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  CHECK(fault(nested(512)).starts_with("no error"));
  CHECK(fault(nested(513)).find("exceeded max depth of 512") != std::string::npos);
  CHECK_FALSE(fault(std::string(100'000, '[')).starts_with("no error"));
  CHECK(fault("a: &a [[1]]\nb: [[*a]]\n", {.depth_max = 5}).starts_with("no error"));
  CHECK_FALSE(fault("a: &a [[1]]\nb: [[*a]]\n", {.depth_max = 4}).starts_with("no error"));
}

TEST_CASE("yaml: streams") {
  auto texts = [](std::string_view text) {
    auto docs = parse_yaml_stream(text);
    REQUIRE(docs.ok());
    std::string out;
    for (const Document& d : *docs) out += to_json(d.root()) + ";";
    return out;
  };
  CHECK(texts("").empty());
  CHECK(texts("---\n---\n# nothing\n--- \n").empty());
  CHECK(texts("---\na: 1\n---\n\n--- # comment\nb: 2\n...\n---\n- c\n") == R"({"a":1};{"b":2};["c"];)");
  CHECK(texts("a: 1\r\n---\r\nb: 2\r\n") == R"({"a":1};{"b":2};)");
  CHECK(texts("{\"a\": \"\\ud83d\\ude00\"}\n---\n{b: 2}\n") == "{\"a\":\"\xF0\x9F\x98\x80\"};{\"b\":2};");
  CHECK(texts("a: |\n  text\n  ---\n  more\n---\nb: 1\n") == R"({"a":"text\n---\nmore\n"};{"b":1};)");
  CHECK(texts("--- {a: 1}\n--- text\n") == R"({"a":1};"text";)");
  CHECK(texts("%YAML 1.1\n---\na: 1\n") == R"({"a":1};)");
  CHECK(texts("{\"a\":\"}{\"}\n{\"b\":{}} {\"c\":1}\n---\nd: 1\n") == R"({"a":"}{"};{"b":{}};{"c":1};{"d":1};)");
  auto bad_json = parse_yaml_stream("{\"a\": 1}{\"b\": }");
  REQUIRE_FALSE(bad_json.ok());
  CHECK(bad_json.error().message().starts_with("invalid character '}' looking for beginning of value"));
  auto bad = parse_yaml_stream("a: 1\n---\nb: [\n");
  REQUIRE_FALSE(bad.ok());
  CHECK(bad.error().message().starts_with("yaml: line 4:"));
}

}  // namespace
}  // namespace plinth
