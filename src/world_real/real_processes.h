// Children of the machine, started by the spawner.
#pragma once

#include <map>
#include <memory>

#include "base/processes.h"
#include "world_real/epoll_loop.h"
#include "world_real/unique_fd.h"

namespace plinth::world_real {

class RealChild;
struct SpawnMessage;

// `spawner` is what fork_spawner() returned. Outlives its children; used and destroyed on `loop`.
class RealProcesses final : public Processes, private IoHandler {
 public:
  static Result<std::unique_ptr<RealProcesses>> create(EpollLoop& loop, UniqueFd spawner);
  ~RealProcesses() override;
  void spawn(SpawnRequest request, UniqueFunction<void(Result<std::unique_ptr<ChildProcess>>)> done) override;

 private:
  friend class RealChild;
  using SpawnDone = UniqueFunction<void(Result<std::unique_ptr<ChildProcess>>)>;
  struct Starting {
    std::unique_ptr<RealChild> child;
    SpawnDone done;
    std::string program;
  };

  RealProcesses(EpollLoop& loop, UniqueFd spawner);
  void on_io(std::uint32_t events) override;
  void receive(const SpawnMessage& message);
  void lost();
  Result<void> send_request(std::uint64_t id, const SpawnRequest& request, std::unique_ptr<RealChild>& child);
  void fail_later(SpawnDone done, Error error);
  void send_signal(std::uint64_t id, int number);

  EpollLoop& loop_;
  UniqueFd spawner_;
  std::uint64_t next_id_ = 1;
  std::map<std::uint64_t, Starting> starting_;
  std::map<std::uint64_t, RealChild*> running_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace plinth::world_real
