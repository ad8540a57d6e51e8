#include "control/kubernetes_service.h"

namespace plinth::control {
namespace {

using client::Change;
using client::Object;
using client::Plan;
using client::View;

constexpr std::string_view kName = "kubernetes-service-controller";
constexpr std::string_view kObject = "kubernetes";
constexpr std::string_view kNetworking = "networking.k8s.io";
constexpr std::int64_t kHttps = 443;

class KubernetesService final : public client::Controller {
 public:
  explicit KubernetesService(KubernetesServiceOptions options) : options_(std::move(options)) {}
  std::string_view name() const override { return kName; }

  // Keys are resources: there is one object of each.
  void keys_of(const Change& change, const View&, std::vector<std::string>& keys) const override {
    const Object& object = change.object;
    if (object.name != kObject) return;
    if (object.resource.is("", "services") && object.name_space == "default") keys.emplace_back("services");
    if (object.resource.is(kNetworking, "servicecidrs")) keys.emplace_back("servicecidrs");
  }
  void initial_keys(const View&, std::vector<std::string>& keys) const override {
    keys.emplace_back("services");
    keys.emplace_back("servicecidrs");
  }

  Plan step(const View& view, const std::string& key, const client::StepContext&) const override {
    return key == "services" ? service_step(view) : range_step(view);
  }

 private:
  Plan service_step(const View& view) const {
    Plan plan;
    const client::Resource services = *view.find_resource("", "services");
    const auto in = view.get(*view.find_resource("", "namespaces"), "", "default");
    if (!in || in->deleting()) return plan;
    const auto service = view.get(services, "default", kObject);
    if (!service) {
      plan.requests.push_back(client::create_request(services, "default", wanted_service().root(), kName));
    } else if (service->deleting()) {
      return plan;
    } else if ((*service)["spec"]["clusterIP"].as_string() != options_.cluster_ip) {
      plan.requests.push_back(client::delete_request(*service, "", /*same_revision=*/true));
    } else if (const Draft wanted = wanted_service(); !has_ports(*service, wanted.root()["spec"]["ports"])) {
      Draft next(service->document);
      next.member(next.member(next.root(), "spec"), "ports") = next.clone(wanted.root()["spec"]["ports"]);
      plan.requests.push_back(client::update_request(*service, "", next.root(), kName));
    }
    return plan;
  }

  static bool has_ports(const Object& service, const Value& wanted) { return equal(service["spec"]["ports"], wanted); }

  Draft wanted_service() const {
    Draft draft;
    Value& root = draft.root() = draft.object();
    draft.set(root, "apiVersion", "v1");
    draft.set(root, "kind", "Service");
    Value& metadata = draft.member_path(root, {"metadata"});
    draft.set(metadata, "name", kObject);
    Value& labels = draft.member_path(metadata, {"labels"});
    draft.set(labels, "component", "apiserver");
    draft.set(labels, "provider", "kubernetes");
    Value& spec = draft.member_path(root, {"spec"});
    draft.set(spec, "type", "ClusterIP");
    draft.set(spec, "clusterIP", options_.cluster_ip);
    Value families = draft.array();
    draft.push(families, draft.text(options_.family));
    draft.set(spec, "ipFamilies", families);
    draft.set(spec, "ipFamilyPolicy", "SingleStack");
    draft.set(spec, "sessionAffinity", "None");
    Value port = draft.object();
    draft.set(port, "name", "https");
    draft.set(port, "port", Value::of(kHttps));
    draft.set(port, "protocol", "TCP");
    draft.set(port, "targetPort", Value::of(options_.api_port));
    Value ports = draft.array();
    draft.push(ports, port);
    draft.set(spec, "ports", ports);
    return draft;
  }

  Plan range_step(const View& view) const {
    Plan plan;
    const auto ranges = view.find_resource(kNetworking, "servicecidrs");
    if (!ranges) return plan;
    const auto range = view.get(*ranges, "", kObject);
    if (range && range->deleting()) return plan;
    if (range && !names_our_range(*range)) {
      plan.requests.push_back(client::delete_request(*range, "", /*same_revision=*/true));
    } else if (!range) {
      plan.requests.push_back(client::create_request(*ranges, "", wanted_range().root(), kName));
    }
    return plan;
  }

  bool names_our_range(const Object& range) const {
    const Value cidrs = range["spec"]["cidrs"];
    return cidrs.size() == 1 && cidrs.items()[0].as_string() == options_.service_cidr;
  }

  Draft wanted_range() const {
    Draft draft;
    Value& root = draft.root() = draft.object();
    draft.set(root, "apiVersion", "networking.k8s.io/v1");
    draft.set(root, "kind", "ServiceCIDR");
    draft.set(draft.member_path(root, {"metadata"}), "name", kObject);
    Value cidrs = draft.array();
    draft.push(cidrs, draft.text(options_.service_cidr));
    draft.set(draft.member_path(root, {"spec"}), "cidrs", cidrs);
    return draft;
  }

  const KubernetesServiceOptions options_;
};

}  // namespace

std::unique_ptr<client::Controller> make_kubernetes_service(KubernetesServiceOptions options) {
  return std::make_unique<KubernetesService>(std::move(options));
}

}  // namespace plinth::control
