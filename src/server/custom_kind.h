// Rows made from CustomResourceDefinitions.
#pragma once

#include "server/kind_registry.h"

namespace plinth::server {

// Whether instances look and behave the same to a watcher under both definitions (names, scope, versions and their schemas,
// columns); status changes of a CRD do not end watches.
bool serves_same(const CustomKind& a, const CustomKind& b);

// A stamp says which version a record is stored in and which schema its shape is of: 16 bits of the version's name, 48 of its
// schema. Shape 0: of none, so that a read prunes and defaults it.
std::uint64_t make_stamp(std::string_view version, std::uint64_t shape);
inline bool same_shape(std::uint64_t a, std::uint64_t b) { return (a ^ b) << 16 == 0; }
// The version that a record of a custom kind is stored in; today's storage version where that is no more.
const api::KindVersion& version_of_stamp(const api::KindRow& row, std::uint64_t stamp);

}  // namespace plinth::server
