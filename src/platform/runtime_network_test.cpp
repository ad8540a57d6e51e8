#include "platform/runtime_network.h"

#include <doctest/doctest.h>

#include "world_sim/sim_world.h"

namespace plinth::platform {

TEST_CASE("what a bridge was before is remembered until it is given back") {
  world_sim::SimWorld world(1);
  Disk& disk = *world.world().disk;
  REQUIRE(disk.make_directories("/node").ok());
  auto none = remembered_bridge(disk, "/node");
  REQUIRE(none.ok());
  CHECK(!none->has_value());
  const RuntimeNetwork network{"cni0", "10.88.0.0/16", "10.88.0.1"};
  REQUIRE(remember_bridge(disk, "/node", network).ok());
  auto known = remembered_bridge(disk, "/node");
  REQUIRE((known.ok() && known->has_value()));
  CHECK((*known)->name == "cni0");
  CHECK((*known)->before.made);  // no settings of it were there
  CHECK((*known)->before.route_localnet.empty());

  // A later start does not take what the first one made for what was there.
  const std::string kept = R"({"name":"cni0","made":false,"routeLocalnet":"0","nfCallIptables":"1"})";
  REQUIRE(write_file_atomically(disk, "/node/pod-bridge.json", kept).ok());
  REQUIRE(remember_bridge(disk, "/node", network).ok());
  known = remembered_bridge(disk, "/node");
  REQUIRE((known.ok() && known->has_value()));
  CHECK(!(*known)->before.made);
  CHECK((*known)->before.route_localnet == "0");
  CHECK((*known)->before.nf_call_iptables == "1");

  for (int times = 0; times < 2; ++times) CHECK(forget_bridge(disk, "/node").ok());
  CHECK(!remembered_bridge(disk, "/node").value().has_value());
  REQUIRE(write_file_atomically(disk, "/node/pod-bridge.json", "{").ok());
  CHECK(!remembered_bridge(disk, "/node").ok());
}

TEST_CASE("a gateway is the address of a bridge of this machine") {
  CHECK(runtime_network_at("localhost").error().message() == "localhost: an IPv4 address is needed");
  CHECK(runtime_network_at("192.0.2.1").error().message() ==
        "192.0.2.1: no link of this machine has that address; a runtime may make it with its first pod");
  CHECK(runtime_network_at("127.0.0.1").error().message() ==
        "127.0.0.1: lo has that address and is no bridge: only pods on a bridge are served");
}

}  // namespace plinth::platform
