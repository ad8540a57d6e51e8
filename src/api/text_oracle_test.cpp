// Selectors, names and field sets on random texts, compared with upstream's code.
#include <doctest/doctest.h>

#include "api/field_selector.h"
#include "api/field_set.h"
#include "api/label_selector.h"
#include "api/names.h"
#include "api/testing/generator.h"
#include "api/testing/oracle.h"
#include "base/json.h"

using namespace plinth;
using namespace plinth::api;
using namespace plinth::api::testing;

namespace {

constexpr int kRounds = 400;

std::string random_text(Random& random, std::span<const std::string_view> words) {
  std::string out;
  for (std::size_t i = 1 + random.below(9); i > 0; --i) out += random.pick(words);
  return out;
}

Document ask(Oracle& oracle, std::string_view op, std::string_view check, std::string_view text) {
  Draft request;
  request.set(request.root(), "op", op);
  request.set(request.root(), "check", check);
  request.set(request.root(), "text", text);
  return oracle.ask(request.root());
}

// Upstream's text, or its error.
std::string expected(const Document& answer) {
  if (const Value* error = answer->find("error")) return "error: " + std::string((*error)["message"].as_string());
  return std::string(answer["result"].as_string());
}

template <typename Selector>
std::string printed(const Result<Selector>& selector) {
  return selector.ok() ? selector->to_string() : "error: " + selector.error().message();
}

std::string random_set(Random& random, int depth) {
  constexpr std::string_view kKeys[] = {R"(f:a)",
                                        R"(f:b)",
                                        R"(k:{\"name\":\"x\"})",
                                        R"(k:{\"name\":\"x\",\"port\":80})",
                                        R"(v:\"s\")",
                                        R"(v:1)",
                                        R"(v:true)",
                                        R"(v:1.5)",
                                        R"(i:2)",
                                        R"(i:-1)",
                                        R"(k:{\"b\":2,\"a\":null})",
                                        R"(v:\"<\")"};
  std::string out = "{";
  for (std::string_view key : kKeys) {
    if (!random.chance(depth == 0 ? 50 : 25)) continue;
    if (out.size() > 1) out += ',';
    out += "\"" + std::string(key) + "\":" + (depth < 3 && random.chance(50) ? random_set(random, depth + 1) : "{}");
  }
  if (depth > 0 && random.chance(30)) out += std::string(out.size() > 1 ? "," : "") + R"(".":{})";
  return out + "}";
}

}  // namespace

TEST_CASE("selectors: random texts read as upstream reads them") {
  Oracle* oracle = Oracle::get("selector texts");
  if (oracle == nullptr) return;
  constexpr std::string_view kLabelWords[] = {"a", "b/c", "in", "notin", " ", " ", "(", ")",   ",", ",",
                                              "=", "==",  "!=", "!",     ">", "<", "1", "x_y", "-"};
  constexpr std::string_view kFieldWords[] = {"a", "b.c", "=", "==", "!=", ",", ",", "\\", "\\,", "\\=", "\\\\", "x y", ""};
  Random random(7);
  for (int i = 0; i < kRounds; ++i) {
    std::string labels = random_text(random, kLabelWords), fields = random_text(random, kFieldWords);
    CAPTURE(labels);
    CAPTURE(fields);
    CHECK(printed(LabelSelector::parse(labels)) == expected(ask(*oracle, "label_selector", "", labels)));
    CHECK(printed(FieldSelector::parse(fields)) == expected(ask(*oracle, "field_selector", "", fields)));
  }
}

TEST_CASE("names: random texts are refused as upstream refuses them") {
  Oracle* oracle = Oracle::get("name texts");
  if (oracle == nullptr) return;
  struct Check {
    std::string_view name;
    Complaints (*check)(std::string_view);
  };
  const Check checks[] = {{"label", check_dns1123_label},
                          {"subdomain", check_dns1123_subdomain},
                          {"label1035", check_dns1035_label},
                          {"wildcard", check_wildcard_subdomain},
                          {"label_key", check_label_key},
                          {"label_value", check_label_value},
                          {"path_segment", check_path_segment_name},
                          {"identifier", check_c_identifier}};
  constexpr std::string_view kWords[] = {
      "a", "B", "1", "-", ".", "_", "/", "*.", "%", " ", "", "example.com", "abcdefghijklmnopqrstuvwxyz"};
  Random random(11);
  for (int i = 0; i < kRounds; ++i) {
    std::string text = random_text(random, kWords);
    const Check& c = checks[random.below(std::size(checks))];
    CAPTURE(c.name);
    CAPTURE(text);
    Draft ours;
    ours.root() = ours.array();
    for (const std::string& complaint : c.check(text)) ours.push(ours.root(), ours.text(complaint));
    CHECK(to_json(ours.root()) == to_json(ask(*oracle, "name", c.name, text)["result"]));
  }
}

TEST_CASE("field sets: arithmetic and order are upstream's") {
  Oracle* oracle = Oracle::get("field sets");
  if (oracle == nullptr) return;
  Random random(13);
  for (int i = 0; i < kRounds; ++i) {
    std::string left = random_set(random, 0), right = random_set(random, 0);
    CAPTURE(left);
    CAPTURE(right);
    Document a = *parse_json(left), b = *parse_json(right);
    Draft request;
    request.set(request.root(), "op", "field_sets");
    request.set(request.root(), "a", request.adopt(a));
    request.set(request.root(), "b", request.adopt(b));
    Document answer = oracle->ask(request.root());
    REQUIRE(answer->find("error") == nullptr);
    Value want = answer["result"];
    Arena arena;
    FieldSet x = *FieldSet::parse(a.root(), arena), y = *FieldSet::parse(b.root(), arena);
    CHECK(x.to_json() == want["a"].as_string());
    CHECK(x.unite(y).to_json() == want["union"].as_string());
    CHECK(x.intersect(y).to_json() == want["intersection"].as_string());
    CHECK(x.minus(y).to_json() == want["difference"].as_string());
    CHECK(x.minus_trees(y).to_json() == want["recursive"].as_string());
    std::string text;
    x.for_each([&](Path path) { text += (text.empty() ? "" : "\n") + path_text(path); });
    CHECK(text == want["text"].as_string());
  }
}
