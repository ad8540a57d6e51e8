#include "compose/controllers/kind_installer.h"

#include <map>

#include "compose/definition/generated_crd.h"
#include "compose/kinds/crds.h"

namespace plinth::compose {
namespace {

constexpr std::string_view kName = "composition-kinds";

// Keys are names of CRDs.
class KindInstaller final : public client::Controller {
 public:
  KindInstaller() {
    for (Document& crd : composition_crds()) wanted_[std::string(crd["metadata"]["name"].as_string())] = crd;
  }

  std::string_view name() const override { return kName; }

  void keys_of(const client::Change& change, const client::View&, std::vector<std::string>& keys) const override {
    const client::Object& object = change.object;
    if (object.resource.is("apiextensions.k8s.io", "customresourcedefinitions") && wanted_.count(object.name) > 0)
      keys.push_back(object.name);
  }

  void initial_keys(const client::View&, std::vector<std::string>& keys) const override {
    for (const auto& [name, crd] : wanted_) keys.push_back(name);
  }

  client::Plan step(const client::View& view, const std::string& key, const client::StepContext&) const override {
    client::Plan plan;
    const auto resource = view.find_resource("apiextensions.k8s.io", "customresourcedefinitions");
    const Document& wanted = wanted_.at(key);
    const auto existing = view.get(*resource, "", key);
    if (!existing) {
      plan.requests.push_back(client::create_request(*resource, "", wanted.root(), kName));
      return plan;
    }
    if (existing->deleting()) return plan;
    const Document patch = crd_patch(existing->document.root(), wanted.root());
    if (!patch.is_null())
      plan.requests.push_back(client::merge_patch_request(*existing, "", Draft(patch), /*same_revision=*/false, kName));
    return plan;
  }

 private:
  std::map<std::string, Document> wanted_;
};

}  // namespace

std::unique_ptr<client::Controller> make_kind_installer() { return std::make_unique<KindInstaller>(); }

}  // namespace plinth::compose
