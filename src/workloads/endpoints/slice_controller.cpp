#include <map>

#include "workloads/common/pod_state.h"
#include "workloads/endpoints/backends.h"
#include "workloads/endpoints/endpoints.h"
#include "workloads/endpoints/service_keys.h"
#include "workloads/endpoints/slices.h"

namespace plinth::workloads {
namespace {

using client::Object;
using client::Plan;
using client::View;

constexpr std::string_view kName = "endpointslice-controller";
constexpr std::string_view kManagedBy = "endpointslice-controller.k8s.io";
constexpr std::string_view kZoneLabel = "topology.kubernetes.io/zone";

bool is_reserved(std::string_view label) {
  return label == kServiceNameLabel || label == kManagedByLabel || label == kHeadlessLabel;
}

// Keys are Services.
class EndpointSlices final : public client::Controller {
 public:
  std::string_view name() const override { return kName; }

  void keys_of(const client::Change& change, const View& view, std::vector<std::string>& keys) const override {
    const Object& object = change.object;
    if (!object.resource.is("discovery.k8s.io", "endpointslices")) return keys_.take(change, view, keys);
    if (object.label(kManagedByLabel) == kManagedBy)
      keys.push_back(client::make_key(object.name_space, object.label(kServiceNameLabel)));
  }

  void initial_keys(const View& view, std::vector<std::string>& keys) const override { keys_.all(view, keys); }

  Plan step(const View& view, const std::string& key, const client::StepContext&) const override {
    Plan plan;
    const auto [name_space, name] = client::split_key(key);
    const auto service = view.get(*view.find_resource("", "services"), name_space, name);
    if (!service || service->deleting() || !has_selector(*service)) return plan;
    const auto slices = view.find_resource("discovery.k8s.io", "endpointslices");
    SlicesByType existing = slices_of(view, *slices, name_space, name, kManagedBy);
    const std::vector<Object> pods = backends(view, *service, /*terminating_too=*/true);
    Draft draft;
    const Value labels = wanted_labels(draft, *service);
    for (const Value& family : (*service)["spec"]["ipFamilies"].items()) {
      const auto found = existing.extract(std::string(family.as_string()));
      const std::vector<Object> have = found.empty() ? std::vector<Object>() : std::move(found.mapped());
      const SliceForm form{
          *service, "Service", kName, family.as_string(), labels, Value(), trigger_time(*service, pods, known_trigger(have))};
      plan_slices(*slices, have, groups(view, draft, *service, pods, family.as_string() == "IPv6"), form, plan);
    }
    for (const auto& [family, left] : existing) {
      for (const Object& slice : left) plan.requests.push_back(client::delete_request(slice, "", /*same_revision=*/true));
    }
    return plan;
  }

 private:
  static Value wanted_labels(Draft& draft, const Object& service) {
    Value out = draft.object();
    for (const Member& label : service.metadata()["labels"].members()) {
      if (!is_reserved(label.key())) draft.set(out, label.key(), label.value.as_string());
    }
    if (is_headless(service)) draft.set(out, kHeadlessLabel, "");
    draft.set(out, kServiceNameLabel, service.name);
    draft.set(out, kManagedByLabel, kManagedBy);
    return out;
  }

  // The newest that any slice tells.
  static std::string known_trigger(const std::vector<Object>& slices) {
    std::string out;
    for (const Object& slice : slices) {
      const std::string_view told = slice.metadata()["annotations"][kTriggerAnnotation].as_string();
      const std::string_view known = told.empty() ? slice.metadata()["creationTimestamp"].as_string() : told;
      out = std::max(out, std::string(known));
    }
    return out;
  }

  // Pods by the ports they answer on: a named port can be another number on each of them.
  static std::vector<EndpointGroup> groups(const View& view, Draft& draft, const Object& service,
                                           const std::vector<Object>& pods, bool v6) {
    std::vector<EndpointGroup> out;
    std::map<std::string, std::size_t> by_ports;
    for (const Object& pod : pods) {
      const std::string_view node_name = pod["spec"]["nodeName"].as_string();
      const auto node = view.get(*view.find_resource("", "nodes"), "", node_name);
      if (!node && !service["spec"]["publishNotReadyAddresses"].as_bool()) continue;
      const Value endpoint =
          endpoint_of(draft, service, pod, node ? node->metadata()["labels"][kZoneLabel].as_string() : "", v6);
      if (endpoint["addresses"].size() == 0) continue;
      const Value ports = ports_of(draft, service, pod.document.root());
      const auto [at, added] = by_ports.emplace(port_set_key(ports), out.size());
      if (added) out.push_back({ports, {}});
      out[at->second].endpoints.push_back({endpoint_key(endpoint), endpoint});
    }
    return out;
  }

  static Value ports_of(Draft& draft, const Object& service, const Value& pod) {
    Value out = draft.array();
    for (const Value& port : service["spec"]["ports"].items()) {
      const auto number = target_port(pod, port);
      if (!number) continue;
      Value made = draft.object();
      draft.set(made, "name", port["name"].as_string());
      draft.set(made, "port", Value::of(*number));
      draft.set(made, "protocol", port["protocol"].as_string());
      if (port["appProtocol"].is_string()) draft.set(made, "appProtocol", port["appProtocol"].as_string());
      draft.push(out, made);
    }
    return out;
  }

  static Value endpoint_of(Draft& draft, const Object& service, const Object& pod, std::string_view zone, bool v6) {
    const Value root = pod.document.root();
    const bool serving = is_ready(root), terminating = pod.deleting();
    Value out = draft.object(8);
    Value list = draft.array();
    for (const std::string& address : addresses(root, v6)) draft.push(list, draft.text(address));
    draft.set(out, "addresses", list);
    Value conditions = draft.object();
    // Never true while it is going, except where not being ready does not matter.
    draft.set(conditions, "ready",
              Value::of(service["spec"]["publishNotReadyAddresses"].as_bool() || (serving && !terminating)));
    draft.set(conditions, "serving", Value::of(serving));
    draft.set(conditions, "terminating", Value::of(terminating));
    draft.set(out, "conditions", conditions);
    if (has_own_name(root, service)) draft.set(out, "hostname", root["spec"]["hostname"].as_string());
    draft.set(out, "targetRef", target_reference(draft, pod));
    if (const std::string_view node = root["spec"]["nodeName"].as_string(); !node.empty()) draft.set(out, "nodeName", node);
    if (!zone.empty()) draft.set(out, "zone", zone);
    return out;
  }

  static Value target_reference(Draft& draft, const Object& pod) {
    Value out = draft.object();
    draft.set(out, "kind", "Pod");
    draft.set(out, "namespace", pod.name_space);
    draft.set(out, "name", pod.name);
    draft.set(out, "uid", pod.uid);
    return out;
  }

  mutable ServiceKeys keys_;
};

}  // namespace

std::unique_ptr<client::Controller> make_endpoint_slices() { return std::make_unique<EndpointSlices>(); }

}  // namespace plinth::workloads
