// Volumes by bare calls to a storage driver, for ./dev bench node: what the driver itself takes from CreateVolume until the
// volume is mounted for a pod.
//
//   bare_volumes SOCKET FOLDER BYTES
//
// Reads lines from standard input, answers each with one line: "volume" makes one, stages and publishes it, and answers with
// milliseconds; then, unmeasured, it is given back and deleted.
#include <iostream>
#include <string>

#include <fmt/format.h>

#include "csi/csi_client.h"
#include "world_real/epoll_loop.h"
#include "world_real/real_clock.h"
#include "world_real/real_disk.h"
#include "world_real/real_network.h"
#include "world_real/thread_pool.h"

namespace {

using namespace plinth;

class Bench {
 public:
  Bench(const std::string& socket, std::string folder, std::int64_t bytes)
      : loop_(world_real::EpollLoop::create().value()),
        pool_(1, 16),
        network_(pool_),
        folder_(std::move(folder)),
        bytes_(bytes),
        driver_(net::make_grpc_channel(*loop_, network_, clock_, "unix:" + socket)) {}

  Result<double> run() {
    csi::DriverFacts facts = TRY(wait<csi::DriverFacts>([&](auto done) { driver_.facts(std::move(done)); }));
    workloads::CreateVolumeCall create;
    create.name = fmt::format("bench-{}", ++names_);
    create.required_bytes = bytes_;
    workloads::CsiCapability capability;
    capability.fs_type = "ext4";
    create.capabilities = {capability};
    create.requisite = create.preferred = {facts.topology};
    csi::NodeCall call;
    call.capability = capability;
    call.staging_path = fmt::format("{}/{}-staged", folder_, create.name);
    call.target_path = fmt::format("{}/{}-published/mount", folder_, create.name);
    TRY(disk_.make_directories(call.staging_path, 0750));
    TRY(disk_.make_directories(fmt::format("{}/{}-published", folder_, create.name), 0750));
    const std::int64_t begun = clock_.monotonic_ns();
    auto made =
        TRY(wait<workloads::CreateVolumeAnswer>([&](auto done) { driver_.create_volume(create, {}, std::move(done)); }));
    call.volume_id = made.volume_id;
    call.volume_context = made.volume_context;
    TRY(wait<csi::Nothing>([&](auto done) { driver_.stage(call, std::move(done)); }));
    TRY(wait<csi::Nothing>([&](auto done) { driver_.publish(call, std::move(done)); }));
    const double milliseconds = static_cast<double>(clock_.monotonic_ns() - begun) / 1e6;
    TRY(wait<csi::Nothing>([&](auto done) { driver_.unpublish(call.volume_id, call.target_path, std::move(done)); }));
    TRY(wait<csi::Nothing>([&](auto done) { driver_.unstage(call.volume_id, call.staging_path, std::move(done)); }));
    TRY(wait<csi::Nothing>([&](auto done) { driver_.delete_volume(call.volume_id, {}, std::move(done)); }));
    return milliseconds;
  }

 private:
  template <typename T, typename Call>
  Result<T> wait(Call call) {
    std::optional<csi::Reply<T>> reply;
    call([&](csi::Reply<T> given) { reply.emplace(std::move(given)); });
    while (!reply) loop_->poll(std::chrono::milliseconds(100));
    if (!reply->status.ok()) return net::to_error(reply->status);
    return std::move(reply->value);
  }

  std::unique_ptr<world_real::EpollLoop> loop_;
  world_real::RealClock clock_;
  world_real::RealDisk disk_;
  world_real::ThreadPool pool_;
  world_real::RealNetwork network_;
  const std::string folder_;
  const std::int64_t bytes_;
  csi::CsiClient driver_;
  std::size_t names_ = 0;
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 4) {
    std::cerr << "usage: bare_volumes SOCKET FOLDER BYTES\n";
    return 2;
  }
  Bench bench(arguments[1], arguments[2], std::stoll(arguments[3]));
  for (std::string word; std::cin >> word;) {
    auto milliseconds = bench.run();
    if (!milliseconds.ok()) {
      std::cerr << milliseconds.error().message() << "\n";
      return 1;
    }
    std::cout << *milliseconds << std::endl;
  }
  return 0;
}
