// What claims and volumes say about each other.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/quantity.h"
#include "client/cache.h"

namespace plinth::workloads {

inline constexpr std::string_view kBindCompleted = "pv.kubernetes.io/bind-completed";
inline constexpr std::string_view kBoundByController = "pv.kubernetes.io/bound-by-controller";
inline constexpr std::string_view kProvisionedBy = "pv.kubernetes.io/provisioned-by";
inline constexpr std::string_view kSelectedNode = "volume.kubernetes.io/selected-node";
inline constexpr std::string_view kProvisioner = "volume.kubernetes.io/storage-provisioner";
inline constexpr std::string_view kProvisionerBeta = "volume.beta.kubernetes.io/storage-provisioner";
inline constexpr std::string_view kNoProvisioner = "kubernetes.io/no-provisioner";

client::Resource claims_resource();
client::Resource volumes_resource();
client::Resource classes_resource();

std::string_view annotation(const client::Object& object, std::string_view name);  // "" when absent
// Of a claim or a volume: the old annotation or spec.storageClassName; "" for none.
std::string_view class_name(const client::Object& object);
// A claim that names a class, "" included: it gets no default any more.
bool names_class(const client::Object& claim);
std::optional<client::Object> class_of(const client::View& view, const client::Object& claim);
// WaitForFirstConsumer.
bool waits_for_consumer(const client::View& view, const client::Object& claim);
// The class for claims that name none: of several the newest, then the first by name.
std::optional<client::Object> default_class(const client::View& view);

bool is_bound(const client::Object& claim);  // completely: it names its volume and the binding was finished
api::Quantity requested_storage(const client::Object& claim);
api::Quantity storage_of(const client::Object& volume);
// The volume's claimRef means this claim: by name, and by uid if it has one.
bool refers_to(const client::Object& volume, const client::Object& claim);
// Why the volume cannot be what the claim asks for; "" when it can.
std::string mismatch(const client::Object& volume, const client::Object& claim);
bool same_mode(const client::Object& volume, const client::Object& claim);
bool has_access_modes(const client::Object& volume, const client::Object& claim);

// The best of `volumes` for an unbound claim: one that is reserved for it, else the smallest that suits. With a node only
// volumes that can be reached from there. Without one a claim that waits for its consumer gets only what is reserved for it.
const client::Object* find_match(const client::Object& claim, const std::vector<client::Object>& volumes,
                                 const client::Object* node, bool waits);

// A reference to the claim for spec.claimRef, whole.
Value claim_reference(Draft& draft, const client::Object& claim);

}  // namespace plinth::workloads
