#include "platform/offline_store.h"

#include "store/secrets.h"
#include "store/store.h"
#include "world_real/real_clock.h"
#include "world_real/real_disk.h"

namespace plinth::platform {
namespace {

struct OfflineStore {
  world_real::RealClock clock;
  world_real::RealEntropy entropy;
  world_real::RealDisk disk;
  std::unique_ptr<store::KeyFileSealer> sealer;
  std::unique_ptr<store::Store> store;

  World world() {
    World w;
    w.clock = &clock;
    w.entropy = &entropy;
    w.disk = &disk;
    return w;
  }

  Result<void> open(const std::string& data_dir) {
    auto names = disk.list(data_dir);
    if (!names.ok() || names->empty()) return Error(Reason::kNotFound, data_dir + " holds no platform's data");
    sealer = TRY(store::KeyFileSealer::open(disk, entropy, data_dir + "/" + std::string(store::kKeyFileName)));
    store::StoreOptions options;
    options.directory = data_dir;
    store::StoreWiring wiring;
    wiring.sealer = sealer.get();
    store = TRY(store::make_store(options, world(), wiring));
    return {};
  }
};

}  // namespace

Result<void> save_snapshot(const std::string& data_dir, const std::string& file) {
  OfflineStore offline;
  TRY(offline.open(data_dir));
  TRY(offline.store->save_snapshot(file));
  offline.store->close();
  return {};
}

Result<void> restore_snapshot(const std::string& data_dir, const std::string& file) {
  OfflineStore offline;
  return store::restore_snapshot(offline.world(), file, data_dir);
}

Result<void> rotate_secrets_key(const std::string& data_dir) {
  OfflineStore offline;
  TRY(offline.open(data_dir));
  TRY(offline.store->rotate_key());
  offline.store->close();
  return {};
}

}  // namespace plinth::platform
