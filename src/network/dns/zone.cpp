#include "network/dns/zone.h"

#include <algorithm>

#include "base/text.h"

namespace plinth::network::dns {
namespace {

Type address_type(const std::string& ip) { return ip.find(':') == std::string::npos ? Type::kA : Type::kAaaa; }

// The label of an endpoint that has no name of its own.
std::string address_label(std::string ip) {
  std::replace(ip.begin(), ip.end(), '.', '-');
  std::replace(ip.begin(), ip.end(), ':', '-');
  return ip;
}

// The address of "10-0-0-1"; "" when it is none.
std::string label_address(std::string_view label) {
  for (const char separator : {'.', ':'}) {
    std::string text(label);
    std::replace(text.begin(), text.end(), '-', separator);
    if (!address_data(text).empty()) return text;
  }
  return "";
}

}  // namespace

std::string reverse_name(const std::string& ip) {
  const std::string bytes = address_data(ip);
  std::string out;
  if (bytes.size() == 4) {
    for (std::size_t i = 4; i-- > 0;) out += std::to_string(static_cast<unsigned char>(bytes[i])) + ".";
    return out + "in-addr.arpa";
  }
  constexpr char kDigits[] = "0123456789abcdef";
  for (std::size_t i = bytes.size(); i-- > 0;) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    out += {kDigits[byte & 15], '.', kDigits[byte >> 4], '.'};
  }
  return out + "ip6.arpa";
}

Zone::Zone(const ServiceTable& services, std::string domain) : domain_(std::move(domain)) {
  records_[domain_];
  records_["svc." + domain_];
  records_["pod." + domain_];
  add("ns.dns." + domain_, Type::kA, address_data("127.0.0.1"));
  add(domain_, Type::kNs, name_data("ns.dns." + domain_));
  for (const auto& [key, service] : services) add_service(service);
}

void Zone::add(const std::string& name, Type type, std::string data) {
  if (data.empty()) return;
  auto& list = records_[name];
  const bool known = std::any_of(list.begin(), list.end(), [&](const Record& r) { return r.type == type && r.data == data; });
  if (!known) list.push_back({name, type, kTtlSeconds, std::move(data)});
}

void Zone::add_service(const Service& service) {
  const std::string in = service.name_space + ".svc." + domain_;
  const std::string name = service.name + "." + in;
  records_[in];
  auto& own = records_[name];
  if (service.type == "ExternalName") {
    std::string target = to_lower(service.external_name);
    if (target.ends_with('.')) target.pop_back();
    own.push_back({name, Type::kCname, kTtlSeconds, name_data(target)});
    return;
  }
  for (const std::string& ip : service.cluster_ips) {
    add(name, address_type(ip), address_data(ip));
    add(reverse_name(ip), Type::kPtr, name_data(name));
  }
  for (const ServicePort& port : service.ports) {
    if (service.headless()) {
      add_endpoints(service, port, name);
    } else if (!port.name.empty()) {
      const std::string protocol = "_" + to_lower(port.protocol) + "." + name;
      records_[protocol];
      add("_" + port.name + "." + protocol, Type::kSrv, srv_data(0, 100, static_cast<std::uint16_t>(port.port), name));
    }
  }
}

void Zone::add_endpoints(const Service& service, const ServicePort& port, const std::string& name) {
  const std::string protocol = "_" + to_lower(port.protocol) + "." + name;
  for (const PortEndpoint& one : port.endpoints) {
    if (!one.endpoint.ready && !service.publish_not_ready) continue;
    const std::string& ip = one.endpoint.address;
    const std::string host = (one.endpoint.name.empty() ? address_label(ip) : one.endpoint.name) + "." + name;
    add(name, address_type(ip), address_data(ip));
    add(host, address_type(ip), address_data(ip));
    if (!one.endpoint.name.empty()) add(reverse_name(ip), Type::kPtr, name_data(host));
    if (port.name.empty()) continue;
    records_[protocol];
    add("_" + port.name + "." + protocol, Type::kSrv, srv_data(0, 100, static_cast<std::uint16_t>(one.port), host));
  }
}

Answer Zone::nothing(Code code) const {
  Answer out;
  out.code = code;
  out.authority.push_back(
      {domain_, Type::kSoa, kTtlSeconds, soa_data("ns.dns." + domain_, "hostmaster." + domain_, 1, kTtlSeconds)});
  return out;
}

std::optional<Answer> Zone::find(const Question& question) const {
  const std::string& name = question.name;
  const bool ours = name == domain_ || (name.size() > domain_.size() && name.ends_with("." + domain_));
  const auto found = records_.find(name);
  if (!ours && found == records_.end()) return std::nullopt;
  Answer out;
  if (found == records_.end()) {
    // 10-0-0-1.NAMESPACE.pod.DOMAIN: every address has such a name.
    const std::string suffix = ".pod." + domain_;
    if (!name.ends_with(suffix)) return nothing(Code::kNameError);
    const auto labels = split(std::string_view(name).substr(0, name.size() - suffix.size()), '.');
    if (labels.size() == 1) return nothing(Code::kNoError);
    const std::string ip = labels.size() == 2 ? label_address(labels[0]) : "";
    if (ip.empty()) return nothing(Code::kNameError);
    if (question.type != static_cast<std::uint16_t>(address_type(ip))) return nothing(Code::kNoError);
    out.answers.push_back({name, address_type(ip), kTtlSeconds, address_data(ip)});
    return out;
  }
  for (const Record& record : found->second) {
    const bool wanted =
        question.type == static_cast<std::uint16_t>(record.type) || question.type == static_cast<std::uint16_t>(Type::kAny);
    if (wanted || record.type == Type::kCname) out.answers.push_back(record);
  }
  if (name == domain_ && question.type == static_cast<std::uint16_t>(Type::kSoa))
    out.answers = nothing(Code::kNoError).authority;
  return out.answers.empty() ? nothing(Code::kNoError) : out;
}

}  // namespace plinth::network::dns
