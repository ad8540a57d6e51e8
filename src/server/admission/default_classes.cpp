// DefaultStorageClass and DefaultIngressClass: a claim or an Ingress that names no class gets the one that is marked as
// default.
#include "server/admission/plugins.h"
#include "server/admission/stored_objects.h"

namespace plinth::server {
namespace {

// How a kind refers to its class, and where the classes are.
struct ClassReference {
  std::string_view plugin, group, plural;
  std::string_view field;             // of spec
  std::string_view older_annotation;  // names the class as well, and counts even when empty
  std::string_view classes;           // prefix of their keys
  std::vector<std::string_view> default_annotations;
};

class DefaultClass final : public AdmissionPlugin {
 public:
  explicit DefaultClass(ClassReference reference) : reference_(std::move(reference)) {}
  std::string_view name() const override { return reference_.plugin; }

  Result<void> mutate(ServerContext&, AdmissionRequest& request) const override {
    if (request.operation != Operation::kCreate || request.object == nullptr || !request.subresource.empty()) return {};
    if (request.group() != reference_.group || request.resource() != reference_.plural) return {};
    Draft& object = *request.object;
    if (object.root()["metadata"]["annotations"].find(reference_.older_annotation) != nullptr) return {};
    if (!object.root()["spec"][reference_.field].is_null()) return {};
    const std::string chosen = TRY(default_class(*request.snapshot, reference_.classes, reference_.default_annotations));
    if (!chosen.empty()) object.set(object.member(object.root(), "spec"), reference_.field, chosen);
    return {};
  }

 private:
  ClassReference reference_;
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_default_storage_class() {
  return std::make_unique<DefaultClass>(
      ClassReference{"DefaultStorageClass",
                     "",
                     "persistentvolumeclaims",
                     "storageClassName",
                     "volume.beta.kubernetes.io/storage-class",
                     "/storage.k8s.io/storageclasses//",
                     {"storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"}});
}

std::unique_ptr<AdmissionPlugin> make_default_ingress_class() {
  return std::make_unique<DefaultClass>(ClassReference{"DefaultIngressClass",
                                                       "networking.k8s.io",
                                                       "ingresses",
                                                       "ingressClassName",
                                                       "kubernetes.io/ingress.class",
                                                       "/networking.k8s.io/ingressclasses//",
                                                       {"ingressclass.kubernetes.io/is-default-class"}});
}

}  // namespace plinth::server
