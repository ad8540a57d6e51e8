// The pods behind a Service, and which port each of them answers on.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/address_range.h"
#include "client/cache.h"

namespace plinth::workloads {

// "": not looked after (no selector, or an ExternalName). A Service without a selector has hand-made Endpoints.
bool has_selector(const client::Object& service);
bool is_headless(const client::Object& service);

// Pods that the Service selects and that have an address; those that are going only when asked for.
std::vector<client::Object> backends(const client::View& view, const client::Object& service, bool terminating_too);

// The number behind a Service's port on that pod; nothing when the pod has no port of the name.
std::optional<std::int64_t> target_port(const Value& pod, const Value& service_port);

// Addresses of the pod in one family, in canonical form.
std::vector<std::string> addresses(const Value& pod, bool v6);

// The pod has a name of its own under the Service.
bool has_own_name(const Value& pod, const client::Object& service);

// When the Service or what is behind it last changed, as far as it is newer than `known` (what an annotation says, "" for
// nothing): upstream's endpoints.kubernetes.io/last-change-trigger-time; "" when nothing is newer.
std::string trigger_time(const client::Object& service, const std::vector<client::Object>& pods, std::string_view known);

// What a change of a pod can mean for Endpoints.
std::string endpoint_digest(const client::Object& pod);

inline constexpr std::string_view kTriggerAnnotation = "endpoints.kubernetes.io/last-change-trigger-time";
inline constexpr std::string_view kHeadlessLabel = "service.kubernetes.io/headless";
inline constexpr std::string_view kServiceNameLabel = "kubernetes.io/service-name";
inline constexpr std::string_view kManagedByLabel = "endpointslice.kubernetes.io/managed-by";

}  // namespace plinth::workloads
