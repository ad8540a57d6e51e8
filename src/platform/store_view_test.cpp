// Lists by label find the same objects in the same order, whether the store indexes labels of the kind or not.
#include "platform/store_view.h"

#include <random>

#include <doctest/doctest.h>

#include "api/label_selector.h"
#include "store/test_objects.h"

namespace plinth::platform {
namespace {

using Names = std::vector<std::string>;

// Pods with random labels in two namespaces, some of them owned.
struct Bench {
  store::TestMachine machine;
  std::unique_ptr<store::Store> store;
  server::KindRegistry registry;

  explicit Bench(std::vector<std::string> indexed) {
    store::StoreOptions options;
    options.directory = ":memory:";
    options.label_indexed = std::move(indexed);
    store::StoreWiring wiring;
    wiring.loop = &machine.loop;
    auto made = store::make_store(options, machine.world(), wiring);
    REQUIRE(made.ok());
    store = std::move(made).value();
    std::mt19937 random(3);
    for (int i = 0; i < 200; ++i) put(random, i);
  }
  ~Bench() { store->close(); }

  void put(std::mt19937& random, int i) {
    const server::ResolvedKind pods = registry.table()->find("", "v1", "pods");
    store::EncodedObject object;
    object.schema_stamp = pods.version->stamp;
    object.uid = "u" + std::to_string(i);
    for (const char* label : {"app", "tier", "zone"}) {
      if (random() % 3 != 0) object.labels.emplace_back(label, std::string(1, static_cast<char>('a' + random() % 3)));
    }
    if (random() % 2 == 0) object.owner_uids = {"owner"};
    const std::string key = std::string("/core/pods/") + (i % 2 == 0 ? "one/p" : "two/p") + std::to_string(i);
    const auto outcome = store::commit_now(*store, machine.loop, store::put_transaction(key, "x", object));
    REQUIRE(outcome.kind == store::CommitOutcome::Kind::kCommitted);
  }

  Names find(const std::string& selector, const std::string& name_space, bool ownerless) {
    const auto view = make_store_view(registry, store->snapshot());
    const auto parsed = api::LabelSelector::parse(selector);
    REQUIRE(parsed.ok());
    Names out;
    view->list_where(*view->find_resource("", "pods"), name_space, {&*parsed, ownerless}, [&](const client::Object& pod) {
      out.push_back(pod.name_space + "/" + pod.name);
      return true;
    });
    return out;
  }
};

}  // namespace

TEST_CASE("a list by label is the same with an index and without") {
  Bench indexed({"/core/pods/"}), plain({"/apps/replicasets/"});
  REQUIRE(indexed.store->snapshot()->indexes_labels("/core/pods/one/"));
  REQUIRE(!plain.store->snapshot()->indexes_labels("/core/pods/one/"));
  std::size_t found = 0;
  for (const char* selector : {"app=a", "app=a,tier=b", "app in (a),zone!=c", "app in (a,b)", "!app", "app,zone=a", "app=none",
                               "app=a,app=b", "", "tier=a,zone=b,app=c"}) {
    CAPTURE(selector);
    for (const char* name_space : {"", "one", "two", "three"}) {
      for (const bool ownerless : {false, true}) {
        const Names names = indexed.find(selector, name_space, ownerless);
        CHECK(names == plain.find(selector, name_space, ownerless));
        found += names.size();
      }
    }
  }
  CHECK(found > 500);
}

}  // namespace plinth::platform
