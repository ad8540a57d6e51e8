// Writes of roles and bindings: nobody grants what he does not hold.
#include "server/admission/plugins.h"
#include "server/auth/auth.h"
#include "server/auth/escalation.h"

namespace plinth::server {
namespace {

class RbacEscalation final : public AdmissionPlugin {
 public:
  std::string_view name() const override { return "RBACEscalation"; }

  Result<void> validate(ServerContext& context, AdmissionRequest& request) const override {
    if (request.object == nullptr || !request.subresource.empty()) return {};
    const bool role = auth::is_role_resource(request.group(), request.resource());
    if (!role && !auth::is_binding_resource(request.group(), request.resource())) return {};
    auth::Attributes attributes;
    attributes.user = request.user;
    attributes.verb = request.operation == Operation::kCreate ? "create" : "update";
    attributes.group = request.group();
    attributes.version = request.kind.version->name;
    attributes.resource = request.resource();
    attributes.name_space = request.name_space;
    // Of a creation the URL names nothing.
    if (request.operation != Operation::kCreate) attributes.name = request.name;
    const auth::RbacPolicyPtr policy = context.auth->rbac().policy(*request.snapshot);
    const Value* old = request.old_object.is_null() ? nullptr : &request.old_object.root();
    return role ? auth::check_role_write(*policy, attributes, request.object->root(), old)
                : auth::check_binding_write(*policy, attributes, request.object->root(), old);
  }
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_rbac_escalation() { return std::make_unique<RbacEscalation>(); }

}  // namespace plinth::server
