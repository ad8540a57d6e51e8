// What makes a pod of a StatefulSet the one that it is: its name, its labels, its claims.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/controller.h"
#include "workloads/common/revisions.h"
#include "workloads/volumes/claims.h"

namespace plinth::workloads {

inline constexpr std::string_view kStatefulSetController = "statefulset-controller";

client::Resource stateful_sets_resource();

// "web-3" is 3 of "web"; nothing for other names.
std::optional<std::int64_t> ordinal_of(std::string_view set_name, std::string_view pod_name);
std::int64_t start_ordinal(const client::Object& set);
std::int64_t replicas_of(const client::Object& set);

// The revision whose name its label says.
std::string_view pod_revision(const client::Object& pod);

client::Request create_stateful_pod(const client::Object& set, const TemplateRevision& revision, std::int64_t ordinal);
// The labels that its name asks for are there.
bool has_identity(const client::Object& set, const client::Object& pod, std::int64_t ordinal);
client::Request fix_identity(const client::Object& pod, std::int64_t ordinal);

// Names of the claims of a pod, in the order of the templates.
std::vector<std::string> claim_names(const client::Object& set, std::int64_t ordinal);
client::Request create_claim(const client::Object& set, std::size_t template_index, std::int64_t ordinal);

}  // namespace plinth::workloads
