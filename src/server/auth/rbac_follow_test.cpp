// The policy over a real store: every request sees what was committed before it.
#include <doctest/doctest.h>

#include "server/auth/rbac.h"
#include "server/auth/test_rbac.h"
#include "store/test_objects.h"

using namespace plinth;
using namespace plinth::server::auth;

namespace {

const std::string kPrefix = "/rbac.authorization.k8s.io/";
const char* const kPods = R"([{"apiGroups":[""],"resources":["pods"],"verbs":["get"]}])";

struct Bench {
  store::TestMachine machine;
  store::StoreOptions options;
  store::StoreWiring wiring;
  std::unique_ptr<store::Store> store;
  Rbac rbac;

  Bench() {
    options.directory = ":memory:";
    options.history_bytes_max = 64 << 10;
    wiring.loop = &machine.loop;
    store = std::move(store::make_store(options, machine.world(), wiring)).value();
    rbac.follow(*store, machine.loop);
  }
  void put(const std::string& key, const std::string& object) {
    store::Transaction transaction;
    transaction.writes.push_back(store::Write{key, encode_test_object(object), {}});
    REQUIRE(store::commit_now(*store, machine.loop, std::move(transaction)).kind == store::CommitOutcome::Kind::kCommitted);
  }
  void erase(const std::string& key) {
    REQUIRE(store::commit_now(*store, machine.loop, store::delete_transaction(key)).kind ==
            store::CommitOutcome::Kind::kCommitted);
  }
  void put_role(const std::string& place, const std::string& rules) {
    put(kPrefix + place, "{\"rules\":" + rules + ",\"metadata\":{\"name\":\"r\"}}");
  }
  void put_binding(const std::string& place, const std::string& kind) {
    put(kPrefix + place, "{\"roleRef\":{\"kind\":\"" + kind + "\",\"name\":\"r\"},\"subjects\":" + user_subject("u") +
                             ",\"metadata\":{\"name\":\"b\"}}");
  }
  bool allowed(const std::string& question) {
    return rbac.authorize(ask(test_user("u"), question), *store->snapshot()).allowed;
  }
};

}  // namespace

TEST_CASE("rights follow the store") {
  Bench b;
  CHECK_FALSE(b.allowed("get pods ns=x"));
  b.put_role("roles/x/r", kPods);
  b.put_binding("rolebindings/x/b", "Role");
  CHECK(b.allowed("get pods ns=x"));
  const RbacPolicyPtr before = b.rbac.policy(*b.store->snapshot());
  for (int i = 0; i < 10; ++i) b.put("/core/configmaps/x/c" + std::to_string(i), R"({"metadata":{"name":"c"}})");
  CHECK(b.rbac.policy(*b.store->snapshot()) == before);

  b.put_binding("rolebindings/y/b", "ClusterRole");
  CHECK_FALSE(b.allowed("get pods ns=y"));
  b.put_role("clusterroles//r", kPods);
  CHECK(b.allowed("get pods ns=y"));
  CHECK_FALSE(b.allowed("get pods"));
  b.put_binding("clusterrolebindings//b", "ClusterRole");
  CHECK(b.allowed("get pods"));
  b.erase(kPrefix + "clusterroles//r");
  CHECK_FALSE(b.allowed("get pods"));
  CHECK_FALSE(b.allowed("get pods ns=y"));
  CHECK(b.allowed("get pods ns=x"));
  b.erase(kPrefix + "rolebindings/x/b");
  CHECK_FALSE(b.allowed("get pods ns=x"));
}

TEST_CASE("an old snapshot does not bring back old rights, nor hides a change from later ones") {
  Bench b;
  b.put_role("clusterroles//r", kPods);
  const store::SnapshotPtr old = b.store->snapshot();
  b.put_binding("clusterrolebindings//b", "ClusterRole");
  // Compiled first at the old state, while the stream already has the newer event.
  CHECK_FALSE(b.rbac.authorize(ask(test_user("u"), "get pods"), *old).allowed);
  CHECK(b.allowed("get pods"));
  CHECK(b.rbac.authorize(ask(test_user("u"), "get pods"), *old).allowed);
  const store::SnapshotPtr with = b.store->snapshot();
  b.put("/core/configmaps/x/c", R"({"metadata":{"name":"c"}})");
  const store::SnapshotPtr between = b.store->snapshot();
  b.erase(kPrefix + "clusterrolebindings//b");
  CHECK(b.rbac.authorize(ask(test_user("u"), "get pods"), *between).allowed);
  CHECK_FALSE(b.allowed("get pods"));
}

TEST_CASE("a stream that fell behind is begun anew") {
  Bench b;
  b.put_role("clusterroles//r", "[]");
  b.put_binding("clusterrolebindings//b", "ClusterRole");
  CHECK_FALSE(b.allowed("get pods"));
  b.put_role("clusterroles//r", kPods);
  const std::string padding(4000, 'x');
  for (int i = 0; i < 200; ++i) {
    b.put(kPrefix + "roles/z/r" + std::to_string(i % 3), "{\"rules\":[],\"metadata\":{\"name\":\"" + padding + "\"}}");
  }
  CHECK(b.allowed("get pods"));
  b.put_role("clusterroles//r", "[]");
  CHECK_FALSE(b.allowed("get pods"));
}
