// `authorizer` in expressions of admission: authorizer.group('apps').resource('deployments').check('create').allowed(),
// .path(), .serviceAccount(). Who answers is the server's business.
#pragma once

#include <string>
#include <string_view>

#include "cel/function.h"
#include "cel/value.h"

namespace plinth::api {

// What an expression asks. The texts live as long as the evaluation.
struct AuthorizationQuestion {
  bool is_resource = false;
  std::string_view path;  // when it is not about a resource
  std::string_view group, resource, subresource, name_space, name;
  std::string_view field_selector, label_selector;
  std::string_view verb;
  // Another subject than the request's user; empty: the user.
  std::string_view account_namespace, account_name;
};

struct AuthorizationAnswer {
  bool allowed = false;
  std::string reason;
  std::string error;  // why no answer could be found
};

class RuleAuthorizer {
 public:
  virtual ~RuleAuthorizer() = default;
  virtual AuthorizationAnswer ask(const AuthorizationQuestion& question) const = 0;
};

cel::Library authorizer_library();
cel::Type authorizer_type();
cel::Type resource_check_type();

// Values of `authorizer` and `authorizer.requestResource`; the authorizer and the texts outlive the evaluation.
cel::Value authorizer_value(const RuleAuthorizer& authorizer, cel::Memory& memory);
cel::Value resource_check_value(const RuleAuthorizer& authorizer, const AuthorizationQuestion& resource, cel::Memory& memory);

}  // namespace plinth::api
