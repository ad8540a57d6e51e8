#include "node/agent/admission.h"

#include <set>

#include <fmt/format.h>

#include "api/resource_amounts.h"

namespace plinth::node {
namespace {

Verdict refuse(std::string reason, std::string message) { return {std::move(reason), "Pod was rejected: " + message, 0}; }

std::set<std::string> host_ports(const Pod& pod) {
  std::set<std::string> out;
  for (const PodContainer& container : pod.containers) {
    for (const Value& port : container.spec["ports"].items()) {
      const std::int64_t number = port["hostPort"].as_int();
      if (number == 0) continue;
      const std::string_view ip = port["hostIP"].as_string(), protocol = port["protocol"].as_string();
      out.insert(fmt::format("{}/{}/{}", number, protocol.empty() ? "TCP" : protocol, ip == "0.0.0.0" ? "" : ip));
    }
  }
  return out;
}

std::int64_t amount(const api::ResourceAmounts& list, const std::string& name) {
  const auto it = list.find(name);
  return it == list.end() ? 0 : name == "cpu" ? it->second.milli_value() : it->second.value();
}

}  // namespace

std::optional<Verdict> check_admission(const Pod& pod, const std::vector<std::shared_ptr<const Pod>>& others,
                                       const api::ResourceAmounts& allocatable, const Value& node_labels) {
  for (const Member& m : pod.spec()["nodeSelector"].members()) {
    if (node_labels[m.key()].as_string() != m.value.as_string())
      return refuse("NodeAffinity", "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector");
  }
  const std::int64_t pods_max = amount(allocatable, "pods");
  if (pods_max > 0 && static_cast<std::int64_t>(others.size()) >= pods_max)
    return refuse("OutOfpods", fmt::format("Node didn't have enough resource: pods, requested: 1, used: {}, capacity: {}",
                                           others.size(), pods_max));
  const std::set<std::string> ports = host_ports(pod);
  for (const auto& other : others) {
    if (ports.empty()) break;
    for (const std::string& port : host_ports(*other)) {
      if (ports.count(port) > 0)
        return refuse("NodePorts", "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports");
    }
  }
  auto needs = api::pod_needs(pod.document.root());
  if (!needs.ok()) return refuse("UnexpectedAdmissionError", needs.error().message());
  for (const auto& [name, quantity] : needs->requests) {
    const std::int64_t wanted = amount(needs->requests, name);
    if (wanted <= 0 || (allocatable.count(name) == 0 && name.find('/') == std::string::npos)) continue;
    std::int64_t used = 0;
    for (const auto& other : others) {
      if (auto theirs = api::pod_needs(other->document.root()); theirs.ok()) used += amount(theirs->requests, name);
    }
    const std::int64_t capacity = amount(allocatable, name);
    if (used + wanted > capacity) {
      return refuse("OutOf" + name, fmt::format("Node didn't have enough resource: {}, requested: {}, used: {}, capacity: {}",
                                                name, wanted, used, capacity));
    }
  }
  return std::nullopt;
}

}  // namespace plinth::node
