// Whom the claims of a StatefulSet's pods belong to: spec.persistentVolumeClaimRetentionPolicy says with whom they go.
#pragma once

#include <optional>

#include "client/controller.h"

namespace plinth::workloads {

// What a claim of the pod `pod_name` (with that uid; "" while there is no pod) has to be changed to; nothing when it is right,
// or somebody else's. `scaled_down`: the pod is beyond spec.replicas.
struct RetentionChange {
  std::optional<client::Request> request;
  bool conflicting = false;  // another controller has the claim
};
RetentionChange retain_claim(const client::Object& set, const client::Object& claim, std::string_view pod_name,
                             std::string_view pod_uid, bool scaled_down);

// A claim of an earlier pod of that name that is to go with it: a new pod must wait.
bool is_stale_claim(const client::Object& set, const client::Object& claim, std::string_view pod_name,
                    std::string_view pod_uid);

}  // namespace plinth::workloads
