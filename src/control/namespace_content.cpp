#include "control/namespace_content.h"

namespace plinth::control {
namespace {

using client::Change;
using client::Object;
using client::Plan;
using client::View;

// Keeps one object of a given name in every namespace that is not being deleted. Keys are names of namespaces.
class NamespaceContent : public client::Controller {
 public:
  NamespaceContent(std::string_view plural, std::string_view object_name) : plural_(plural), object_name_(object_name) {}

  void keys_of(const Change& change, const View&, std::vector<std::string>& keys) const override {
    const Object& object = change.object;
    if (object.resource.is("", "namespaces") && !change.deleted)
      keys.push_back(object.name);
    else if (object.resource.is("", plural_) && object.name == object_name_)
      keys.push_back(object.name_space);
  }

  void initial_keys(const View& view, std::vector<std::string>& keys) const override {
    view.list(*view.find_resource("", "namespaces"), "", [&](const Object& object) {
      keys.push_back(object.name);
      return true;
    });
  }

  Plan step(const View& view, const std::string& key, const client::StepContext&) const override {
    Plan plan;
    const auto in = view.get(*view.find_resource("", "namespaces"), "", key);
    if (!in || in->deleting()) return plan;
    const client::Resource resource = *view.find_resource("", plural_);
    const auto object = view.get(resource, key, object_name_);
    Draft wanted;
    wanted.root() = wanted.object();
    fill(wanted);
    if (!object) {
      wanted.set(wanted.root(), "apiVersion", "v1");
      wanted.set(wanted.root(), "kind", resource.kind);
      wanted.set(wanted.member_path(wanted.root(), {"metadata"}), "name", object_name_);
      plan.requests.push_back(client::create_request(resource, key, wanted.root(), name()));
    } else if (!object->deleting() && differs(*object, wanted.root())) {
      Draft next(object->document);
      for (const Member& m : wanted.root().members()) next.member(next.root(), m.key()) = next.clone(m.value);
      plan.requests.push_back(client::update_request(*object, "", next.root(), name()));
    }
    return plan;
  }

 protected:
  // Members besides metadata that the object must have.
  virtual void fill(Draft&) const {}

 private:
  static bool differs(const Object& object, const Value& wanted) {
    for (const Member& m : wanted.members()) {
      if (!equal(object[m.key()], m.value)) return true;
    }
    return false;
  }
  std::string_view plural_, object_name_;
};

class ServiceAccounts final : public NamespaceContent {
 public:
  ServiceAccounts() : NamespaceContent("serviceaccounts", "default") {}
  std::string_view name() const override { return "service-account-controller"; }
};

class RootCaPublisher final : public NamespaceContent {
 public:
  explicit RootCaPublisher(std::string ca_pem)
      : NamespaceContent("configmaps", "kube-root-ca.crt"), ca_pem_(std::move(ca_pem)) {}
  std::string_view name() const override { return "root-ca-cert-publisher"; }

 protected:
  void fill(Draft& draft) const override {
    Value& data = draft.member(draft.root(), "data");
    data = draft.object();
    draft.set(data, "ca.crt", ca_pem_);
  }

 private:
  std::string ca_pem_;
};

}  // namespace

std::unique_ptr<client::Controller> make_service_account_controller() { return std::make_unique<ServiceAccounts>(); }
std::unique_ptr<client::Controller> make_root_ca_publisher(std::string ca_pem) {
  return std::make_unique<RootCaPublisher>(std::move(ca_pem));
}

}  // namespace plinth::control
