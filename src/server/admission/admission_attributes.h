// A request as webhooks and expressions see it.
#pragma once

#include "api/cel/admission_program.h"
#include "server/admission/admission.h"

namespace plinth::server {

// The `request` of an AdmissionReview without uid and objects: kind, resource, name, operation, userInfo ...
Value describe_request(Draft& draft, const AdmissionRequest& request);

// What expressions are evaluated with, but for parameters. The request outlives it.
class ExpressionInput {
 public:
  // `with_namespace`: the object's namespace is read for namespaceObject.
  ExpressionInput(ServerContext& context, const AdmissionRequest& request, bool with_namespace);
  ~ExpressionInput();
  api::AdmissionInput& input() { return input_; }

 private:
  class Authorizer;
  std::unique_ptr<Authorizer> authorizer_;
  api::AdmissionInput input_;
};

}  // namespace plinth::server
