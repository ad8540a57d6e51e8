#include "compose/controllers/definition_installer.h"

#include <map>
#include <set>

#include "base/text.h"
#include "compose/builtin/definitions.h"
#include "compose/controllers/definitions.h"
#include "compose/marks.h"

namespace plinth::compose {
namespace {

constexpr std::string_view kName = "definition-installer";
// The kind of definitions is made by another controller; it is looked for so often.
constexpr std::int64_t kKindEveryNs = 100'000'000;

std::int64_t version_of(const Value& definition) {
  return parse_integer<std::int64_t>(definition["metadata"]["annotations"][kDefinitionVersionAnnotation].as_string())
      .value_or(0);
}

// Keys are names of definitions.
class DefinitionInstaller final : public client::Controller {
 public:
  explicit DefinitionInstaller(std::vector<Document> definitions) {
    for (Document& d : definitions) wanted_[std::string(d["metadata"]["name"].as_string())] = d;
  }

  std::string_view name() const override { return kName; }

  void keys_of(const client::Change& change, const client::View&, std::vector<std::string>& keys) const override {
    // What was asked for is there now, or was refused for a reason that the platform's users see there.
    const client::Object& object = change.object;
    if (object.resource.is(kKroGroup, kGraphDefinitions) && !change.deleted && wanted_.count(object.name) > 0)
      keys.push_back(object.name);
  }

  void initial_keys(const client::View&, std::vector<std::string>& keys) const override {
    for (const auto& [name, definition] : wanted_) keys.push_back(name);
  }

  client::Plan step(const client::View& view, const std::string& key, const client::StepContext&) const override {
    client::Plan plan;
    const Document& wanted = wanted_.at(key);
    const auto resource = view.find_resource(kKroGroup, kGraphDefinitions);
    if (!resource) {
      plan.revisit_ns = kKindEveryNs;
      return plan;
    }
    const auto existing = view.get(*resource, "", key);
    if (existing) {
      settled_.insert(key);
      if (!existing->deleting() && version_of(existing->document.root()) > 0) plan_newer(*existing, wanted, plan);
      return plan;
    }
    if (settled_.count(key) > 0 || is_foreign(view, wanted)) return plan;
    plan.requests.push_back(client::create_request(*resource, "", wanted.root(), kName));
    return plan;
  }

 private:
  static bool is_foreign(const client::View& view, const Document& wanted) {
    const auto crds = view.find_resource("apiextensions.k8s.io", "customresourcedefinitions");
    const auto crd = view.get(*crds, "", api_schema_of(wanted["spec"]).crd_name());
    return crd && crd->metadata()["labels"][kDefinitionNameLabel].as_string() != wanted["metadata"]["name"].as_string();
  }

  static void plan_newer(const client::Object& existing, const Document& wanted, client::Plan& plan) {
    if (version_of(existing.document.root()) >= version_of(wanted.root())) return;
    Draft next(existing.document);
    next.member(next.root(), "spec") = next.clone(wanted["spec"]);
    next.set(next.member_path(next.root(), {"metadata", "annotations"}), kDefinitionVersionAnnotation,
             wanted["metadata"]["annotations"][kDefinitionVersionAnnotation].as_string());
    plan.requests.push_back(client::update_request(existing, "", next.root(), kName));
  }

  std::map<std::string, Document> wanted_;
  mutable std::set<std::string> settled_;  // seen since the start
};

}  // namespace

std::unique_ptr<client::Controller> make_definition_installer(std::vector<Document> definitions) {
  return std::make_unique<DefinitionInstaller>(std::move(definitions));
}

}  // namespace plinth::compose
