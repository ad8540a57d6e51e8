// The review kinds: questions about rights and identities, asked by creating an object that is answered and not stored.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "base/value.h"
#include "server/auth/authenticator.h"
#include "server/auth/rbac.h"
#include "store/store.h"

namespace plinth::server::auth {

// Who asks, and where.
struct ReviewContext {
  const UserPtr& user;
  std::string_view name_space;  // of the path
  const store::Snapshot& snapshot;
  std::int64_t now_ns;
};

// Any thread.
class Reviews {
 public:
  // Both outlive this.
  Reviews(Rbac& rbac, Authenticator& authenticator) : rbac_(rbac), authenticator_(authenticator) {}

  static bool answers(std::string_view group, std::string_view resource);
  // `request` as it was sent (metadata not filled in yet); the answer has its status set. NotFound for a resource that is no
  // review.
  Result<Document> evaluate(std::string_view group, std::string_view resource, const Document& request,
                            const ReviewContext& context);

 private:
  Result<Document> token_review(const Document& request, const ReviewContext& context);
  Result<Document> self_subject_review(const Document& request, const ReviewContext& context);
  Result<Document> rules_review(const Document& request, const ReviewContext& context);
  Result<Document> access_review(std::string_view resource, const Document& request, const ReviewContext& context);

  Rbac& rbac_;
  Authenticator& authenticator_;
};

}  // namespace plinth::server::auth
