#include "api/json_path.h"

#include <doctest/doctest.h>

#include "base/json.h"

using namespace plinth;
using namespace plinth::api;

namespace {

constexpr std::string_view kObject = R"({"metadata":{"name":"x","labels":{"app.kubernetes.io/name":"web"}},
  "spec":{"replicas":3,"ports":[{"name":"http","port":80},{"name":"https","port":443},{"port":9000}],"nested":[[1,2],[3]]},
  "status":{"conditions":[{"type":"Ready","status":"True"},{"type":"Old","status":"False"}],"nothing":null,"ratio":0.5}})";

std::string found(std::string_view path) {
  Document object = *parse_json(kObject);
  Result<JsonPath> compiled = JsonPath::compile(path);
  if (!compiled.ok()) return "error: " + compiled.error().message();
  std::string out;
  for (const Value* v : compiled->find(object.root())) out += (out.empty() ? "" : " ") + to_json(*v);
  const Value* first = compiled->first(object.root());
  CHECK((first != nullptr) == !out.empty());
  if (first != nullptr) CHECK(out.starts_with(to_json(*first)));
  return out;
}

}  // namespace

TEST_CASE("json path: what paths select") {
  struct Case {
    std::string_view path, values;
  };
  const Case cases[] = {
      {".spec.replicas", "3"},
      {"{.spec.replicas}", "3"},
      {"$.spec.replicas", "3"},
      {".spec['replicas']", "3"},
      {".metadata.labels['app.kubernetes.io/name']", "\"web\""},
      {R"(.metadata.labels["app.kubernetes.io/name"])", "\"web\""},
      {R"(.metadata.labels.app\.kubernetes\.io/name)", "\"web\""},
      {".spec.missing", ""},
      {".spec.missing.deep", ""},
      {".spec.replicas.deep", ""},
      {".spec.ports[0].port", "80"},
      {".spec.ports[-1].port", "9000"},
      {".spec.ports[3].port", ""},
      {".spec.ports[*].port", "80 443 9000"},
      {".spec.ports[*].name", "\"http\" \"https\""},
      {".spec.ports[0:2].port", "80 443"},
      {".spec.ports[::2].port", "80 9000"},
      {".spec.ports[1:].port", "443 9000"},
      {".spec.ports[0,2].port", "80 9000"},
      {".spec.ports.*.port", "80 443 9000"},
      {".spec.nested[0][1]", "2"},
      {".spec.nested[*][*]", "1 2 3"},
      {".status.conditions[?(@.type==\"Ready\")].status", "\"True\""},
      {".status.conditions[?(@.type=='Old')].status", "\"False\""},
      {".status.conditions[?(@.type!=\"Ready\")].type", "\"Old\""},
      {".status.conditions[?(@.type==\"None\")].status", ""},
      {".spec.ports[?(@.port>443)].port", "9000"},
      {".spec.ports[?(@.port<=443)].port", "80 443"},
      {".spec.ports[?(@.name)].port", "80 443"},
      {".spec.ports[?(@.name==\"a)b\")].port", ""},
      {"..port", "80 443 9000"},
      {".status.nothing", "null"},
      {".status.nothing.x", ""},
      {".status[?(@.ratio>0.4)]", ""},
      {".spec[0]", ""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.path);
    CHECK(found(c.path) == c.values);
  }
  CHECK(found(".").starts_with("{\"metadata\""));
}

TEST_CASE("json path: errors") {
  for (std::string_view bad : {"", "spec.replicas", ".a[", ".a[x]", ".a[]", ".a[0:1:0]", ".a[1:2:3:4]", ".a[?(@.x==1]",
                               ".a[?(@.x==\"y)]", "....a", ".a}b", ".a[?(@.x==)]", ".a[?(@.b===1)]"}) {
    CAPTURE(bad);
    CHECK_FALSE(JsonPath::compile(bad).ok());
  }
  CHECK_FALSE(JsonPath::compile("." + std::string(kJsonPathTextMax, 'a')).ok());
  CHECK(JsonPath::compile(".spec.selector")->fields() == std::vector<std::string>{"spec", "selector"});
  CHECK(JsonPath::compile(".spec.list[0]")->fields().empty());
}
