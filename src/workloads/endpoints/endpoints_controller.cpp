#include "workloads/common/pod_state.h"
#include "workloads/endpoints/backends.h"
#include "workloads/endpoints/endpoints.h"
#include "workloads/endpoints/service_keys.h"
#include "workloads/endpoints/subsets.h"

namespace plinth::workloads {
namespace {

using client::Object;
using client::Plan;
using client::View;

constexpr std::string_view kName = "endpoint-controller";
constexpr std::string_view kManagedBy = "endpoints.kubernetes.io/managed-by";
constexpr std::string_view kOverCapacity = "endpoints.kubernetes.io/over-capacity";
constexpr std::size_t kAddressesMax = 1000;

// Keys are Services.
class Endpoints final : public client::Controller {
 public:
  std::string_view name() const override { return kName; }

  void keys_of(const client::Change& change, const View& view, std::vector<std::string>& keys) const override {
    const Object& object = change.object;
    if (object.resource.is("", "endpoints") || (object.resource.is("", "services") && change.deleted))
      keys.push_back(client::make_key(object.name_space, object.name));
    if (!object.resource.is("", "endpoints")) keys_.take(change, view, keys);
  }

  void initial_keys(const View& view, std::vector<std::string>& keys) const override {
    keys_.all(view, keys);
    // Of Services that went meanwhile.
    view.list(*view.find_resource("", "endpoints"), "", [&](const Object& endpoints) {
      if (is_ours(endpoints)) keys.push_back(client::make_key(endpoints.name_space, endpoints.name));
      return true;
    });
  }

  Plan step(const View& view, const std::string& key, const client::StepContext&) const override {
    Plan plan;
    const auto [name_space, name] = client::split_key(key);
    const auto resource = *view.find_resource("", "endpoints");
    const auto service = view.get(*view.find_resource("", "services"), name_space, name);
    const auto current = view.get(resource, name_space, name);
    if (!service) {
      // Nobody owns Endpoints: they share nothing with their Service but the name.
      if (current && !current->deleting() && is_ours(*current)) {
        plan.requests.push_back(client::check_absent(*view.find_resource("", "services"), name_space, name, ""));
        plan.requests.push_back(client::delete_request(*current, "", /*same_revision=*/true));
      }
      return plan;
    }
    if (service->deleting() || !has_selector(*service) || (current && current->deleting())) return plan;
    plan_update(resource, *service, backends(view, *service, (*service)["spec"]["publishNotReadyAddresses"].as_bool()), current,
                plan);
    return plan;
  }

 private:
  static bool is_ours(const Object& endpoints) { return endpoints.metadata()["labels"][kManagedBy].as_string() == kName; }

  static void plan_update(const client::Resource& resource, const Object& service, const std::vector<Object>& pods,
                          const std::optional<Object>& current, Plan& plan) {
    Draft draft = current ? Draft(current->document) : Draft();
    if (!current) draft.root() = draft.object();
    bool truncated = false;
    const Value subsets = pack_subsets(draft, entries(draft, service, pods), kAddressesMax, truncated);
    const Value labels = wanted_labels(draft, service);
    if (current && equal(own((*current)["subsets"]), subsets) && equal((*current).metadata()["labels"], labels) &&
        ((*current).metadata()["annotations"].find(kOverCapacity) != nullptr) == truncated)
      return;
    const std::string_view known =
        current ? (*current).metadata()["annotations"][kTriggerAnnotation].as_string() : std::string_view();
    const std::string trigger =
        trigger_time(service, pods, current && known.empty() ? (*current).metadata()["creationTimestamp"].as_string() : known);
    Value& metadata = draft.member(draft.root(), "metadata");
    draft.set(metadata, "labels", labels);
    Value& annotations = draft.member(metadata, "annotations");
    if (!annotations.is_object()) annotations = draft.object();
    draft.remove(annotations, kTriggerAnnotation);
    draft.remove(annotations, kOverCapacity);
    if (!trigger.empty()) draft.set(annotations, kTriggerAnnotation, trigger);
    if (truncated) draft.set(annotations, kOverCapacity, "truncated");
    draft.set(draft.root(), "subsets", subsets);
    if (current) {
      plan.requests.push_back(client::update_request(*current, "", draft.root(), kName));
      return;
    }
    draft.set(draft.root(), "apiVersion", "v1");
    draft.set(draft.root(), "kind", "Endpoints");
    draft.set(draft.member(draft.root(), "metadata"), "name", service.name);
    plan.requests.push_back(client::create_request(resource, service.name_space, draft.root(), kName));
  }

  static Value own(const Value& subsets) { return subsets.is_null() ? Value::empty_array() : subsets; }

  static Value wanted_labels(Draft& draft, const Object& service) {
    Value out = draft.object();
    for (const Member& label : service.metadata()["labels"].members()) {
      if (label.key() != kHeadlessLabel && label.key() != kManagedBy) draft.set(out, label.key(), label.value.as_string());
    }
    if (is_headless(service)) draft.set(out, kHeadlessLabel, "");
    draft.set(out, kManagedBy, kName);
    return out;
  }

  static std::vector<SubsetEntry> entries(Draft& draft, const Object& service, const std::vector<Object>& pods) {
    std::vector<SubsetEntry> out;
    const Value families = service["spec"]["ipFamilies"];
    const bool v6 = families.size() > 0 && families.items()[0].as_string() == "IPv6";
    const Value service_ports = service["spec"]["ports"];
    for (const Object& pod : pods) {
      const auto ips = addresses(pod.document.root(), v6);
      if (ips.empty()) continue;
      const Value address = address_of(draft, service, pod, ips.front());
      const bool ready = service["spec"]["publishNotReadyAddresses"].as_bool() || is_ready(pod.document.root());
      if (service_ports.size() == 0 && is_headless(service)) out.push_back({address, Value(), ready});
      for (const Value& port : service_ports.items()) {
        const auto number = target_port(pod.document.root(), port);
        if (number) out.push_back({address, port_of(draft, port, *number), ready});
      }
    }
    return out;
  }

  static Value address_of(Draft& draft, const Object& service, const Object& pod, const std::string& ip) {
    Value out = draft.object();
    draft.set(out, "ip", ip);
    if (has_own_name(pod.document.root(), service)) draft.set(out, "hostname", pod["spec"]["hostname"].as_string());
    if (const std::string_view node = pod["spec"]["nodeName"].as_string(); !node.empty()) draft.set(out, "nodeName", node);
    Value target = draft.object();
    draft.set(target, "kind", "Pod");
    draft.set(target, "namespace", pod.name_space);
    draft.set(target, "name", pod.name);
    draft.set(target, "uid", pod.uid);
    draft.set(out, "targetRef", target);
    return out;
  }

  static Value port_of(Draft& draft, const Value& service_port, std::int64_t number) {
    Value out = draft.object();
    if (const std::string_view name = service_port["name"].as_string(); !name.empty()) draft.set(out, "name", name);
    draft.set(out, "port", Value::of(number));
    draft.set(out, "protocol", service_port["protocol"].as_string());
    if (service_port["appProtocol"].is_string()) draft.set(out, "appProtocol", service_port["appProtocol"].as_string());
    return out;
  }

  mutable ServiceKeys keys_;
};

}  // namespace

std::unique_ptr<client::Controller> make_endpoints() { return std::make_unique<Endpoints>(); }

}  // namespace plinth::workloads
