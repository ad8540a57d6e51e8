#include "network/balancer/balancer_controller.h"

#include <algorithm>

#include <fmt/format.h>

#include "client/events.h"

namespace plinth::network {
namespace {

using client::Change;
using client::Object;
using client::Plan;
using client::View;

constexpr std::string_view kController = "service-controller";
constexpr std::string_view kExcluded = "node.kubernetes.io/exclude-from-external-load-balancers";

bool is_ours(const Object& service) {
  const Value spec = service["spec"];
  return spec["type"].as_string() == "LoadBalancer" && spec["loadBalancerClass"].as_string().empty();
}

// The internal addresses of IPv4 of all nodes that take such traffic.
std::vector<std::string> node_addresses(const View& view) {
  std::vector<std::string> out;
  const auto nodes = view.find_resource("", "nodes");
  if (!nodes) return out;
  view.list(*nodes, "", [&](const Object& node) {
    if (node.deleting() || node.metadata()["labels"].find(kExcluded) != nullptr) return true;
    for (const Value& address : node["status"]["addresses"].items()) {
      const std::string_view text = address["address"].as_string();
      if (address["type"].as_string() == "InternalIP" && text.find(':') == std::string_view::npos) out.emplace_back(text);
    }
    return true;
  });
  std::sort(out.begin(), out.end());
  return out;
}

std::string port_key(const Value& port) { return fmt::format("{}/{}", port["protocol"].as_string(), port["port"].as_int()); }

bool is_older(const Object& a, const Object& b) {
  const std::string_view at = a.metadata()["creationTimestamp"].as_string(),
                         other = b.metadata()["creationTimestamp"].as_string();
  return at != other ? at < other : std::tie(a.name_space, a.name) < std::tie(b.name_space, b.name);
}

class BalancerController final : public client::Controller {
 public:
  explicit BalancerController(BalancerOptions options) : options_(std::move(options)) {}
  std::string_view name() const override { return kController; }

  // A port that becomes free, and an address, may be for any of them.
  void keys_of(const Change& change, const View& view, std::vector<std::string>& keys) const override {
    const Object& object = change.object;
    if (object.resource.is("", "nodes")) return initial_keys(view, keys);
    if (!object.resource.is("", "services")) return;
    if (!change.deleted) keys.push_back(client::make_key(object.name_space, object.name));
    if (is_ours(object) || object["status"]["loadBalancer"]["ingress"].size() > 0) initial_keys(view, keys);
  }
  void initial_keys(const View& view, std::vector<std::string>& keys) const override {
    const auto services = view.find_resource("", "services");
    if (!services) return;
    view.list(*services, "", [&](const Object& one) {
      if (is_ours(one)) keys.push_back(client::make_key(one.name_space, one.name));
      return true;
    });
  }

  Plan step(const View& view, const std::string& key, const client::StepContext& context) const override {
    Plan plan;
    const auto [name_space, service_name] = client::split_key(key);
    const auto services = view.find_resource("", "services");
    const auto service = services ? view.get(*services, name_space, service_name) : std::nullopt;
    if (!service || service->deleting()) return plan;
    if ((*service)["spec"]["type"].as_string() != "LoadBalancer") {
      if ((*service)["status"]["loadBalancer"]["ingress"].size() > 0) write(*service, {}, plan);
      return plan;
    }
    if (!is_ours(*service)) return plan;
    std::vector<std::string> addresses = node_addresses(view);
    const std::string trouble = trouble_of(view, *services, *service, addresses);
    client::EventRecorder events(view, kController, context.wall_ns, plan);
    if (!trouble.empty()) {
      addresses.clear();
      events.warning_once(*service, "SyncLoadBalancerFailed", "Error syncing load balancer: " + trouble);
    }
    if (write(*service, addresses, plan) && !addresses.empty())
      events.normal(*service, "EnsuredLoadBalancer", "Ensured load balancer");
    return plan;
  }

 private:
  // Why it stays pending; `addresses` becomes what it asked for.
  std::string trouble_of(const View& view, const client::Resource& services, const Object& service,
                         std::vector<std::string>& addresses) const {
    if (addresses.empty()) return "no node has an address for it";
    if (const std::string asked(service["spec"]["loadBalancerIP"].as_string()); !asked.empty()) {
      if (std::find(addresses.begin(), addresses.end(), asked) == addresses.end())
        return fmt::format("spec.loadBalancerIP: {} is no node's address", asked);
      addresses = {asked};
    }
    for (const Value& port : service["spec"]["ports"].items()) {
      const auto taken = options_.taken.find(port_key(port));
      if (taken != options_.taken.end()) return fmt::format("port {} of the node belongs to {}", taken->first, taken->second);
    }
    std::string found;
    view.list(services, "", [&](const Object& other) {
      if (other.uid == service.uid || other.deleting() || !is_ours(other) || !is_older(other, service)) return true;
      for (const Value& port : service["spec"]["ports"].items()) {
        for (const Value& theirs : other["spec"]["ports"].items()) {
          if (port_key(port) == port_key(theirs))
            found = fmt::format("port {} of the node belongs to Service {}/{}", port_key(port), other.name_space, other.name);
        }
      }
      return found.empty();
    });
    return found;
  }

  // True when the status was another one.
  static bool write(const Object& service, const std::vector<std::string>& addresses, Plan& plan) {
    Draft patch;
    Value& balancer = patch.member_path(patch.root(), {"status", "loadBalancer"});
    Value list = patch.array();
    for (const std::string& address : addresses) {
      Value entry = patch.object();
      patch.set(entry, "ip", address);
      patch.set(entry, "ipMode", "VIP");
      patch.push(list, entry);
    }
    const Value there = service["status"]["loadBalancer"]["ingress"];
    if (addresses.empty() ? there.size() == 0 : equal(there, list)) return false;
    patch.set(balancer, "ingress", addresses.empty() ? Value() : list);
    plan.requests.push_back(client::merge_patch_request(service, "status", std::move(patch), false, kController));
    return true;
  }

  const BalancerOptions options_;
};

}  // namespace

std::unique_ptr<client::Controller> make_balancer_controller(BalancerOptions options) {
  return std::make_unique<BalancerController>(std::move(options));
}

}  // namespace plinth::network
