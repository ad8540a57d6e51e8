#include "compose/apply_set/apply_set.h"

#include <doctest/doctest.h>

#include "base/yaml.h"
#include "compose/graph/dag.h"
#include "compose/graph/revision.h"

namespace plinth::compose {
namespace {

TEST_CASE("the id of an apply set") {
  CHECK(apply_set_id({"my-app", "default", "Application", "kro.run"}) ==
        "applyset-Mk6aDHl2ne6O3CyPDpTaa8F3g48Gz4BVLFVHZ8P6-q0-v1");
}

TEST_CASE("an inventory is written, read back, and a damaged one is noticed") {
  const std::string id = apply_set_id({"a", "n", "K", "g"});
  const Inventory inventory{{"Service", "Deployment.apps"}, {"other"}};
  Draft draft;
  draft.root() = draft.object();
  for (const auto& [key, value] : inventory_annotations(id, inventory)) draft.set(draft.root(), key, value);
  CHECK(draft.root()["applyset.kubernetes.io/contains-group-kinds"].as_string() == "Deployment.apps,Service");
  CHECK(read_inventory(draft.root()) == inventory);
  CHECK(inventory_is_intact(id, draft.root()));
  draft.set(draft.root(), "applyset.kubernetes.io/contains-group-kinds", "Secret");
  CHECK_FALSE(inventory_is_intact(id, draft.root()));
  CHECK_FALSE(inventory_is_intact(id, Value()));
  CHECK(prune_scope(inventory, "n").namespaces == std::vector<std::string>{"n", "other"});
}

TEST_CASE("deletion goes wave by wave from the last applied") {
  using Wave = std::vector<std::size_t>;
  CHECK(next_deletion_wave({{0, "0"}, {1, "2"}, {2, "2"}, {3, ""}}) == Wave{1, 2});
  CHECK(next_deletion_wave({{0, "0"}, {3, "x"}}) == Wave{0});
  CHECK(next_deletion_wave({{3, "x"}, {4, "-1"}, {5, ""}}) == Wave{3, 4, 5});
  CHECK(next_deletion_wave({}).empty());
}

Dag chain() {
  Dag dag;
  for (const char* id : {"zebra", "apple", "mango"}) dag.add(id);
  return dag;
}

TEST_CASE("order: needs first, then the list or the alphabet") {
  Dag dag = chain();
  CHECK(dag.order(TieOrder::kListPosition) == std::vector<std::size_t>{0, 1, 2});
  CHECK(dag.order(TieOrder::kAlphabetical) == std::vector<std::size_t>{1, 2, 0});
  REQUIRE(dag.depend(0, 2).ok());
  CHECK(dag.order(TieOrder::kListPosition) == std::vector<std::size_t>{1, 2, 0});
  CHECK(dag.layers() == std::vector<int>{1, 0, 0});
  REQUIRE(dag.depend(2, 1).ok());
  CHECK(dag.layers() == std::vector<int>{2, 0, 1});
  auto cycle = dag.depend(1, 0);
  REQUIRE_FALSE(cycle.ok());
  CHECK(cycle.error().message() == "graph contains a cycle: apple -> zebra -> mango -> apple");
  CHECK(dag.depend(1, 1).error().message() == "self references are not allowed");
}

std::string hash_of(const char* yaml) {
  auto parsed = parse_yaml(yaml);
  REQUIRE(parsed.ok());
  return spec_hash(parsed->root());
}

TEST_CASE("reordering alone is no new revision") {
  const std::string base = hash_of(
      "{schema: {kind: A, apiVersion: v1, spec: {a: string, b: string}}, resources: [{id: x, includeWhen: [p, q]}, {id: y}]}");
  CHECK(base.size() == 16);
  CHECK(hash_of("{resources: [{id: y}, {includeWhen: [q, p], id: x, readyWhen: []}], schema: {group: kro.run, scope: "
                "Namespaced, apiVersion: v1, "
                "spec: {b: string, a: string}, kind: A}}") == base);
  CHECK(hash_of("{schema: {kind: A, apiVersion: v1, spec: {a: string}}, resources: [{id: x, includeWhen: [p, q]}, {id: y}]}") !=
        base);
  CHECK(hash_of("{schema: {kind: A, apiVersion: v1}, resources: [{id: x, forEach: [{a: p}, {b: q}]}]}") !=
        hash_of("{schema: {kind: A, apiVersion: v1}, resources: [{id: x, forEach: [{b: q}, {a: p}]}]}"));
}

TEST_CASE("names of revisions") {
  CHECK(revision_name("web", 1) == "web-r00001");
  CHECK(revision_name("web", 123456) == "web-r123456");
  const std::string longest(253, 'a');
  CHECK(revision_name(longest, 1).size() == 253);
  CHECK(revision_name(longest, 1) != revision_name(std::string(252, 'a') + "b", 1));
}

}  // namespace
}  // namespace plinth::compose
