#include "store/tree.h"

#include <map>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace plinth::store {
namespace {

struct TextKey {
  std::string_view operator()(const Text& text) const { return text.view(); }
};
using TextTree = Tree<Text, TextKey>;

std::vector<std::string> contents(const TextTree& tree, std::string_view start = "") {
  std::vector<std::string> out;
  tree.visit_from(start, [&](const Text& text) {
    out.emplace_back(text.view());
    return true;
  });
  return out;
}

TEST_CASE("a tree behaves as an ordered set, and old versions stay as they were") {
  for (std::uint32_t seed = 1; seed <= 6; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    const std::uint32_t keys = seed % 2 == 0 ? 300 : 20'000;
    TextTree tree;
    std::map<std::string, int> model;
    std::vector<std::pair<TextTree, std::vector<std::string>>> versions;
    for (int step = 0; step < 30'000; ++step) {
      const std::string key = std::to_string(random() % keys);
      const bool growing = (step / 7'000) % 2 == 0;
      if (random() % 10 < (growing ? 7u : 2u)) {
        CHECK(tree.put(Text(key)).has_value() == !model.emplace(key, 0).second);
      } else {
        CHECK(tree.erase(key).has_value() == (model.erase(key) == 1));
      }
      if (random() % 50 == 0) tree.freeze();
      if (random() % 3'000 == 0) {
        versions.emplace_back(tree, contents(tree));
        tree.freeze();
      }
    }
    std::vector<std::string> expected;
    for (const auto& [key, _] : model) expected.push_back(key);
    CHECK(contents(tree) == expected);
    CHECK(tree.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); i += 37) {
      CHECK(tree.rank(expected[i]) == i);
      CHECK(tree.find(expected[i]) != nullptr);
      CHECK(tree.find(expected[i] + "x") == nullptr);
    }
    CHECK(tree.rank("~") == expected.size());
    for (const auto& [version, then] : versions) CHECK(contents(version) == then);
  }
}

TEST_CASE("keys in order, both ways, and down to nothing") {
  TextTree tree;
  for (int i = 10'000; i < 40'000; ++i) tree.put(Text(std::to_string(i)));
  for (int i = 9'999; i >= 1'000; --i) tree.put(Text(std::to_string(i)));
  CHECK(tree.size() == 39'000);
  CHECK(contents(tree, "3999").size() == tree.size() - tree.rank("3999"));
  for (int i = 1'000; i < 40'000; ++i) REQUIRE(tree.erase(std::to_string(i)).has_value());
  CHECK(tree.size() == 0);
  CHECK(contents(tree).empty());
  CHECK(!tree.erase("1").has_value());
}

TEST_CASE("prefix_end bounds a prefix") {
  CHECK(prefix_end("/core/pods/") == "/core/pods0");
  CHECK(prefix_end("a\xff") == "b");
  CHECK(prefix_end("\xff") == "");
  CHECK(prefix_end("") == "");
}

}  // namespace
}  // namespace plinth::store
