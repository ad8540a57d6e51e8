// Whether somebody else reconciles the kinds that attached controllers would: two controllers of one kind undo each other's
// work.
#pragma once

#include <string>

#include "base/value.h"

namespace plinth::platform {

// Of a list of Deployments: the first that runs kro, in words; "" without. kro's chart labels it app.kubernetes.io/name=kro,
// and the image of its controller ends in kro/kro or kro/controller. One with no replica that is ready does not count.
std::string running_kro(const Value& deployments);

// Of a list of Leases: the first with which a kro leads, renewed within its time before `wall_ns`; "" without.
std::string leading_kro(const Value& leases, std::int64_t wall_ns);

}  // namespace plinth::platform
