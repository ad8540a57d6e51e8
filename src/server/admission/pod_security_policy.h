// What a namespace asks of its pods: a level of the Pod Security Standards at a version of them, for each of three modes.
#pragma once

#include <cstdint>
#include <string>

#include "api/field_error.h"
#include "base/value.h"

namespace plinth::server {

enum class PodSecurityLevel : std::uint8_t { kPrivileged, kBaseline, kRestricted };

// Minor versions of Kubernetes 1; the latest is that of the API that is served.
struct PodSecurityVersion {
  static constexpr int kLatest = -1;
  int minor = kLatest;
  bool operator==(const PodSecurityVersion&) const = default;
};

struct LevelVersion {
  PodSecurityLevel level = PodSecurityLevel::kPrivileged;
  PodSecurityVersion version;
  bool operator==(const LevelVersion&) const = default;
  std::string text() const;  // "restricted:latest"
};

struct PodSecurityPolicy {
  LevelVersion enforce, audit, warn;
  api::FieldErrors errors;  // labels that are not understood: enforce is restricted then, the others privileged
};

// From the labels of a namespace; nothing said is privileged. Warnings follow a stricter enforcement unless they say otherwise.
PodSecurityPolicy pod_security_policy(const Value& labels);

}  // namespace plinth::server
