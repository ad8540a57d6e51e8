#include "client/kind_keeper.h"

#include <map>

namespace plinth::client {
namespace {

constexpr std::string_view kGroup = "apiextensions.k8s.io", kPlural = "customresourcedefinitions";

// Keys are names of definitions.
class KindKeeper final : public Controller {
 public:
  KindKeeper(std::string name, const std::vector<Document>& definitions, KindDifference difference)
      : name_(std::move(name)), difference_(std::move(difference)) {
    for (const Document& definition : definitions)
      wanted_[std::string(definition["metadata"]["name"].as_string())] = definition;
  }
  std::string_view name() const override { return name_; }

  void keys_of(const Change& change, const View&, std::vector<std::string>& keys) const override {
    const Object& object = change.object;
    const bool matters = change.deleted || difference_ != nullptr;
    if (matters && object.resource.is(kGroup, kPlural) && wanted_.count(object.name) > 0) keys.push_back(object.name);
  }

  void initial_keys(const View&, std::vector<std::string>& keys) const override {
    for (const auto& [name, definition] : wanted_) keys.push_back(name);
  }

  Plan step(const View& view, const std::string& key, const StepContext&) const override {
    Plan plan;
    const auto resource = view.find_resource(kGroup, kPlural);
    if (!resource) return plan;
    const Value& wanted = wanted_.at(key).root();
    const auto existing = view.get(*resource, "", key);
    if (!existing) {
      plan.requests.push_back(create_request(*resource, "", wanted, name_));
    } else if (difference_ != nullptr && !existing->deleting()) {
      const Document patch = difference_(existing->document.root(), wanted);
      if (!patch.is_null())
        plan.requests.push_back(merge_patch_request(*existing, "", Draft(patch), /*same_revision=*/false, name_));
    }
    return plan;
  }

 private:
  const std::string name_;
  const KindDifference difference_;
  std::map<std::string, Document> wanted_;
};

}  // namespace

std::unique_ptr<Controller> make_kind_keeper(std::string name, const std::vector<Document>& definitions,
                                             KindDifference difference) {
  return std::make_unique<KindKeeper>(std::move(name), definitions, std::move(difference));
}

}  // namespace plinth::client
