#include "network/ingress/ingress_controllers.h"

#include "base/text.h"
#include "client/events.h"
#include "network/ingress/routes.h"

namespace plinth::network {
namespace {

using client::Change;
using client::Object;
using client::Plan;
using client::View;

constexpr std::string_view kNetworking = "networking.k8s.io";
constexpr std::string_view kDefaultClass = "ingressclass.kubernetes.io/is-default-class";

class IngressClassController final : public client::Controller {
 public:
  explicit IngressClassController(IngressPlace place) : place_(std::move(place)) {}
  std::string_view name() const override { return "ingress-class-controller"; }

  void keys_of(const Change& change, const View&, std::vector<std::string>& keys) const override {
    if (change.object.resource.is(kNetworking, "ingressclasses") && change.object.name == kIngressClass)
      keys.emplace_back(kIngressClass);
  }
  void initial_keys(const View&, std::vector<std::string>& keys) const override { keys.emplace_back(kIngressClass); }

  Plan step(const View& view, const std::string&, const client::StepContext&) const override {
    Plan plan;
    const auto classes = view.find_resource(kNetworking, "ingressclasses");
    if (!classes) return plan;
    const auto there = view.get(*classes, "", kIngressClass);
    if (!there) {
      plan.requests.push_back(client::create_request(*classes, "", wanted(!another_is_default(view, *classes)).root(), name()));
      return plan;
    }
    if (there->deleting()) return plan;
    Draft patch;
    bool changed = false;
    const Value annotations = there->metadata()["annotations"];
    for (const auto& [key, text] : places()) {
      if (annotations[key].as_string() == text) continue;
      Value& slot = patch.member(patch.member_path(patch.root(), {"metadata", "annotations"}), key);
      slot = text.empty() ? Value() : patch.text(text);
      changed = true;
    }
    if (changed) plan.requests.push_back(client::merge_patch_request(*there, "", std::move(patch), false, name()));
    return plan;
  }

 private:
  std::vector<std::pair<std::string_view, std::string>> places() const {
    return {{kHttpAnnotation, place_.http}, {kHttpsAnnotation, place_.https}};
  }

  static bool another_is_default(const View& view, const client::Resource& classes) {
    bool found = false;
    view.list(classes, "", [&](const Object& one) {
      found = one.metadata()["annotations"][kDefaultClass].as_string() == "true";
      return !found;
    });
    return found;
  }

  Draft wanted(bool is_default) const {
    Draft draft;
    Value& root = draft.root() = draft.object();
    draft.set(root, "apiVersion", "networking.k8s.io/v1");
    draft.set(root, "kind", "IngressClass");
    draft.set(draft.member_path(root, {"metadata"}), "name", kIngressClass);
    Value& annotations = draft.member_path(root, {"metadata", "annotations"});
    annotations = draft.object();
    if (is_default) draft.set(annotations, kDefaultClass, "true");
    for (const auto& [key, text] : places()) {
      if (!text.empty()) draft.set(annotations, key, text);
    }
    draft.set(draft.member_path(root, {"spec"}), "controller", kIngressController);
    return draft;
  }

  const IngressPlace place_;
};

class IngressStatusController final : public client::Controller {
 public:
  explicit IngressStatusController(IngressPlace place) : place_(std::move(place)) {}
  std::string_view name() const override { return "ingress-router"; }

  void keys_of(const Change& change, const View& view, std::vector<std::string>& keys) const override {
    const Object& object = change.object;
    if (object.resource.is(kNetworking, "ingresses")) {
      if (!change.deleted) keys.push_back(client::make_key(object.name_space, object.name));
    } else if (object.resource.is("", "services") && (change.created || change.deleted)) {
      add_all(view, object.name_space, keys);
    } else if (object.resource.is("", "secrets") && object["type"].as_string() == "kubernetes.io/tls") {
      add_all(view, object.name_space, keys);
    } else if (object.resource.is(kNetworking, "ingressclasses")) {
      add_all(view, "", keys);
    }
  }
  void initial_keys(const View& view, std::vector<std::string>& keys) const override { add_all(view, "", keys); }

  Plan step(const View& view, const std::string& key, const client::StepContext& context) const override {
    Plan plan;
    const auto [name_space, ingress_name] = client::split_key(key);
    const auto resource = view.find_resource(kNetworking, "ingresses");
    const auto ingress = resource ? view.get(*resource, name_space, ingress_name) : std::nullopt;
    if (!ingress || ingress->deleting() || !follows_ingress(view, *ingress, place_.classes)) return plan;
    Draft patch;
    Value& list = patch.member_path(patch.root(), {"status", "loadBalancer", "ingress"});
    list = wanted(patch);
    if (!equal((*ingress)["status"]["loadBalancer"]["ingress"], list))
      plan.requests.push_back(client::merge_patch_request(*ingress, "status", std::move(patch), false, name()));
    tell_troubles(view, *ingress, context, plan);
    return plan;
  }

 private:
  static void add_all(const View& view, std::string_view name_space, std::vector<std::string>& keys) {
    const auto resource = view.find_resource(kNetworking, "ingresses");
    if (!resource) return;
    view.list(*resource, name_space, [&](const Object& one) {
      keys.push_back(client::make_key(one.name_space, one.name));
      return true;
    });
  }

  Value wanted(Draft& draft) const {
    Value list = draft.array();
    const std::string& any = place_.http.empty() ? place_.https : place_.http;
    if (any.empty()) return list;
    Value entry = draft.object();
    draft.set(entry, "ip", any.substr(0, any.rfind(':')));
    Value ports = draft.array();
    for (const std::string* address : {&place_.http, &place_.https}) {
      if (address->empty()) continue;
      Value port = draft.object();
      draft.set(port, "port", Value::of(parse_integer<std::int64_t>(address->substr(address->rfind(':') + 1)).value_or(0)));
      draft.set(port, "protocol", "TCP");
      draft.push(ports, port);
    }
    draft.set(entry, "ports", ports);
    draft.push(list, entry);
    return list;
  }

  // Endpoints come and go; that a Service or a Secret is missing is worth an Event.
  void tell_troubles(const View& view, const Object& ingress, const client::StepContext& context, Plan& plan) const {
    const std::vector<std::string> troubles = ingress_troubles(view, ingress);
    if (troubles.empty()) return;
    client::EventRecorder events(view, name(), context.wall_ns, plan);
    for (const std::string& text : troubles) {
      if (text.find("no endpoint") == std::string::npos) events.warning_once(ingress, "NotFollowed", text);
    }
  }

  const IngressPlace place_;
};

}  // namespace

std::unique_ptr<client::Controller> make_ingress_class(IngressPlace place) {
  return std::make_unique<IngressClassController>(std::move(place));
}

std::unique_ptr<client::Controller> make_ingress_status(IngressPlace place) {
  return std::make_unique<IngressStatusController>(std::move(place));
}

}  // namespace plinth::network
