// Who controls an object.
#pragma once

#include <optional>
#include <string_view>

#include "client/controller.h"

namespace plinth::workloads {

// The owner reference with controller: true; nothing for an orphan.
std::optional<client::OwnerReference> controller_of(const client::Object& object);
bool is_controlled_by(const client::Object& object, std::string_view uid);
// The key ("ns/name") of the controller of `object`, when it is of that group and kind.
std::optional<std::string> controller_key(const client::Object& object, std::string_view group, std::string_view kind);

// A reference to a controller, as it stands in metadata.ownerReferences.
Value controller_reference(Draft& draft, const client::Object& owner);

// Whether the namespace is ending: nothing can be created there any more.
bool namespace_ends(const client::View& view, std::string_view name);

}  // namespace plinth::workloads
