// The store over a world: its parts put together, and opened from what is on the disk.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "store/commit_queue.h"
#include "store/data_directory.h"
#include "store/history.h"
#include "store/housekeeper.h"
#include "store/loader.h"
#include "store/store.h"
#include "store/writer.h"

namespace plinth::store {

class CoreStore final : public Store {
 public:
  CoreStore(StoreOptions options, const World& world, const StoreWiring& wiring, const log::LogOptions::Sabotage& sabotage);
  ~CoreStore() override;
  Result<void> open();

  SnapshotPtr snapshot() const override { return writer_->published(); }
  void commit(Transaction transaction, Loop& loop, CommitDone done) override;
  Result<std::unique_ptr<Watch>> watch(std::string_view prefix, Revision after, Loop& loop, Task wake) override;
  Revision oldest_watchable() const override { return history_.oldest(); }
  PublishedTicket when_published(Revision revision, Loop& loop, Task task) override;
  void forget(const PublishedTicket& ticket) override;
  Result<void> save_snapshot(const std::string& path) override;
  Result<void> rotate_key() override;
  void close() override;
  Stats stats() const override;

 private:
  bool durable() const { return options_.directory != ":memory:"; }
  Result<State> load();
  Result<State> load_snapshot(SnapshotInfo& info, bool& found);
  void assemble(State state);
  Result<void> settle_revisions();
  Result<void> open_log(Loader& loader, std::uint64_t covered_sequence);
  Result<void> begin_new_segment();

  const StoreOptions options_;
  const World world_;
  const StoreWiring wiring_;
  const log::LogOptions::Sabotage sabotage_;
  const RecordCodec codec_;
  const std::uint64_t embed_segments_;
  History history_;
  std::optional<DataDirectory> directory_;
  std::unique_ptr<log::Log> log_;
  log::Recovery recovery_;
  std::uint64_t snapshot_segment_ = 0;
  bool foreign_snapshot_ = false;
  bool closed_ = false;
  std::unique_ptr<Writer> writer_;
  std::shared_ptr<Housekeeper> housekeeper_;
  std::shared_ptr<CommitQueue> queue_;
};

// As make_store, with a log that is broken on purpose (tests).
Result<std::unique_ptr<Store>> make_store_for_test(const StoreOptions& options, const World& world, const StoreWiring& wiring,
                                                   const log::LogOptions::Sabotage& sabotage);

}  // namespace plinth::store
