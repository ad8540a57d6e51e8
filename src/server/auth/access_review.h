// What a SubjectAccessReview, a LocalSubjectAccessReview or a SelfSubjectAccessReview asks.
#pragma once

#include <cstdint>
#include <string>

#include "api/field_error.h"
#include "base/value.h"
#include "server/auth/attributes.h"

namespace plinth::server::auth {

enum class AccessReviewScope : std::uint8_t { kCluster, kLocal, kSelf };

// Everything that is wrong with the review; empty when nothing is. `request` is the whole object.
api::FieldErrors validate_access_review(AccessReviewScope scope, const Document& request);

// The question of a valid review. `self` is used for AccessReviewScope::kSelf. Selectors that cannot be read are left out,
// which asks for more, and `problems` says so.
Attributes attributes_of_review(AccessReviewScope scope, const Document& request, const UserPtr& self, std::string& problems);

}  // namespace plinth::server::auth
