// StorageObjectInUseProtection: claims and volumes carry a finalizer that holds their deletion until nothing uses them.
// Controllers (control/volume_protection.h) take it off.
#include "server/admission/plugins.h"
#include "server/admission/stored_objects.h"

namespace plinth::server {
namespace {

struct Protection {
  std::string_view group, plural, finalizer;
};

constexpr Protection kProtections[] = {
    {"", "persistentvolumeclaims", "kubernetes.io/pvc-protection"},
    {"", "persistentvolumes", "kubernetes.io/pv-protection"},
};

class StorageObjectInUseProtection final : public AdmissionPlugin {
 public:
  std::string_view name() const override { return "StorageObjectInUseProtection"; }

  Result<void> mutate(ServerContext&, AdmissionRequest& request) const override {
    if (request.operation != Operation::kCreate || request.object == nullptr || !request.subresource.empty()) return {};
    for (const Protection& protection : kProtections) {
      if (request.group() == protection.group && request.resource() == protection.plural)
        add(*request.object, protection.finalizer);
    }
    return {};
  }

 private:
  static void add(Draft& object, std::string_view finalizer) {
    for (const Value& present : object.root()["metadata"]["finalizers"].items()) {
      if (present.as_string() == finalizer) return;
    }
    object.push(object.member_path(object.root(), {"metadata", "finalizers"}), Value::ref(finalizer));
  }
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_storage_in_use_protection() { return std::make_unique<StorageObjectInUseProtection>(); }

}  // namespace plinth::server
