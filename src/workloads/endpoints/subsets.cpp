#include "workloads/endpoints/subsets.h"

#include <algorithm>
#include <map>
#include <string>

#include "base/json.h"

namespace plinth::workloads {
namespace {

std::string port_text(const Value& port) {
  if (port.is_null()) return "";
  return std::string(port["name"].as_string()) + "/" + std::to_string(port["port"].as_int()) + "/" +
         std::string(port["protocol"].as_string());
}

std::string address_text(const Value& address) {
  return std::string(address["ip"].as_string()) + "/" + std::string(address["targetRef"]["uid"].as_string());
}

using ByText = std::map<std::string, Value>;

// What becomes one subset.
struct Subset {
  ByText ports, ready, not_ready;
};

Value list(Draft& draft, const ByText& values) {
  Value out = draft.array(values.size());
  for (const auto& [text, value] : values) draft.push(out, draft.clone(value));
  return out;
}

std::map<std::string, Subset> by_port_set(const std::vector<SubsetEntry>& entries) {
  struct Address {
    Value value;
    bool ready = false;
    ByText ports;
  };
  std::map<std::string, Address> addresses;
  for (const SubsetEntry& entry : entries) {
    Address& address = addresses[address_text(entry.address) + (entry.ready ? "+" : "-")];
    address.value = entry.address;
    address.ready = entry.ready;
    if (!entry.port.is_null()) address.ports.emplace(port_text(entry.port), entry.port);
  }
  std::map<std::string, Subset> out;
  for (const auto& [text, address] : addresses) {
    std::string key;
    for (const auto& [port, value] : address.ports) key += port + ";";
    Subset& subset = out[key];
    subset.ports = address.ports;
    (address.ready ? subset.ready : subset.not_ready).emplace(text, address.value);
  }
  return out;
}

void keep(ByText& values, std::size_t& room, bool& truncated) {
  while (values.size() > room) {
    values.erase(std::prev(values.end()));
    truncated = true;
  }
  room -= values.size();
}

}  // namespace

Value pack_subsets(Draft& draft, const std::vector<SubsetEntry>& entries, std::size_t addresses_max, bool& truncated) {
  std::map<std::string, Subset> subsets = by_port_set(entries);
  truncated = false;
  std::size_t room = addresses_max;
  for (auto& [key, subset] : subsets) keep(subset.ready, room, truncated);
  for (auto& [key, subset] : subsets) keep(subset.not_ready, room, truncated);
  Value out = draft.array();
  for (const auto& [key, subset] : subsets) {
    if (subset.ready.empty() && subset.not_ready.empty()) continue;
    Value made = draft.object();
    if (!subset.ready.empty()) draft.set(made, "addresses", list(draft, subset.ready));
    if (!subset.not_ready.empty()) draft.set(made, "notReadyAddresses", list(draft, subset.not_ready));
    if (!subset.ports.empty()) draft.set(made, "ports", list(draft, subset.ports));
    draft.push(out, made);
  }
  return out;
}

}  // namespace plinth::workloads
