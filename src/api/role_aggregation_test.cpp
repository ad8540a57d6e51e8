#include "api/role_aggregation.h"

#include <vector>

#include <doctest/doctest.h>

#include "base/json.h"

using namespace plinth;
using namespace plinth::api;

namespace {

struct Case {
  const char* name;
  const char* role;
  std::vector<const char*> others;
  const char* expected;  // nullptr: an error
};

}  // namespace

TEST_CASE("aggregated rules") {
  const char* admin =
      R"({"metadata":{"name":"admin"},"aggregationRule":{"clusterRoleSelectors":[{"matchLabels":{"to":"admin"}}]}})";
  const char* a =
      R"({"metadata":{"name":"a","labels":{"to":"admin"}},"rules":[{"verbs":["get"],"apiGroups":[""],"resources":["pods"]}]})";
  const char* b =
      R"({"metadata":{"name":"b","labels":{"to":"admin"}},"rules":[{"verbs":["list"],"apiGroups":[""],"resources":["pods"]},)"
      R"({"apiGroups":[""],"verbs":["get"],"resources":["pods"]}]})";
  const char* other = R"({"metadata":{"name":"c","labels":{"to":"view"}},"rules":[{"verbs":["*"]}]})";
  const char* self = R"({"metadata":{"name":"admin","labels":{"to":"admin"}},"rules":[{"verbs":["*"]}]})";
  const Case cases[] = {
      {"union in name order, equal rules once",
       admin,
       {b, other, self, a},
       R"([{"verbs":["get"],"apiGroups":[""],"resources":["pods"]},{"verbs":["list"],"apiGroups":[""],"resources":["pods"]}])"},
      {"nothing selected", admin, {other}, "[]"},
      {"an expression",
       R"({"metadata":{"name":"x"},"aggregationRule":{"clusterRoleSelectors":[{"matchExpressions":[{"key":"to","operator":"NotIn","values":["admin"]}]}]}})",
       {a, other},
       R"([{"verbs":["*"]}])"},
      {"not an operator",
       R"({"metadata":{"name":"x"},"aggregationRule":{"clusterRoleSelectors":[{"matchExpressions":[{"key":"to","operator":"Near"}]}]}})",
       {a},
       nullptr},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const Document role = std::move(parse_json(c.role)).value();
    std::vector<Document> documents;
    std::vector<Value> values;
    for (const char* text : c.others) values.push_back(documents.emplace_back(std::move(parse_json(text)).value()).root());
    const auto rules = aggregated_rules(role.root(), values);
    CHECK(rules.ok() == (c.expected != nullptr));
    if (rules.ok() && c.expected != nullptr) CHECK(to_json(rules->root()) == c.expected);
  }
}
