// The decisions of an external provisioner, without the calls: which claims are a driver's, what to ask of it, which volume
// object follows from its answer, which volumes it has to delete.
#pragma once

#include <string>
#include <variant>

#include "client/controller.h"
#include "workloads/csi/csi_calls.h"

namespace plinth::workloads {

// Not this driver's business, or not now: nothing to say. A change of what it read brings it up again.
struct NoDecision {};
// Cannot go on; told as an Event of the claim (ProvisioningFailed) or of the volume (VolumeFailedDelete).
struct Refusal {
  std::string message;
};
// The node that was chosen cannot have the volume: the annotation with its name is taken off, and the pod is scheduled anew.
struct Reschedule {
  std::string message;
};

// No call is under way or can have left anything: the mark comes off the claim. A message is told as a warning.
struct Unmark {
  std::string message;
};

// A finalizer of the claim, set before the first call for it: whatever ends between a call and the volume's object, the call is
// made again, and the volume is found or deleted.
inline constexpr std::string_view kBeingProvisioned = "volume.plinth.dev/being-provisioned";

using ProvisionDecision = std::variant<NoDecision, Refusal, Reschedule, Unmark, CreateVolumeCall>;
ProvisionDecision decide_provision(const client::View& view, const client::Object& claim, const CsiDriverInfo& driver);

client::Request mark_request(const client::Object& claim, std::string_view manager);
client::Request unmark_request(const client::Object& claim, std::string_view manager);

// "pvc-<uid>": the name of the volume, and of the object.
std::string volume_name_for(const client::Object& claim);
// Why an answer cannot be used and the volume has to be deleted again; "" when it can.
std::string problem_of_answer(const CreateVolumeCall& call, const CreateVolumeAnswer& answer);
// The PersistentVolume, reserved for the claim.
Draft volume_object(const client::View& view, const client::Object& claim, const CreateVolumeCall& call,
                    const CreateVolumeAnswer& answer, const CsiDriverInfo& driver);

using DeleteDecision = std::variant<NoDecision, Refusal, DeleteVolumeCall>;
DeleteDecision decide_delete(const client::View& view, const client::Object& volume, const CsiDriverInfo& driver);

}  // namespace plinth::workloads
