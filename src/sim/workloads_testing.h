// For tests of controllers of pods: objects from one line each, and what the platform says of them.
#pragma once

#include <doctest/doctest.h>

#include "sim/client_kinds.h"
#include "sim/fake_node.h"

namespace plinth::sim {

inline constexpr const char* kPods = "/api/v1/namespaces/default/pods";
inline const std::string kApps = "/apis/apps/v1/namespaces/default/";
inline const std::string kBatch = "/apis/batch/v1/namespaces/default/";

inline SimPlatformOptions with_workloads() {
  SimPlatformOptions options;
  options.workloads = true;
  return options;
}

inline Document created(SimPlatform& platform, const std::string& collection, const std::string& body) {
  const auto answer = platform.call("POST", collection, body);
  REQUIRE_MESSAGE(answer.status == 201, answer.body);
  return parse_json(answer.body).value();
}

inline Document read(SimPlatform& platform, const std::string& path) {
  const auto answer = platform.call("GET", path);
  REQUIRE_MESSAGE(answer.status == 200, answer.body);
  return parse_json(answer.body).value();
}

inline void patch(SimPlatform& platform, const std::string& path, const std::string& body) {
  const auto answer = platform.call("PATCH", path, body);
  REQUIRE_MESSAGE(answer.status == 200, answer.body);
}

// Pods whose label `label` has that value, those being deleted left out.
inline std::vector<Document> pods_of(SimPlatform& platform, const std::string& selector) {
  std::vector<Document> out;
  const Document list = read(platform, std::string(kPods) + "?labelSelector=" + selector);
  for (const Value& pod : list["items"].items()) {
    if (pod["metadata"].find("deletionTimestamp") == nullptr) out.push_back(list.at(pod));
  }
  return out;
}

// Nothing is left to do, whatever is looked at.
inline void check_settled(SimPlatform& platform) {
  std::string what;
  CHECK_MESSAGE(platform.control().controllers().planned_requests(what) == 0, what);
}

// Every Event of that reason about an object of that name, "message xCOUNT" each.
inline std::vector<std::string> events_of(SimPlatform& platform, const std::string& name, const std::string& reason) {
  std::vector<std::string> out;
  const Document list = read(platform, "/api/v1/namespaces/default/events");
  for (const Value& event : list["items"].items()) {
    if (event["involvedObject"]["name"].as_string() == name && event["reason"].as_string() == reason)
      out.push_back(std::string(event["message"].as_string()) + " x" + std::to_string(event["count"].as_int()));
  }
  return out;
}

// Runs until `done`, crashing after random writes in between; then in peace.
template <typename Work>
void with_crashes(SimPlatform& platform, int lives, const Work& work) {
  for (int life = 0; life < lives; ++life) {
    platform.world().disk().crash_after_writes(1 + platform.world().random().below(6));
    work(std::chrono::seconds(20));
    platform.crash();
    REQUIRE(platform.boot().ok());
  }
}

}  // namespace plinth::sim
