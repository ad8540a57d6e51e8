#include "node/stats/node_stats.h"

#include <doctest/doctest.h>

#include "base/json.h"

namespace plinth::node {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000, kNow = 1'767'225'600 * kSecond;  // 2026-01-01T00:00:00Z

NodeStats example() {
  NodeStats stats;
  stats.node = "n1";
  stats.running = {{"a", {"shop", "web", "u1", "app", kNow - 60 * kSecond}},
                   {"b", {"shop", "web", "u1", "side", kNow - 50 * kSecond}}};
  auto measured = std::make_shared<Measured>();
  measured->at_ns = kNow;
  for (const char* id : {"a", "b", "gone"}) {
    ContainerStats one;
    one.id = id;
    one.timestamp_ns = kNow - kSecond;
    one.cpu_usage_core_ns = 1'500'000'000;
    one.memory_usage_bytes = 3000;
    one.memory_working_set_bytes = 2000;
    one.memory_rss_bytes = 1000;
    one.writable_layer_bytes = 40;
    measured->containers.push_back(one);
  }
  HostReading host;
  host.cpu_ns = 9'250'000'000;
  host.memory_bytes = 1 << 20;
  host.memory_working_set_bytes = 1 << 19;
  host.node_files = {1000, 400, 100, 90};
  measured->host = host;
  stats.measured = measured;
  auto usage = std::make_shared<api::UsageTable>();
  usage->nodes["n1"] = {{kNow, 10 * kSecond}, {700'000'000, 1 << 19}};
  usage->pods[{"shop", "web"}] = {"u1", {kNow, 10 * kSecond}, {{"app", {250'000'000, 2000}}, {"side", {1'000'000, 2000}}}};
  stats.usage = usage;
  VolumeUsage volume;
  volume.bytes_total = 100;
  volume.bytes_used = 30;
  volume.bytes_available = 70;
  stats.volumes = {{"shop", "web", "u1", "data", "claim", kNow, volume},
                   {"shop", "other", "u2", "data", "claim", kNow, volume}};
  return stats;
}

}  // namespace

TEST_CASE("the summary of a node") {
  const Document summary = parse_json(stats_summary(example())).value();
  const Value node = summary["node"];
  CHECK(node["nodeName"].as_string() == "n1");
  CHECK(to_json(node["cpu"]) ==
        R"({"time":"2026-01-01T00:00:00Z","usageNanoCores":700000000,"usageCoreNanoSeconds":9250000000})");
  CHECK(to_json(node["memory"]) == R"({"time":"2026-01-01T00:00:00Z","availableBytes":524288,"workingSetBytes":524288})");
  CHECK(
      to_json(node["fs"]) ==
      R"({"time":"2026-01-01T00:00:00Z","availableBytes":400,"capacityBytes":1000,"usedBytes":600,"inodesFree":90,"inodes":100,"inodesUsed":10})");
  REQUIRE(summary["pods"].size() == 1);
  const Value pod = summary["pods"].items()[0];
  CHECK(to_json(pod["podRef"]) == R"({"name":"web","namespace":"shop","uid":"u1"})");
  CHECK(pod["startTime"].as_string() == "2025-12-31T23:59:00Z");
  CHECK(to_json(pod["cpu"]) ==
        R"({"time":"2025-12-31T23:59:59Z","usageNanoCores":251000000,"usageCoreNanoSeconds":3000000000})");
  CHECK(to_json(pod["memory"]) == R"({"time":"2025-12-31T23:59:59Z","workingSetBytes":4000})");
  REQUIRE(pod["containers"].size() == 2);
  const Value container = pod["containers"].items()[0];
  CHECK(container["name"].as_string() == "app");
  CHECK(container["memory"]["rssBytes"].as_int() == 1000);
  CHECK(container["rootfs"]["usedBytes"].as_int() == 40);
  REQUIRE(pod["volume"].size() == 1);
  CHECK(
      to_json(pod["volume"].items()[0]) ==
      R"({"name":"data","time":"2026-01-01T00:00:00Z","availableBytes":70,"capacityBytes":100,"usedBytes":30,"pvcRef":{"name":"claim","namespace":"shop"}})");
}

TEST_CASE("a rate that is not known yet is left out, and so is all that was not measured") {
  NodeStats stats = example();
  stats.usage = nullptr;
  const Document summary = parse_json(stats_summary(stats)).value();
  CHECK(summary["node"]["cpu"]["usageNanoCores"].is_null());
  CHECK(summary["pods"].items()[0]["cpu"]["usageNanoCores"].is_null());
  CHECK(summary["pods"].items()[0]["containers"].items()[0]["cpu"]["usageNanoCores"].is_null());
  stats.measured = nullptr;
  CHECK(stats_summary(stats) == R"({"node":{"nodeName":"n1"},"pods":[]})");
  CHECK(resource_metrics_text(stats).ends_with("resource_scrape_error 1\n"));
}

TEST_CASE("metrics in Prometheus' text format") {
  const std::string resource = resource_metrics_text(example());
  for (const char* line :
       {"# TYPE container_cpu_usage_seconds_total counter\n",
        "\ncontainer_cpu_usage_seconds_total{container=\"app\",namespace=\"shop\",pod=\"web\"} 1.5 1767225599000\n",
        "\ncontainer_start_time_seconds{container=\"side\",namespace=\"shop\",pod=\"web\"} 1767225550\n",
        "\nnode_cpu_usage_seconds_total 9.25 1767225600000\n",
        "\npod_memory_working_set_bytes{namespace=\"shop\",pod=\"web\"} 4000 1767225599000\n", "\nresource_scrape_error 0\n"}) {
    CAPTURE(line);
    CHECK(resource.find(line) != std::string::npos);
  }
  CHECK(resource.find("gone") == std::string::npos);
  const std::string text = node_metrics_text(example());
  CHECK(text.find("kubelet_running_containers{container_state=\"running\"} 2\n") != std::string::npos);
  CHECK(text.find("kubelet_running_pods 1\n") != std::string::npos);
  // Two pods use the claim: it is told once.
  const std::string used = "kubelet_volume_stats_used_bytes{namespace=\"shop\",persistentvolumeclaim=\"claim\"} 30\n";
  CHECK(text.find(used) != std::string::npos);
  CHECK(text.find(used) == text.rfind(used));
  CHECK(text.find("inodes") == std::string::npos);
}

}  // namespace plinth::node
