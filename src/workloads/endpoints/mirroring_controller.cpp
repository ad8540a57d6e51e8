#include <map>

#include "workloads/common/keys.h"
#include "workloads/endpoints/backends.h"
#include "workloads/endpoints/endpoints.h"
#include "workloads/endpoints/slices.h"
#include "workloads/endpoints/subsets.h"

namespace plinth::workloads {
namespace {

using client::Object;
using client::Plan;
using client::View;

constexpr std::string_view kName = "endpointslicemirroring-controller";
constexpr std::string_view kManagedBy = "endpointslicemirroring-controller.k8s.io";
constexpr std::string_view kSkipLabel = "endpointslice.kubernetes.io/skip-mirror";
constexpr std::string_view kLeaderAnnotation = "control-plane.alpha.kubernetes.io/leader";
constexpr std::string_view kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";
constexpr std::size_t kAddressesMax = 1000;  // mirrored of one subset

bool is_mirrored(const Object& endpoints) {
  return endpoints.metadata()["labels"][kSkipLabel].as_string() != "true" &&
         endpoints.metadata()["annotations"].find(kLeaderAnnotation) == nullptr;
}

// Keys are Endpoints.
class EndpointMirroring final : public client::Controller {
 public:
  std::string_view name() const override { return kName; }

  void keys_of(const client::Change& change, const View&, std::vector<std::string>& keys) const override {
    const Object& object = change.object;
    if (object.resource.is("", "endpoints") || object.resource.is("", "services")) {
      keys.push_back(client::make_key(object.name_space, object.name));
    } else if (object.resource.is("discovery.k8s.io", "endpointslices")) {
      if (object.label(kManagedByLabel) == kManagedBy)
        keys.push_back(client::make_key(object.name_space, object.label(kServiceNameLabel)));
    }
  }

  void initial_keys(const View& view, std::vector<std::string>& keys) const override {
    add_all_keys(view, *view.find_resource("", "endpoints"), keys);
  }

  Plan step(const View& view, const std::string& key, const client::StepContext&) const override {
    Plan plan;
    const auto [name_space, name] = client::split_key(key);
    const auto slices = *view.find_resource("discovery.k8s.io", "endpointslices");
    const auto endpoints = view.get(*view.find_resource("", "endpoints"), name_space, name);
    const auto service = view.get(*view.find_resource("", "services"), name_space, name);
    SlicesByType existing = slices_of(view, slices, name_space, name, kManagedBy);
    const bool wanted = endpoints && !endpoints->deleting() && service && service->document["spec"]["selector"].size() == 0 &&
                        is_mirrored(*endpoints);
    Draft draft;
    for (const std::string_view type : {"IPv4", "IPv6"}) {
      if (!wanted) break;
      const auto found = existing.extract(std::string(type));
      const std::vector<Object> have = found.empty() ? std::vector<Object>() : std::move(found.mapped());
      SliceForm form{*endpoints, "Endpoints",   kName, type, labels(draft, *endpoints), annotations(draft, *endpoints),
                     "",         kAddressesMax, false};
      plan_slices(slices, have, groups(draft, *endpoints, type == "IPv6"), form, plan);
    }
    for (const auto& [type, left] : existing) {
      for (const Object& slice : left) plan.requests.push_back(client::delete_request(slice, "", /*same_revision=*/true));
    }
    return plan;
  }

 private:
  static Value labels(Draft& draft, const Object& endpoints) {
    Value out = draft.object();
    for (const Member& label : endpoints.metadata()["labels"].members()) draft.set(out, label.key(), label.value.as_string());
    draft.set(out, kServiceNameLabel, endpoints.name);
    draft.set(out, kManagedByLabel, kManagedBy);
    return out;
  }

  static Value annotations(Draft& draft, const Object& endpoints) {
    Value out = draft.object();
    for (const Member& mark : endpoints.metadata()["annotations"].members()) {
      if (mark.key() != kTriggerAnnotation && mark.key() != kLastApplied) draft.set(out, mark.key(), mark.value.as_string());
    }
    return out;
  }

  static std::vector<EndpointGroup> groups(Draft& draft, const Object& endpoints, bool v6) {
    std::vector<EndpointGroup> out;
    std::map<std::string, std::size_t> by_ports;
    for (const Value& subset : endpoints["subsets"].items()) {
      const Value ports = ports_of(draft, subset["ports"]);
      const auto [at, added] = by_ports.emplace(port_set_key(ports), out.size());
      if (added) out.push_back({ports, {}});
      for (const bool ready : {true, false}) {
        for (const Value& address : subset[ready ? "addresses" : "notReadyAddresses"].items()) {
          auto& group = out[at->second].endpoints;
          const auto ip = api::parse_ip(address["ip"].as_string());
          if (!ip || ip->v6 != v6 || group.size() == kAddressesMax) continue;
          const Value endpoint = endpoint_of(draft, address, ip->text(), ready);
          group.push_back({endpoint_key(endpoint), endpoint});
        }
      }
    }
    return out;
  }

  static Value ports_of(Draft& draft, const Value& ports) {
    Value out = draft.array();
    for (const Value& port : ports.items()) {
      Value made = draft.object();
      draft.set(made, "name", port["name"].as_string());
      draft.set(made, "port", port["port"]);
      draft.set(made, "protocol", port["protocol"].is_null() ? std::string_view("TCP") : port["protocol"].as_string());
      if (port["appProtocol"].is_string()) draft.set(made, "appProtocol", port["appProtocol"].as_string());
      draft.push(out, made);
    }
    return out;
  }

  static Value endpoint_of(Draft& draft, const Value& address, const std::string& ip, bool ready) {
    Value out = draft.object(8);
    Value list = draft.array();
    draft.push(list, draft.text(ip));
    draft.set(out, "addresses", list);
    Value conditions = draft.object();
    draft.set(conditions, "ready", Value::of(ready));
    draft.set(out, "conditions", conditions);
    if (address["hostname"].is_string()) draft.set(out, "hostname", address["hostname"].as_string());
    if (address["nodeName"].is_string()) draft.set(out, "nodeName", address["nodeName"].as_string());
    if (address["targetRef"].is_object()) draft.set(out, "targetRef", draft.clone(address["targetRef"]));
    return out;
  }
};

}  // namespace

std::unique_ptr<client::Controller> make_endpoint_mirroring() { return std::make_unique<EndpointMirroring>(); }

}  // namespace plinth::workloads
