// From the checked tree to operations: constants folded, paths fused, overloads bound. Internal to the layer.
#pragma once

#include "base/result.h"
#include "cel/checker.h"
#include "cel/op.h"

namespace plinth::cel {

// Constants live in `memory`. Errors are Invalid: constant arguments that the environment validates.
Result<OpPtr> plan(const CheckedAst& checked, const Environment& environment, Memory& memory);

}  // namespace plinth::cel
