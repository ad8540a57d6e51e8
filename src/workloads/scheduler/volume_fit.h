// Whether the claims of a pod can be met on a node, and what must be written before the pod can go there.
#pragma once

#include <string>
#include <vector>

#include "client/controller.h"
#include "workloads/scheduler/node_room.h"
#include "workloads/scheduler/verdict.h"

namespace plinth::workloads {

// What volume binding means for a pod on the node that was chosen.
struct VolumePlan {
  std::vector<client::Request> requests;  // reserve volumes, name the node to provisioners
  bool waiting = false;                   // somebody else has to finish a binding before the pod can go
};

class VolumeFit {
 public:
  // `pods` are all that have a node. Volumes are listed once, when a claim needs one.
  VolumeFit(const client::View& view, const PodFacts& pod, const std::vector<PodFactsPtr>& pods);

  // Why the pod fits nowhere, whatever the node; "" when nothing speaks against it.
  const std::string& problem() const { return problem_; }
  Verdict check(const NodeRoom& room) const;
  VolumePlan plan(const NodeRoom& room, std::string_view manager) const;

 private:
  void read_claims(const std::vector<PodFactsPtr>& pods);
  std::string problem_of(const client::Object& claim, bool ephemeral) const;
  Verdict check_bound(const NodeRoom& room) const;
  Verdict check_unbound(const NodeRoom& room) const;
  Verdict check_limits(const NodeRoom& room) const;
  bool can_be_provisioned(const client::Object& claim, const NodeRoom& room, bool& enough_space) const;
  bool has_capacity(const client::Object& storage_class, const client::Object& claim, const NodeRoom& room) const;
  std::string driver_of(const std::string& name_space, const std::string& claim_name, std::string& handle) const;
  const std::vector<client::Object>& volumes() const;

  const client::View& view_;
  const PodFacts& pod_;
  std::string problem_;
  std::vector<client::Object> bound_, delayed_;  // claims
  std::vector<PodFactsPtr> rivals_;              // pods that use a ReadWriteOncePod claim of the pod
  mutable std::optional<std::vector<client::Object>> volumes_;
};

}  // namespace plinth::workloads
