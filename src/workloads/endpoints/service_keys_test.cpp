#include "workloads/endpoints/service_keys.h"

#include "workloads/common/test_cluster.h"

namespace plinth::workloads {
namespace {

using Texts = std::vector<std::string>;

struct Told {
  TestCluster cluster;
  ServiceKeys keys;

  Texts put(const std::string& kind, const std::string& name, const std::string& rest) {
    const bool created = !cluster.get(kind, name);
    cluster.put(R"({"kind":")" + kind + R"(","metadata":{"name":")" + name + "\"" + rest + "}");
    return tell({false, created, *cluster.get(kind, name)});
  }
  Texts put_service(const std::string& name, const std::string& selector) {
    return put("Service", name, R"(},"spec":{"clusterIP":"10.96.0.9","selector":)" + selector + "}");
  }
  Texts put_pod(const std::string& name, const std::string& labels) { return put("Pod", name, R"(,"labels":)" + labels + "}"); }
  Texts remove(const std::string& kind, const std::string& name) {
    const client::Object object = *cluster.get(kind, name);
    cluster.remove(kind, name);
    return tell({true, false, object});
  }
  Texts tell(const client::Change& change) {
    Texts out;
    keys.take(change, *cluster.view(), out);
    return out;
  }
};

}  // namespace

TEST_CASE("a change of a pod concerns the Services that select it, and those that selected it before") {
  Told t;
  CHECK(t.put_service("web", R"({"app":"web"})") == Texts{"default/web"});
  CHECK(t.put_service("gold", R"({"tier":"gold","app":"web"})") == Texts{"default/gold"});
  CHECK(t.put_service("db", R"({"app":"db"})") == Texts{"default/db"});
  CHECK(t.put_service("bare", "{}").empty());
  CHECK(t.put_pod("p", R"({"app":"web"})") == Texts{"default/web"});
  CHECK(t.put_pod("p", R"({"app":"web"})").empty());
  CHECK(t.put_pod("p", R"({"app":"web","tier":"gold"})") == Texts{"default/gold", "default/web"});
  CHECK(t.put_pod("p", R"({"app":"db"})") == Texts{"default/db", "default/gold", "default/web"});
  CHECK(t.remove("Pod", "p") == Texts{"default/db"});
}

TEST_CASE("selectors that change and Services that go are followed, whatever an older view says") {
  Told t;
  t.put_service("web", R"({"app":"web"})");
  const auto old_view = t.cluster.view();
  t.put_service("web", R"({"app":"new"})");
  Texts all;
  t.keys.all(*old_view, all);
  CHECK(all == Texts{"default/web"});
  CHECK(t.put_pod("p", R"({"app":"web"})").empty());
  CHECK(t.put_pod("q", R"({"app":"new"})") == Texts{"default/web"});
  CHECK(t.put_service("web", "{}").empty());
  CHECK(t.put_pod("r", R"({"app":"new"})").empty());
  t.put_service("web", R"({"app":"new"})");
  CHECK(t.remove("Service", "web").empty());
  CHECK(t.put_pod("s", R"({"app":"new"})").empty());
}

// After a start nothing has been told yet.
TEST_CASE("Services that are there from the start are known") {
  Told t;
  t.cluster.put(R"({"kind":"Service","metadata":{"name":"web"},"spec":{"clusterIP":"10.96.0.9","selector":{"app":"web"}}})");
  Texts all;
  t.keys.all(*t.cluster.view(), all);
  CHECK(t.put_pod("p", R"({"app":"web"})") == Texts{"default/web"});
}

}  // namespace plinth::workloads
