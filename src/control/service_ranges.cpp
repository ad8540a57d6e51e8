#include "control/service_ranges.h"

#include <algorithm>

#include "api/address_range.h"
#include "base/time_text.h"

namespace plinth::control {
namespace {

using client::Change;
using client::Object;
using client::Plan;
using client::View;

constexpr std::string_view kName = "service-ranges-controller";
constexpr std::string_view kGroup = "networking.k8s.io";
constexpr std::string_view kFinalizer = "networking.k8s.io/service-cidr-finalizer";
constexpr std::string_view kReady = "Kubernetes Service CIDR is ready";
constexpr std::string_view kInUse =
    "There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR";

bool names_address(const Object& range, const api::IpAddress& address) {
  for (const Value& cidr : range["spec"]["cidrs"].items()) {
    const auto parsed = api::AddressRange::parse(cidr.as_string());
    if (parsed.ok() && parsed->contains(address)) return true;
  }
  return false;
}

Value ready_condition(const Object& range) {
  for (const Value& condition : range["status"]["conditions"].items()) {
    if (condition["type"].as_string() == "Ready") return condition;
  }
  return Value();
}

// Keys are names of ServiceCIDRs.
class ServiceRanges final : public client::Controller {
 public:
  std::string_view name() const override { return kName; }

  void keys_of(const Change& change, const View& view, std::vector<std::string>& keys) const override {
    const client::Resource& resource = change.object.resource;
    const bool range = resource.is(kGroup, "servicecidrs");
    if (range && !change.deleted) keys.push_back(change.object.name);
    if (range || (resource.is("", "services") && !change.created)) add(view, /*only_deleting=*/true, keys);
  }
  void initial_keys(const View& view, std::vector<std::string>& keys) const override {
    add(view, /*only_deleting=*/false, keys);
  }

  Plan step(const View& view, const std::string& key, const client::StepContext& context) const override {
    Plan plan;
    const auto range = view.get(*view.find_resource(kGroup, "servicecidrs"), "", key);
    if (!range) return plan;
    if (!range->deleting()) {
      if (!range->has_finalizer(kFinalizer))
        plan.requests.push_back(set_finalizers(*range, true));
      else if (ready_condition(*range)["status"].as_string() != "True")
        plan.requests.push_back(say(*range, "True", "", kReady, context));
    } else if (range->has_finalizer(kFinalizer)) {
      if (!is_needed(view, *range))
        plan.requests.push_back(set_finalizers(*range, false));
      else if (ready_condition(*range)["reason"].as_string() != "Terminating") {
        plan.requests.push_back(say(*range, "False", "Terminating", kInUse, context));
      }
    }
    return plan;
  }

 private:
  static void add(const View& view, bool only_deleting, std::vector<std::string>& keys) {
    view.list(*view.find_resource(kGroup, "servicecidrs"), "", [&](const Object& range) {
      if (!only_deleting || range.deleting()) keys.push_back(range.name);
      return true;
    });
  }

  // Whether some Service has an address that no other range names.
  static bool is_needed(const View& view, const Object& range) {
    std::vector<Object> others;
    view.list(*view.find_resource(kGroup, "servicecidrs"), "", [&](const Object& other) {
      if (other.name != range.name) others.push_back(other);
      return true;
    });
    bool needed = false;
    view.list(*view.find_resource("", "services"), "", [&](const Object& service) {
      for (const Value& ip : service["spec"]["clusterIPs"].items()) {
        const auto address = api::parse_ip(ip.as_string());
        if (!address || !names_address(range, *address)) continue;
        needed = std::none_of(others.begin(), others.end(), [&](const Object& o) { return names_address(o, *address); });
        if (needed) return false;
      }
      return true;
    });
    return needed;
  }

  static client::Request set_finalizers(const Object& range, bool with_ours) {
    Draft patch;
    Value& root = patch.root() = patch.object();
    Value list = patch.array();
    for (const Value& f : range.metadata()["finalizers"].items()) {
      if (f.as_string() != kFinalizer) patch.push(list, patch.clone(f));
    }
    if (with_ours) patch.push(list, Value::ref(kFinalizer));
    patch.set(patch.member_path(root, {"metadata"}), "finalizers", list);
    return client::merge_patch_request(range, "", std::move(patch), /*same_revision=*/true, kName);
  }

