// Addresses and ports around a write: the kind's allocator (api/strategies/allocation.h) chooses, the store's writer keeps.
#pragma once

#include <vector>

#include "base/function.h"
#include "base/result.h"
#include "base/world.h"
#include "server/admission/admission.h"
#include "server/context.h"
#include "server/kind_registry.h"
#include "store/store.h"

namespace plinth::server {

// Fills in what the client left open, as free as the request's snapshot says; 422 when what he asks for cannot be had. Does
// nothing for subresources and for kinds whose objects hold nothing.
Result<void> allocate(ServerContext& context, AdmissionRequest& request);

// Claims and releases that turn what `old` holds into what `kept` holds; null: there was, or will be, no object.
void reserve_claims(const ResolvedKind& kind, const Value& old, const Value& kept, std::vector<store::Reservation>& out);

// Brings the claims in line with the stored objects, in one pass over those of the kinds that hold any: data of a release that
// gave nothing out, or a store that was put together by hand. Of two objects that hold the same, the first by key has it.
// Commits a bounded number of reservations at a time; `done` runs on `loop`.
void repair_claims(ServerContext& context, Loop& loop, UniqueFunction<void(Result<void>)> done);

}  // namespace plinth::server
