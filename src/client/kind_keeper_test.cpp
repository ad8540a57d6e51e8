#include "client/kind_keeper.h"

#include <doctest/doctest.h>

#include "base/json.h"
#include "client/client_testing.h"

namespace plinth::client {
namespace {

const Resource kDefinitions{"apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", false};

Document definition(const std::string& size) {
  return parse_json(R"({"metadata":{"name":"boxes.x.y"},"spec":{"size":")" + size + "\"}}").value();
}

Document size_difference(const Value& existing, const Value& wanted) {
  if (equal(existing["spec"], wanted["spec"])) return Document();
  return parse_json(R"({"spec":)" + to_json(wanted["spec"]) + "}").value();
}

// "POST", "PATCH ..." or "".
std::string planned(const Controller& keeper, ObjectCache& cache) {
  const Plan plan = keeper.step(*cache.view(), "boxes.x.y", {});
  if (plan.requests.empty()) return "";
  return plan.requests[0].method + (plan.requests[0].method == "PATCH" ? " " + plan.requests[0].body : "");
}

}  // namespace

TEST_CASE("kinds that are needed are made, and brought up to date where that is asked for") {
  const auto once = make_kind_keeper("k", {definition("new")}),
             always = make_kind_keeper("k", {definition("new")}, size_difference);
  ObjectCache cache;
  CHECK(planned(*once, cache).empty());  // the kind of definitions itself is not known yet
  cache.add_kind(kDefinitions);
  CHECK(planned(*once, cache) == "POST");
  CHECK(planned(*always, cache) == "POST");
  cache.apply({kDefinitions, "", "boxes.x.y", "u", 5, definition("old")}, false);
  CHECK(planned(*once, cache).empty());
  CHECK(planned(*always, cache).find(R"("size":"new")") != std::string::npos);
  cache.apply({kDefinitions, "", "boxes.x.y", "u", 6, definition("new")}, false);
  CHECK(planned(*always, cache).empty());
}

TEST_CASE("a change matters when something may be to do") {
  const auto once = make_kind_keeper("k", {definition("new")}),
             always = make_kind_keeper("k", {definition("new")}, size_difference);
  ObjectCache cache;
  cache.add_kind(kDefinitions);
  auto keys = [&](const Controller& keeper, const std::string& name, bool deleted) {
    Change change;
    change.object = {kDefinitions, "", name, "u", 5, definition("old")};
    change.deleted = deleted;
    std::vector<std::string> out;
    keeper.keys_of(change, *cache.view(), out);
    return out.size();
  };
  CHECK(keys(*once, "boxes.x.y", true) == 1);
  CHECK(keys(*once, "boxes.x.y", false) == 0);
  CHECK(keys(*always, "boxes.x.y", false) == 1);
  CHECK(keys(*always, "others.x.y", true) == 0);
}

}  // namespace plinth::client
