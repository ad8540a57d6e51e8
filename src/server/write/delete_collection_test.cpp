#include <doctest/doctest.h>

#include "server/write/test_pipeline.h"

namespace plinth::server {
namespace {

TEST_CASE("a collection of several slices is deleted, and nothing beside it") {
  PipelineBench bench({});
  bench.context().limits.list_slice_objects = 7;
  const std::string path = "/api/v1/namespaces/default/configmaps";
  for (int i = 0; i < 40; ++i) {
    const std::string label = i % 2 == 0 ? "even" : "odd";
    const auto made = bench.call("POST", path,
                                 R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c)" + std::to_string(i) +
                                     R"(","labels":{"is":")" + label + "\"}}}");
    REQUIRE(made.status == 201);
  }
  CHECK(bench.call("DELETE", path + "?labelSelector=is%3Deven").status == 200);
  auto left = parse_json(bench.call("GET", path).body);
  REQUIRE(left.ok());
  CHECK((*left)["items"].size() == 20);
  for (const Value& item : (*left)["items"].items()) CHECK(item["metadata"]["labels"]["is"].as_string() == "odd");
  CHECK(bench.call("DELETE", path + "?labelSelector=is%20in%20(").status == 400);
  CHECK(bench.call("DELETE", path).status == 200);
  CHECK((*parse_json(bench.call("GET", path).body))["items"].size() == 0);
}

}  // namespace
}  // namespace plinth::server
