// PersistentVolumeClaimResize: a claim grows only when it is bound and its class allows that.
#include "api/quantity.h"
#include "server/admission/plugins.h"
#include "server/admission/stored_objects.h"

namespace plinth::server {
namespace {

api::Quantity requested_storage(const Value& claim) {
  const Value amount = claim["spec"]["resources"]["requests"]["storage"];
  auto parsed = api::Quantity::parse(amount.as_string());
  return parsed.ok() ? *parsed : api::Quantity();
}

// The older annotation counts before the field.
std::string_view class_of(const Value& claim) {
  const Value* annotation = claim["metadata"]["annotations"].find("volume.beta.kubernetes.io/storage-class");
  return annotation != nullptr ? annotation->as_string() : claim["spec"]["storageClassName"].as_string();
}

class PersistentVolumeClaimResize final : public AdmissionPlugin {
 public:
  std::string_view name() const override { return "PersistentVolumeClaimResize"; }

  Result<void> validate(ServerContext&, AdmissionRequest& request) const override {
    if (request.operation != Operation::kUpdate || !writes_core(request, "persistentvolumeclaims")) return {};
    const Value claim = request.object->root(), old = request.old_object.root();
    if (requested_storage(claim).compare(requested_storage(old)) <= 0) return {};
    if (old["status"]["phase"].as_string() != "Bound") {
      return admission_forbidden(request, "Only bound persistent volume claims can be expanded");
    }
    if (TRY(class_allows(*request.snapshot, claim, old))) return {};
    return admission_forbidden(
        request,
        "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must "
        "support resize");
  }

 private:
  static Result<bool> class_allows(const store::Snapshot& snapshot, const Value& claim, const Value& old) {
    const std::string_view name = class_of(claim);
    if (name.empty() || name != class_of(old)) return false;
    const Document storage_class = TRY(read_stored(snapshot, "/storage.k8s.io/storageclasses//" + std::string(name)));
    return storage_class["allowVolumeExpansion"].as_bool();
  }
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_claim_resize() { return std::make_unique<PersistentVolumeClaimResize>(); }

}  // namespace plinth::server
