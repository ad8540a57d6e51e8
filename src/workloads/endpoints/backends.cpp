#include "workloads/endpoints/backends.h"

#include "api/label_selector.h"
#include "base/time_text.h"
#include "workloads/common/pod_state.h"

namespace plinth::workloads {
namespace {

bool has_address(const Value& pod) { return !pod["status"]["podIP"].as_string().empty() || pod["status"]["podIPs"].size() > 0; }

// Restartable init containers have ports too.
std::optional<std::int64_t> named_port(const Value& pod, std::string_view name, std::string_view protocol) {
  for (const std::string_view list : {"containers", "initContainers"}) {
    for (const Value& container : pod["spec"][list].items()) {
      if (list == "initContainers" && container["restartPolicy"].as_string() != "Always") continue;
      for (const Value& port : container["ports"].items()) {
        const std::string_view its = port["protocol"].is_null() ? std::string_view("TCP") : port["protocol"].as_string();
        if (port["name"].as_string() == name && its == protocol) return port["containerPort"].as_int();
      }
    }
  }
  return std::nullopt;
}

}  // namespace

bool has_selector(const client::Object& service) {
  return service["spec"]["type"].as_string() != "ExternalName" && service["spec"]["selector"].size() > 0;
}

bool is_headless(const client::Object& service) {
  const std::string_view address = service["spec"]["clusterIP"].as_string();
  return address.empty() || address == "None";
}

std::vector<client::Object> backends(const client::View& view, const client::Object& service, bool terminating_too) {
  std::vector<client::Object> out;
  const auto selector = api::LabelSelector::from_map(service["spec"]["selector"]);
  view.list_where(*view.find_resource("", "pods"), service.name_space, {&selector}, [&](const client::Object& pod) {
    if (is_terminal(pod.document.root())) return true;
    if (!has_address(pod.document.root()) || (!terminating_too && pod.deleting())) return true;
    out.push_back(pod);
    return true;
  });
  return out;
}

std::optional<std::int64_t> target_port(const Value& pod, const Value& service_port) {
  const Value target = service_port["targetPort"];
  if (target.is_string()) return named_port(pod, target.as_string(), service_port["protocol"].as_string());
  return target.as_int() != 0 ? target.as_int() : service_port["port"].as_int();
}

std::vector<std::string> addresses(const Value& pod, bool v6) {
  std::vector<std::string> out;
  auto take = [&](std::string_view text) {
    const auto address = api::parse_ip(text);
    if (address && address->v6 == v6) out.push_back(address->text());
  };
  const Value list = pod["status"]["podIPs"];
  for (const Value& entry : list.items()) take(entry["ip"].as_string());
  if (list.size() == 0) take(pod["status"]["podIP"].as_string());
  return out;
}

bool has_own_name(const Value& pod, const client::Object& service) {
  return !pod["spec"]["hostname"].as_string().empty() && pod["spec"]["subdomain"].as_string() == service.name &&
         pod["metadata"]["namespace"].as_string() == service.name_space;
}

std::string trigger_time(const client::Object& service, const std::vector<client::Object>& pods, std::string_view known) {
  if (known.empty()) return std::string(service.metadata()["creationTimestamp"].as_string());
  const auto before = parse_rfc3339(known);
  std::optional<TimeStamp> earliest;
  for (const client::Object& pod : pods) {
    const auto at = parse_rfc3339(condition_of(pod.document.root(), "Ready")["lastTransitionTime"].as_string());
    if (at && (!before || *at > *before) && (!earliest || *at < *earliest)) earliest = at;
  }
  return earliest ? format_rfc3339_nano(*earliest) : std::string();
}

std::string endpoint_digest(const client::Object& pod) {
  const Value root = pod.document.root();
  std::string out;
  for (const Value& entry : root["status"]["podIPs"].items()) out += std::string(entry["ip"].as_string()) + ",";
  out += root["status"]["podIP"].as_string();
  out += is_ready(root) ? "+r" : "-r";
  out += is_terminal(root) ? "+t" : "-t";
  out += pod.deleting() ? "+d" : "-d";
  out += root["spec"]["nodeName"].as_string();
  return out;
}

}  // namespace plinth::workloads
