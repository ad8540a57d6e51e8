// The cache of an in-process client: a view of the store.
#pragma once

#include <memory>

#include "client/cache.h"
#include "server/kind_registry.h"
#include "store/store.h"

namespace plinth::platform {

std::shared_ptr<const client::View> make_store_view(server::KindRegistry& registry, store::SnapshotPtr snapshot);

// A record of the change stream as a change of an object; nothing when its kind is not served (any more).
std::optional<client::Change> change_of(server::KindRegistry& registry, const store::Event& event);
// Whether it is one of an object that makes a kind served.
bool defines_kinds(server::KindRegistry& registry, const store::Event& event);

}  // namespace plinth::platform
