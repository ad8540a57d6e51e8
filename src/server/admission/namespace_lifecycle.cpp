// NamespaceLifecycle: nothing is created in a namespace that is not there or is going away, and three namespaces always stay.
#include "server/admission/plugins.h"
#include "server/object_codec.h"
#include "server/status.h"
#include "server/write/metadata.h"

namespace plinth::server {
namespace {

class NamespaceLifecycle final : public AdmissionPlugin {
 public:
  std::string_view name() const override { return "NamespaceLifecycle"; }

  Result<void> mutate(ServerContext&, AdmissionRequest& request) const override { return check(request); }
  Result<void> validate(ServerContext&, AdmissionRequest& request) const override {
    if (request.operation == Operation::kDelete) return check(request);
    return {};
  }

 private:
  static Result<void> check(AdmissionRequest& request) {
    if (request.kind.row->is_namespace) {
      if (request.operation != Operation::kDelete) return {};
      for (std::string_view kept : {"default", "kube-system", "kube-public"}) {
        if (request.name == kept) return admission_forbidden(request, "this namespace may not be deleted");
      }
      return {};
    }
    if (request.operation != Operation::kCreate || request.name_space.empty()) return {};
    const std::string key = "/core/namespaces//" + request.name_space;
    store::RecordPtr record = request.snapshot->get(key);
    if (record == nullptr) return not_found("", "namespaces", request.name_space);
    if (is_being_deleted(*record)) {
      Error error = admission_forbidden(
          request, "unable to create new content in namespace " + request.name_space + " because it is being terminated");
      error.add_cause("NamespaceTerminating", "namespace " + request.name_space + " is being terminated", "metadata.namespace");
      return error;
    }
    // The namespace that is seen here must be the one that is there when the object is committed.
    request.preconditions.push_back({store::Precondition::Kind::kAtRevision, key, record->revision(), ""});
    return {};
  }
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_namespace_lifecycle() { return std::make_unique<NamespaceLifecycle>(); }

}  // namespace plinth::server
