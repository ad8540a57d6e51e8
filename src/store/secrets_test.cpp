#include "store/secrets.h"

#include <algorithm>
#include <string>

#include <doctest/doctest.h>

#include "store/core_store.h"
#include "store/test_objects.h"
#include "store/test_world.h"

namespace plinth::store {
namespace {

std::unique_ptr<KeyFileSealer> open_sealer(TestMachine& machine, KeyFileOptions options = {}) {
  auto made = KeyFileSealer::open(machine.disk, machine.entropy, "/data/secrets.keys", options);
  REQUIRE_MESSAGE(made.ok(), (made.ok() ? "" : made.error().message()));
  return std::move(made).value();
}

TEST_CASE("what was sealed opens with the same associated data and nothing else") {
  TestMachine machine;
  auto sealer = open_sealer(machine);
  const std::string sealed = sealer->seal("attack at dawn", "key1").value();
  CHECK(sealed.find("dawn") == std::string::npos);
  CHECK(sealed != sealer->seal("attack at dawn", "key1").value());
  CHECK(sealer->open(sealed, "key1").value() == "attack at dawn");
  CHECK(!sealer->open(sealed, "key2").ok());
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    CHECK(!sealer->open(changed, "key1").ok());
    CHECK(!sealer->open(sealed.substr(0, i), "key1").ok());
  }
  CHECK(open_sealer(machine)->open(sealed, "key1").value() == "attack at dawn");
  CHECK(sealer->open(sealer->seal("", "k").value(), "k").value().empty());
}

TEST_CASE("a key is used a bounded number of times, also over restarts") {
  TestMachine machine;
  KeyFileOptions options;
  options.uses_max = 10;
  options.uses_step = 4;
  std::vector<std::string> sealed;
  for (int start = 0; start < 3; ++start) {
    auto sealer = open_sealer(machine, options);
    for (int i = 0; i < 9; ++i) sealed.push_back(sealer->seal("x", "a").value());
  }
  std::map<std::string, int> uses;
  auto sealer = open_sealer(machine, options);
  for (const std::string& text : sealed) {
    CHECK(sealer->open(text, "a").value() == "x");
    ++uses[text.substr(1, 8)];
  }
  CHECK(uses.size() > 1);
  for (const auto& [_, n] : uses) CHECK(n <= 12);
}

TEST_CASE("a damaged key file is refused by line") {
  TestMachine machine;
  open_sealer(machine);
  std::string& bytes = machine.disk.names["/data/secrets.keys"]->bytes;
  const std::string good = bytes;
  for (const char* bad : {"", "plinth-keys 9\n", "plinth-keys 1\n", "plinth-keys 1\nkey 1 aa 0\n", "plinth-keys 1\nkey zz"}) {
    bytes = bad;
    CHECK(!KeyFileSealer::open(machine.disk, machine.entropy, "/data/secrets.keys").ok());
  }
  bytes = good + "more\n";
  const auto refused = KeyFileSealer::open(machine.disk, machine.entropy, "/data/secrets.keys");
  REQUIRE(!refused.ok());
  CHECK(refused.error().message().find("line 3") != std::string::npos);
}

struct SealedStore {
  TestMachine machine;
  std::unique_ptr<KeyFileSealer> sealer = open_sealer(machine);
  StoreOptions options;
  std::unique_ptr<Store> store;
  SealedStore() {
    options.directory = "/data";
    options.segment_bytes = 64 << 10;
    open();
  }
  void open() {
    store.reset();
    auto made = make_store(options, machine.world(), StoreWiring{sealer.get(), &machine.loop});
    REQUIRE_MESSAGE(made.ok(), (made.ok() ? "" : made.error().message()));
    store = std::move(made).value();
  }
  void put(const std::string& key, const std::string& text, bool sensitive) {
    EncodedObject object;
    object.sensitive = sensitive;
    object.labels = {{"app", text}};
    const CommitOutcome outcome = commit_now(*store, machine.loop, put_transaction(key, text, std::move(object)));
    REQUIRE(outcome.kind == CommitOutcome::Kind::kCommitted);
  }
  // Looks through every byte of the disk, recycled ones included.
  bool disk_holds(const std::string& text) {
    return std::any_of(machine.disk.names.begin(), machine.disk.names.end(), [&](const auto& file) {
      return file.second->bytes.find(text) != std::string::npos || file.second->durable.find(text) != std::string::npos;
    });
  }
};

TEST_CASE("the plain text of what is sensitive never reaches the disk, and comes back") {
  SealedStore bench;
  bench.put("/core/secrets/d/s", "hunter-two", true);
  bench.put("/core/configmaps/d/c", "plain-text", false);
  bench.put("/core/secrets/d/s", "hunter-three", true);
  REQUIRE(commit_now(*bench.store, bench.machine.loop, delete_transaction("/core/secrets/d/s")).kind ==
          CommitOutcome::Kind::kCommitted);
  bench.put("/core/secrets/d/t", "hunter-four", true);
  REQUIRE(bench.store->save_snapshot("/backup/file").ok());
  CHECK(bench.disk_holds("plain-text"));
  CHECK(!bench.disk_holds("hunter"));
  bench.open();
  CHECK(text_of(*bench.store->snapshot()->get("/core/secrets/d/t")) == "hunter-four");
  CHECK(bench.store->snapshot()->get("/core/secrets/d/t")->sensitive());
}

TEST_CASE("after a rotation nothing on the disk opens with the old key, and everything is still there") {
  SealedStore bench;
  for (int i = 0; i < 200; ++i) bench.put("/core/secrets/d/s" + std::to_string(i % 50), "hunter-" + std::to_string(i), true);
  const std::string old_keys = bench.machine.disk.names["/data/secrets.keys"]->bytes;
  const std::string sealed_before = bench.sealer->seal("x", "y").value();
  const std::string old_id = sealed_before.substr(1, 8);
  CHECK(bench.disk_holds(old_id));
  const auto rotated = bench.store->rotate_key();
  REQUIRE_MESSAGE(rotated.ok(), (rotated.ok() ? "" : rotated.error().message()));
  CHECK(bench.sealer->key_count() == 1);
  CHECK(!bench.disk_holds(old_id));
  CHECK(!bench.sealer->open(sealed_before, "y").ok());
  bench.put("/core/secrets/d/new", "hunter-new", true);
  bench.open();
  CHECK(bench.store->snapshot()->object_count() == 51);
  CHECK(text_of(*bench.store->snapshot()->get("/core/secrets/d/s49")) == "hunter-199");
}

TEST_CASE("without the key the start says which file is missing") {
  SealedStore bench;
  bench.put("/core/secrets/d/s", "hunter", true);
  bench.store.reset();
  bench.machine.disk.names.erase("/data/secrets.keys");
  bench.sealer = open_sealer(bench.machine);
  const auto refused = make_store(bench.options, bench.machine.world(), StoreWiring{bench.sealer.get(), &bench.machine.loop});
  REQUIRE(!refused.ok());
  CHECK(refused.error().message().find("/data/secrets.keys") != std::string::npos);
}

}  // namespace
}  // namespace plinth::store
