// For tests: pods from YAML-like JSON, and what a runtime would have of them.
#pragma once

#include <string>

#include <doctest/doctest.h>

#include "base/json.h"
#include "client/client_testing.h"
#include "node/pod/observed.h"

namespace plinth::node {

// `spec` and `status` are JSON objects, `metadata` more members of metadata.
inline Pod test_pod(const std::string& spec, const std::string& status = "{}", const std::string& metadata = "") {
  auto document =
      parse_json(R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","namespace":"ns","uid":"u1","resourceVersion":"7")" +
                 metadata + "},\"spec\":" + spec + ",\"status\":" + status + "}");
  REQUIRE_MESSAGE(document.ok(), document.error().message());
  return read_pod({client::pods(), "ns", "p", "u1", 7, *document});
}

inline SandboxStatus test_sandbox(std::uint32_t attempt = 0, SandboxState state = SandboxState::kReady) {
  SandboxStatus sandbox;
  sandbox.id = "s" + std::to_string(attempt);
  sandbox.metadata = {"p", "u1", "ns", attempt};
  sandbox.state = state;
  sandbox.created_ns = attempt + 1;
  if (state == SandboxState::kReady) sandbox.ips = {"10.0.0.5"};
  return sandbox;
}

// Time is in seconds; finished 0: it runs.
inline ContainerStatus test_container(const std::string& name, std::uint32_t attempt, std::int64_t started_s,
                                      std::int64_t finished_s = 0, std::int32_t exit_code = 0,
                                      const std::string& sandbox = "s0") {
  constexpr std::int64_t kNs = 1'000'000'000;
  ContainerStatus c;
  c.id = name + "-" + std::to_string(attempt);
  c.sandbox_id = sandbox;
  c.metadata = {name, attempt};
  c.created_ns = c.started_ns = started_s * kNs;
  c.finished_ns = finished_s * kNs;
  c.state = finished_s == 0 ? ContainerState::kRunning : ContainerState::kExited;
  c.exit_code = exit_code;
  c.reason = finished_s == 0 ? "" : exit_code == 0 ? "Completed" : "Error";
  c.image_ref = "sha256:1";
  return c;
}

inline Observed test_observed(std::vector<SandboxStatus> sandboxes, std::vector<ContainerStatus> containers, const Pod& pod) {
  Observed seen;
  seen.known = true;
  seen.sandboxes = std::move(sandboxes);
  seen.containers = std::move(containers);
  complete(seen, pod);
  return seen;
}

}  // namespace plinth::node
