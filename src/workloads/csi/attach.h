// The decisions of an external attacher, without the calls: what a VolumeAttachment asks of its driver, and what is written
// when the driver has answered.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "client/controller.h"
#include "workloads/csi/csi_calls.h"
#include "workloads/csi/provision.h"

namespace plinth::workloads {

// A plan comes before any call: marks that keep the attachment and the volume until the driver has let go, or the whole answer
// where a driver does not attach. Its requests are `manager`'s.
using AttachDecision = std::variant<NoDecision, Refusal, client::Plan, PublishCall, UnpublishCall>;
AttachDecision decide_attachment(const client::View& view, const client::Object& attachment, const CsiDriverInfo& driver,
                                 std::string_view manager);

// What follows from an answer. Errors are told in attachError and detachError with the gRPC code.
client::Plan attached_plan(const client::Object& attachment, const std::map<std::string, std::string>& publish_context,
                           std::string_view manager);
client::Plan detached_plan(const client::Object& attachment, const CsiDriverInfo& driver, std::string_view manager);
client::Plan attach_failed_plan(const client::Object& attachment, std::string_view message, int grpc_code, std::int64_t wall_ns,
                                std::string_view manager);

// Takes the mark off a volume that is to be deleted and that no attachment names any more; empty otherwise.
client::Plan released_volume_plan(const client::View& view, const client::Object& volume, const CsiDriverInfo& driver,
                                  std::string_view manager);

// Of a volume's spec, with the widest of its access modes; without one as a single node's writer.
CsiCapability volume_capability(const Value& spec, const CsiDriverInfo& driver);

// "external-attacher/<driver>" with "-" for "/".
std::string attacher_finalizer(std::string_view driver);

}  // namespace plinth::workloads
