#include "network/dns/dns_service.h"

#include <fmt/format.h>

#include "base/json.h"

namespace plinth::network::dns {
namespace {

using client::Change;
using client::Object;
using client::Plan;
using client::View;

constexpr std::string_view kController = "dns-service-controller";
constexpr std::string_view kNamespace = "kube-system", kObject = "kube-dns";

constexpr std::string_view kService = R"({{
  "apiVersion": "v1", "kind": "Service",
  "metadata": {{"name": "kube-dns", "labels": {{"k8s-app": "kube-dns", "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS"}}}},
  "spec": {{"clusterIP": "{ip}", "type": "ClusterIP", "ports": [
    {{"name": "dns", "port": 53, "protocol": "UDP", "targetPort": 53}}, {{"name": "dns-tcp", "port": 53, "protocol": "TCP", "targetPort": 53}}]}}
}})";
constexpr std::string_view kEndpoints = R"({{
  "apiVersion": "v1", "kind": "Endpoints",
  "metadata": {{"name": "kube-dns", "labels": {{"endpointslice.kubernetes.io/skip-mirror": "true", "k8s-app": "kube-dns"}}}},
  "subsets": [{{"addresses": [{{"ip": "{ip}"}}],
    "ports": [{{"name": "dns", "port": 53, "protocol": "UDP"}}, {{"name": "dns-tcp", "port": 53, "protocol": "TCP"}}]}}]
}})";
constexpr std::string_view kSlice = R"({{
  "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
  "metadata": {{"name": "kube-dns", "labels": {{"kubernetes.io/service-name": "kube-dns", "k8s-app": "kube-dns"}}}},
  "addressType": "IPv4", "endpoints": [{{"addresses": ["{ip}"], "conditions": {{"ready": true}}}}],
  "ports": [{{"name": "dns", "port": 53, "protocol": "UDP"}}, {{"name": "dns-tcp", "port": 53, "protocol": "TCP"}}]
}})";

Document filled(std::string_view text, const std::string& ip) {
  return parse_json(fmt::format(fmt::runtime(text), fmt::arg("ip", ip))).value();
}

class DnsService final : public client::Controller {
 public:
  explicit DnsService(DnsServiceOptions options)
      : service_(filled(kService, options.cluster_ip)),
        endpoints_(filled(kEndpoints, options.address)),
        slice_(filled(kSlice, options.address)) {}
  std::string_view name() const override { return kController; }

  // One key for all three.
  void keys_of(const Change& change, const View&, std::vector<std::string>& keys) const override {
    const Object& object = change.object;
    if (object.name != kObject || object.name_space != kNamespace) return;
    const client::Resource& r = object.resource;
    if (r.is("", "services") || r.is("", "endpoints") || r.is("discovery.k8s.io", "endpointslices")) keys.emplace_back(kObject);
  }
  void initial_keys(const View&, std::vector<std::string>& keys) const override { keys.emplace_back(kObject); }

  Plan step(const View& view, const std::string&, const client::StepContext&) const override {
    Plan plan;
    const auto services = view.find_resource("", "services"), endpoints = view.find_resource("", "endpoints"),
               slices = view.find_resource("discovery.k8s.io", "endpointslices");
    if (!services || !endpoints || !slices) return plan;
    const auto service = view.get(*services, kNamespace, kObject);
    if (service && (service->deleting() || (*service)["spec"]["selector"].size() > 0)) return plan;
    if (service && (*service)["spec"]["clusterIP"].as_string() != service_["spec"]["clusterIP"].as_string()) return plan;
    if (!service)
      plan.requests.push_back(client::create_request(*services, kNamespace, service_.root(), kController));
    else if (!equal((*service)["spec"]["ports"], service_["spec"]["ports"]))
      mend(*services, service_, plan);
    keep(view, *endpoints, endpoints_, {"subsets"}, plan);
    keep(view, *slices, slice_, {"endpoints", "ports"}, plan);
    return plan;
  }

 private:
  static void mend(const client::Resource& resource, const Document& wanted, Plan& plan) {
    plan.requests.push_back(client::apply_request(resource, kNamespace, kObject, wanted.root(), kController));
  }
  static void keep(const View& view, const client::Resource& resource, const Document& wanted,
                   std::initializer_list<std::string_view> parts, Plan& plan) {
    const auto there = view.get(resource, kNamespace, kObject);
    if (!there) {
      plan.requests.push_back(client::create_request(resource, kNamespace, wanted.root(), kController));
      return;
    }
    for (std::string_view part : parts) {
      if (!there->deleting() && !equal((*there)[part], wanted[part])) return mend(resource, wanted, plan);
    }
  }

  const Document service_, endpoints_, slice_;
};

}  // namespace

std::unique_ptr<client::Controller> make_dns_service(DnsServiceOptions options) {
  return std::make_unique<DnsService>(std::move(options));
}

}  // namespace plinth::network::dns
