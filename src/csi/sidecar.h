// What the sidecars of a storage driver do (provisioner, attacher, resizer, snapshotter): roles that decide, and one queue that
// makes their calls and writes.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/log.h"
#include "client/cluster.h"
#include "client/controller.h"
#include "csi/csi_client.h"

namespace plinth::csi {

// What is written when a call has ended. Not `ok`: the key is looked at again after a pause, which grows.
struct Outcome {
  client::Plan plan, events;  // Events are not waited for
  bool ok = true;
  // Not again before so long; zero: as the failures before say.
  Duration pause{};
};

// One look at a key: what is written first, then the call. A plan without a call ends the look; its own writes bring the key
// again.
struct RoleStep {
  client::Plan plan, events;
  UniqueFunction<void(UniqueFunction<void(Outcome)>)> call;
  bool ok = true;
  Duration pause{};
};

// Decides from the view alone: what a call under way was about is in the call.
class Role {
 public:
  virtual ~Role() = default;
  // Also the name of its ServiceAccount and field manager.
  virtual std::string_view name() const = 0;
  virtual void keys_of(const client::Change& change, const client::View& view, std::vector<std::string>& keys) const = 0;
  virtual void initial_keys(const client::View& view, std::vector<std::string>& keys) const = 0;
  virtual RoleStep step(const std::shared_ptr<const client::View>& view, const std::string& key) = 0;
  // Looks at every key again after so long; zero: never.
  virtual Duration every() const { return {}; }
};

struct SidecarParts {
  Loop* loop = nullptr;
  Clock* clock = nullptr;
  std::unique_ptr<client::Cluster> cluster;  // its own view
  Logger log;
};

// The roles of one driver. On one loop; one call for each key at a time. A key is looked at when something changes that it
// depends on. During the pause after a failure the role's own writes do not count, and others bring the key soon.
class Sidecar final : private client::ClusterEvents {
 public:
  static constexpr Duration kPauseMin = std::chrono::seconds(1), kPauseMax = std::chrono::minutes(5);
  static constexpr Duration kPauseConflict = std::chrono::milliseconds(50);  // somebody else wrote between
  static constexpr std::size_t kCallsAtOnce = 32;                            // of each role; more keys wait
  explicit Sidecar(SidecarParts parts) : parts_(std::move(parts)) {}
  ~Sidecar() override;
  // Before start().
  void add(std::unique_ptr<Role> role);
  void start(UniqueFunction<void(Result<void>)> done);
  client::Cluster& cluster() { return *parts_.cluster; }

 private:
  struct Work {
    bool busy = false, queued = false, again = false;
    int failures = 0;
    TimerId timer = 0;
    std::int64_t due_ns = 0;          // of the timer
    std::uint64_t own_revision = 0;   // the last that was written for it
    std::uint64_t seen_revision = 0;  // of changes while it was busy
  };
  struct Entry {
    std::unique_ptr<Role> role;
    std::unique_ptr<client::Transport> transport;
    std::map<std::string, Work> work;
    std::deque<std::string> queue;
    std::size_t calls = 0;
    TimerId round = 0;
  };
  void on_change(const client::Change& change, const client::View& view) override;
  void on_progress() override {}
  void on_reset() override { look_at_all(); }
  void look_at_all();
  void wake(Entry& entry, const std::string& key, std::uint64_t revision);
  void enqueue(Entry& entry, const std::string& key, std::uint64_t revision);
  void pump(Entry& entry);
  void look(Entry& entry, const std::string& key);
  void call(Entry& entry, const std::string& key, RoleStep& step);
  void carry_out(Entry& entry, const std::string& key, client::Plan plan, UniqueFunction<void(Result<void>)> done);
  void finish(Entry& entry, const std::string& key, const Result<void>& written, bool ok, Duration pause);
  void fail(Entry& entry, const std::string& key, Duration pause);
  void tell(Entry& entry, client::Plan events);
  void look_again_later(Entry& entry);
  void set_timer(Entry& entry, const std::string& key, Duration pause);

  SidecarParts parts_;
  std::vector<std::unique_ptr<Entry>> entries_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// The values of a Secret; an error names it.
Result<StringMap> secret_values(const client::View& view, const workloads::SecretReference& reference);
Result<StringMap> secret_values(const client::View& view, const std::optional<workloads::SecretReference>& reference);
// One request after the other; an optional one may fail. `done` on the transport's loop.
void run_requests(client::Transport& transport, std::shared_ptr<bool> alive, std::vector<client::Request> requests,
                  UniqueFunction<void(Result<void>)> done);
// The same, with the revision that the last write got (0: none).
void write_requests(client::Transport& transport, std::shared_ptr<bool> alive, std::vector<client::Request> requests,
                    UniqueFunction<void(Result<std::uint64_t>)> done);
// The call may still be running, or may have done something: it has to be made again until it says.
bool is_uncertain(const net::GrpcStatus& status);

}  // namespace plinth::csi
