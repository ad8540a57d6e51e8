#include "node_real/control_groups.h"

#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>

namespace plinth::node_real {
namespace {

// A folder that looks like /sys/fs/cgroup.
struct Tree {
  Tree() {
    char name[] = "/tmp/control-groups-XXXXXX";
    root = mkdtemp(name);
  }
  ~Tree() { std::filesystem::remove_all(root); }
  std::string text(const std::string& path) const {
    std::ifstream in(root + path);
    std::string out;
    std::getline(in, out);
    return out;
  }
  std::string root;
};

node::LinuxResources resources() {
  node::LinuxResources out;
  out.cpu_shares = 512;
  out.cpu_period_us = 100'000;
  out.cpu_quota_us = 50'000;
  out.memory_limit_bytes = 64 << 20;
  return out;
}

}  // namespace

TEST_CASE("control groups of version 1: a hierarchy for each controller") {
  const Tree tree;
  const auto groups = make_control_groups(tree.root);
  REQUIRE(groups->apply("/plinth/burstable/pod1", resources()).ok());
  CHECK(tree.text("/cpu/plinth/burstable/pod1/cpu.shares") == "512");
  CHECK(tree.text("/cpu/plinth/burstable/pod1/cpu.cfs_quota_us") == "50000");
  CHECK(tree.text("/cpu/plinth/burstable/pod1/cpu.cfs_period_us") == "100000");
  CHECK(tree.text("/memory/plinth/burstable/pod1/memory.limit_in_bytes") == "67108864");
  node::LinuxResources shares;
  shares.cpu_shares = 2;
  REQUIRE(groups->apply("/plinth/besteffort", shares).ok());
  CHECK(tree.text("/cpu/plinth/besteffort/cpu.shares") == "2");
  CHECK_FALSE(std::filesystem::exists(tree.root + "/memory/plinth/besteffort"));
}

TEST_CASE("control groups of version 2: controllers are handed down") {
  const Tree tree;
  std::ofstream(tree.root + "/cgroup.controllers") << "cpu memory pids\n";
  const auto groups = make_control_groups(tree.root);
  REQUIRE(groups->apply("/plinth/pod1", resources()).ok());
  CHECK(tree.text("/cgroup.subtree_control") == "+cpu +memory");
  CHECK(tree.text("/plinth/cgroup.subtree_control") == "+cpu +memory");
  CHECK(tree.text("/plinth/pod1/cpu.weight") == "20");
  CHECK(tree.text("/plinth/pod1/cpu.max") == "50000 100000");
  CHECK(tree.text("/plinth/pod1/memory.max") == "67108864");
  CHECK(cpu_weight(2) == 1);
  CHECK(cpu_weight(1024) == 39);
  CHECK(cpu_weight(262144) == 10'000);
}

TEST_CASE("control groups with a path that leads elsewhere are refused") {
  const Tree tree;
  for (const char* path : {"", "/", "plinth", "/a/../../etc"}) {
    const auto outcome = make_control_groups(tree.root)->apply(path, resources());
    REQUIRE_FALSE(outcome.ok());
    CHECK(outcome.error().reason() == Reason::kBadRequest);
  }
}

}  // namespace plinth::node_real