  static client::Request say(const Object& range, std::string_view status, std::string_view reason, std::string_view message,
                             const client::StepContext& context) {
    Draft patch;
    Value& root = patch.root() = patch.object();
    Value condition = patch.object();
    patch.set(condition, "type", "Ready");
    patch.set(condition, "status", status);
    patch.set(condition, "reason", reason);
    patch.set(condition, "message", message);
    patch.set(condition, "lastTransitionTime", format_rfc3339(TimeStamp{context.wall_ns / 1'000'000'000, 0}));
    Value conditions = patch.array();
    for (const Value& other : range["status"]["conditions"].items()) {
      if (other["type"].as_string() != "Ready") patch.push(conditions, patch.clone(other));
    }
    patch.push(conditions, condition);
    patch.set(patch.member_path(root, {"status"}), "conditions", conditions);
    return client::merge_patch_request(range, "status", std::move(patch), /*same_revision=*/true, kName);
  }
};

constexpr std::string_view kFamilyLabel = "ipaddress.kubernetes.io/ip-family";
constexpr std::string_view kManagerLabel = "ipaddress.kubernetes.io/managed-by";
constexpr std::string_view kManager = "ipallocator.k8s.io";

std::vector<std::string> addresses_of(const Object& service) {
  std::vector<std::string> out;
  for (const Value& ip : service["spec"]["clusterIPs"].items()) {
    if (const auto address = api::parse_ip(ip.as_string())) out.push_back(address->text());
  }
  return out;
}

// Keys are "service/NAMESPACE/NAME" and "address/IP".
class IpAddresses final : public client::Controller {
 public:
  std::string_view name() const override { return kName; }

  void keys_of(const Change& change, const View&, std::vector<std::string>& keys) const override {
    const Object& object = change.object;
    if (object.resource.is("", "services")) {
      if (!change.deleted) keys.push_back("service/" + client::make_key(object.name_space, object.name));
      for (const std::string& address : addresses_of(object)) keys.push_back("address/" + address);
    } else if (object.resource.is(kGroup, "ipaddresses")) {
      keys.push_back("address/" + object.name);
      const Value parent = object["spec"]["parentRef"];
      if (is_ours(object))
        keys.push_back("service/" + client::make_key(parent["namespace"].as_string(), parent["name"].as_string()));
    }
  }

  void initial_keys(const View& view, std::vector<std::string>& keys) const override {
    view.list(*view.find_resource("", "services"), "", [&](const Object& service) {
      keys.push_back("service/" + client::make_key(service.name_space, service.name));
      return true;
    });
    view.list(*view.find_resource(kGroup, "ipaddresses"), "", [&](const Object& address) {
      keys.push_back("address/" + address.name);
      return true;
    });
  }

  Plan step(const View& view, const std::string& key, const client::StepContext&) const override {
    const auto [what, rest] = client::split_key(key);
    return what == "service" ? service_step(view, rest) : address_step(view, rest);
  }

 private:
  static bool is_ours(const Object& address) { return address.metadata()["labels"][kManagerLabel].as_string() == kManager; }

  static Plan service_step(const View& view, std::string_view key) {
    Plan plan;
    const auto [name_space, name] = client::split_key(key);
    const auto service = view.get(*view.find_resource("", "services"), name_space, name);
    if (!service) return plan;
    const client::Resource addresses = *view.find_resource(kGroup, "ipaddresses");
    for (const std::string& address : addresses_of(*service)) {
      if (!view.get(addresses, "", address)) plan.requests.push_back(create(addresses, address, *service));
    }
    return plan;
  }

  // What no Service has (any more), or another one than it says.
  static Plan address_step(const View& view, std::string_view ip) {
    Plan plan;
    const auto address = view.get(*view.find_resource(kGroup, "ipaddresses"), "", ip);
    if (!address || address->deleting() || !is_ours(*address)) return plan;
    const Value parent = (*address)["spec"]["parentRef"];
    const auto service =
        view.get(*view.find_resource("", "services"), parent["namespace"].as_string(), parent["name"].as_string());
    if (service) {
      for (const std::string& held : addresses_of(*service)) {
        if (held == ip) return plan;
      }
    }
    plan.requests.push_back(client::delete_request(*address, "", /*same_revision=*/true));
    return plan;
  }

  static client::Request create(const client::Resource& addresses, const std::string& address, const Object& service) {
    Draft draft;
    Value& root = draft.root() = draft.object();
    draft.set(root, "apiVersion", "networking.k8s.io/v1");
    draft.set(root, "kind", "IPAddress");
    Value& metadata = draft.member_path(root, {"metadata"});
    draft.set(metadata, "name", address);
    Value& labels = draft.member_path(metadata, {"labels"});
    draft.set(labels, kFamilyLabel, api::parse_ip(address)->v6 ? "IPv6" : "IPv4");
    draft.set(labels, kManagerLabel, kManager);
    Value& parent = draft.member_path(root, {"spec", "parentRef"});
    draft.set(parent, "group", "");
    draft.set(parent, "resource", "services");
    draft.set(parent, "namespace", service.name_space);
    draft.set(parent, "name", service.name);
    return client::create_request(addresses, "", root, kName);
  }
};

}  // namespace

std::unique_ptr<client::Controller> make_service_ranges() { return std::make_unique<ServiceRanges>(); }
std::unique_ptr<client::Controller> make_ip_addresses() { return std::make_unique<IpAddresses>(); }

}  // namespace plinth::control
