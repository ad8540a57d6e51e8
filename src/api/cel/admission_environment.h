// What expressions of admission may use: policies and matchConditions of webhooks.
#pragma once

#include "cel/environment.h"

namespace plinth::api {

// Places of the variables in an activation; those of a policy's own follow.
enum AdmissionSlot : std::size_t {
  kSlotObject,
  kSlotOldObject,
  kSlotNamespace,
  kSlotRequest,
  kSlotParams,
  kSlotAuthorizer,
  kSlotRequestResource,
  kSlotCount,
};

struct AdmissionVariables {
  bool params = false;
  bool authorizer = true;
};

// object, oldObject and params are of any type, request and namespaceObject of their own. What is left out has its place all
// the same.
cel::Environment admission_environment(const AdmissionVariables& variables);

// The variables of a policy, as expressions see them: `variables` with the fields declared so far, and each by its qualified
// name.
class PolicyVariables {
 public:
  // Declares `variables` anew, with one field more, in each environment.
  void declare(std::string_view name, const cel::Type& type, std::initializer_list<cel::Environment*> environments);
  // The same without a field: before the first one.
  void begin(std::initializer_list<cel::Environment*> environments) const;

 private:
  std::vector<std::pair<std::string, cel::Type>> fields_;
};

}  // namespace plinth::api
