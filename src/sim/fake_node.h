// For tests: what a node does, and nothing else. It is there (n1, and others that are added) and reports; pods on it run and
// are ready, or what their label "fate" says: "pending", "unready", "succeed", "fail" (exit code 1), "exit-N". Pods that are to
// be deleted go.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/time_text.h"
#include "sim/sim_platform.h"

namespace plinth::sim {

class FakeNode {
 public:
  explicit FakeNode(SimPlatform& platform) : platform_(platform) {}

  // One more node, which is there already or is made.
  void add(const std::string& name) {
    names_.push_back(name);
    reported_ns_ = -10'000'000'000;
  }

  // Lets controllers and the node work for so much virtual time; `look` runs after each step of it.
  void run(Duration time, Duration step = std::chrono::milliseconds(500), const std::function<void()>& look = nullptr) {
    for (Duration passed{}; passed < time && platform_.running(); passed += step) {
      platform_.settle(step);
      if (look) look();
      play();
    }
  }

 private:
  void play() {
    report();
    const auto answer = platform_.call("GET", "/api/v1/pods");
    if (answer.status != 200) return;
    const auto list = parse_json(answer.body);
    if (!list.ok()) return;
    for (const Value& pod : (*list)["items"].items()) play(pod);
  }

  // The nodes are there, are ready and say so again and again.
  void report() {
    const std::int64_t at = platform_.world().clock().wall_ns();
    if (at - reported_ns_ < 10'000'000'000) return;
    bool told = true;
    for (const std::string& name : names_) told = report(name) && told;
    if (told) reported_ns_ = at;
  }

  bool report(const std::string& name) {
    const std::string node = "/api/v1/nodes/" + name, now = format_rfc3339(platform_.world().clock().wall_ns());
    if (platform_.call("GET", node).status == 404)
      platform_.call("POST", "/api/v1/nodes", R"({"apiVersion":"v1","kind":"Node","metadata":{"name":")" + name + "\"}}");
    const auto told = platform_.call(
        "PATCH", node + "/status",
        R"({"status":{"capacity":{"cpu":"64","memory":"256Gi","pods":"1000"},"allocatable":{"cpu":"64","memory":"256Gi","pods":"1000"},)"
        R"("conditions":[{"type":"Ready","status":"True","reason":"KubeletReady","lastTransitionTime":"2026-01-01T00:00:00Z",)"
        R"("lastHeartbeatTime":")" +
            now + R"("}]}})");
    return told.status == 200;
  }

  void play(const Value& pod) {
    const Value metadata = pod["metadata"];
    const std::string path = "/api/v1/namespaces/" + std::string(metadata["namespace"].as_string()) + "/pods/" +
                             std::string(metadata["name"].as_string());
    if (metadata.find("deletionTimestamp") != nullptr) {
      const std::string_view phase = pod["status"]["phase"].as_string();
      if (phase != "Succeeded" && phase != "Failed" && metadata["finalizers"].size() > 0)
        platform_.call("PATCH", path + "/status", R"({"status":{"phase":"Failed"}})");
      platform_.call("DELETE", path, R"({"kind":"DeleteOptions","apiVersion":"v1","gracePeriodSeconds":0})");
      return;
    }
    const std::string_view fate = metadata["labels"]["fate"].as_string();
    if (pod["spec"]["nodeName"].as_string().empty()) return;  // the scheduler's part
    if (pod["status"]["phase"].as_string() != "Pending" || fate == "pending") return;
    platform_.call("PATCH", path + "/status", status(fate));
  }

  std::string status(std::string_view fate) {
    const std::string now = format_rfc3339(platform_.world().clock().wall_ns());
    std::string phase = "Running", ready = "True", state = R"("running":{"startedAt":")" + now + "\"}";
    if (fate == "unready") ready = "False";
    if (fate == "succeed") phase = "Succeeded", ready = "False", state = terminated(0, now);
    if (fate == "fail") phase = "Failed", ready = "False", state = terminated(1, now);
    if (fate.starts_with("exit-"))
      phase = "Failed", ready = "False", state = terminated(std::stoi(std::string(fate.substr(5))), now);
    return R"({"status":{"phase":")" + phase + R"(","startTime":")" + now + R"(","conditions":[{"type":"Ready","status":")" +
           ready + R"(","lastTransitionTime":")" + now +
           R"("}],"containerStatuses":[{"name":"c","image":"i","imageID":"","restartCount":0,"ready":)" +
           (ready == "True" ? "true" : "false") + ",\"state\":{" + state + "}}]}}";
  }

  static std::string terminated(int code, const std::string& now) {
    return "\"terminated\":{\"exitCode\":" + std::to_string(code) + R"(,"finishedAt":")" + now + "\"}";
  }

  SimPlatform& platform_;
  std::vector<std::string> names_ = {"n1"};
  std::int64_t reported_ns_ = -10'000'000'000;
};

}  // namespace plinth::sim
