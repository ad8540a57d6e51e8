#include "server/admission/admission_attributes.h"

#include "server/admission/stored_objects.h"
#include "server/auth/auth.h"

namespace plinth::server {
namespace {

Value three(Draft& d, std::string_view group, std::string_view version, std::string_view last_name, std::string_view last) {
  Value out = d.object();
  d.set(out, "group", group);
  d.set(out, "version", version);
  d.set(out, last_name, last);
  return out;
}

}  // namespace

Value describe_request(Draft& d, const AdmissionRequest& request) {
  Value r = d.object(16);
  const api::KindRow& row = *request.kind.row;
  const std::string_view version = request.kind.version->name;
  for (const char* name : {"kind", "requestKind"}) d.member(r, name) = three(d, row.group, version, "kind", row.kind);
  for (const char* name : {"resource", "requestResource"})
    d.member(r, name) = three(d, row.group, version, "resource", row.plural);
  if (!request.subresource.empty()) {
    d.set(r, "subResource", request.subresource);
    d.set(r, "requestSubResource", request.subresource);
  }
  d.set(r, "name", request.name);
  // A Namespace counts as being in itself.
  const std::string& name_space = row.is_namespace ? request.name : request.name_space;
  if (!name_space.empty()) d.set(r, "namespace", name_space);
  d.set(r, "operation", operation_name(request.operation));
  d.member(r, "userInfo") = auth::user_to_value(d, *request.user);
  d.set(r, "dryRun", Value::of(request.dry_run));
  if (!request.options.is_null()) d.member(r, "options") = d.clone(request.options.root());
  return r;
}

// Asks RBAC what the request's user, or a service account, may do.
class ExpressionInput::Authorizer final : public api::RuleAuthorizer {
 public:
  Authorizer(auth::Auth* auth, const AdmissionRequest& request) : auth_(auth), request_(request) {}

  api::AuthorizationAnswer ask(const api::AuthorizationQuestion& question) const override {
    if (auth_ == nullptr) return {false, "", "there is no authorizer"};
    auth::Attributes attributes;
    attributes.user = question.account_name.empty() ? request_.user : account(question);
    attributes.verb = question.verb;
    attributes.is_resource_request = question.is_resource;
    attributes.path = question.path;
    attributes.group = question.group;
    attributes.version = "*";
    attributes.resource = question.resource;
    attributes.subresource = question.subresource;
    attributes.name_space = question.name_space;
    attributes.name = question.name;
    attributes.field_selector = question.field_selector;
    attributes.label_selector = question.label_selector;
    auth::Decision decision = auth_->rbac().authorize(attributes, *request_.snapshot, /*explain=*/true);
    return {decision.allowed, std::move(decision.reason), ""};
  }

 private:
  static auth::UserPtr account(const api::AuthorizationQuestion& question) {
    auto user = std::make_shared<auth::UserInfo>();
    user->name = auth::service_account_username(question.account_namespace, question.account_name);
    user->groups = auth::service_account_groups(question.account_namespace);
    return user;
  }

  auth::Auth* auth_;
  const AdmissionRequest& request_;
};

ExpressionInput::~ExpressionInput() = default;

ExpressionInput::ExpressionInput(ServerContext& context, const AdmissionRequest& request, bool with_namespace)
    : authorizer_(std::make_unique<Authorizer>(context.auth, request)) {
  if (request.object != nullptr) input_.object = request.object->view();
  input_.old_object = request.old_object;
  Draft described;
  described.root() = describe_request(described, request);
  input_.request = std::move(described).finish();
  input_.authorizer = authorizer_.get();
  input_.resource.group = request.group();
  input_.resource.resource = request.resource();
  input_.resource.subresource = request.subresource;
  input_.resource.name_space = request.name_space;
  input_.resource.name = request.name;
  if (!with_namespace || request.name_space.empty() || request.kind.row->is_namespace) return;
  auto found = read_stored(*request.snapshot, "/core/namespaces//" + request.name_space);
  if (found.ok()) input_.name_space = std::move(*found);
}

}  // namespace plinth::server
