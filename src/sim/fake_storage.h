// For tests: a storage driver's controller part behind real gRPC over the simulated network, on a machine of its own: it
// outlives the platform's crashes. Any call can fail before or after it acted, hang, or lose its answer. It knows what must
// never happen.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "net/grpc/grpc.h"
#include "world_sim/sim_random.h"
#include "world_sim/sim_world.h"

namespace plinth::sim {

class FakeStorage {
 public:
  static constexpr const char* kAddress = "unix:/run/fake.sock";
  static constexpr const char* kName = "fake.example.com";
  static constexpr std::int64_t kSizeMax = 8LL << 30;  // larger ones are OUT_OF_RANGE

  enum class Fault { kNone, kBefore, kAfter, kLost, kHang };
  struct Volume {
    std::string name;
    std::int64_t bytes = 0;
    std::string source;  // "" or what it was filled from
  };
  struct Snapshot {
    std::string name, source;
    int asked = 0;  // ready with the second answer
  };

  explicit FakeStorage(world_sim::SimWorld& world);
  ~FakeStorage();

  // What each call meets, from the number of the call and its method; null: nothing goes wrong.
  std::function<Fault(int call, const std::string& method)> fault;
  bool delayed_snapshots = false;

  std::map<std::string, Volume> volumes;                   // by id
  std::map<std::string, Snapshot> snapshots;               // by id
  std::set<std::pair<std::string, std::string>> attached;  // volume, node
  std::map<std::string, int> calls;                        // by method
  std::vector<std::string> wrongs;                         // what nobody may ask
  int count = 0;

 private:
  net::GrpcStatus act(const std::string& method, const std::string& message, std::string& answer);
  net::GrpcStatus create_volume(const std::string& message, std::string& answer);
  net::GrpcStatus create_snapshot(const std::string& message, std::string& answer);
  net::GrpcStatus describe(const std::string& method, std::string& answer);
  net::GrpcStatus attach(const std::string& message, std::string& answer);
  net::GrpcStatus expand(const std::string& message, std::string& answer);
  net::GrpcStatus delete_volume(const std::string& message);
  void serve(net::GrpcRequest request, std::shared_ptr<net::GrpcResponder> to);

  world_sim::SimLoop& loop_;
  std::unique_ptr<net::GrpcServer> server_;
  std::unique_ptr<Listener> listener_;
  std::vector<std::shared_ptr<net::GrpcResponder>> hanging_;
  int made_ = 0;
};

}  // namespace plinth::sim
