#include "node/pod/downward.h"

#include <algorithm>

#include "base/quoted.h"
#include "base/text.h"

namespace plinth::node {
namespace {

std::string lines_of(const Value& map) {
  std::vector<std::string> lines;
  for (const Member& m : map.members()) lines.push_back(std::string(m.key()) + "=" + quoted(m.value.as_string()));
  std::sort(lines.begin(), lines.end());
  return join(lines, "\n");
}

// "metadata.labels['app']" -> "metadata.labels" and "app".
std::pair<std::string_view, std::string_view> subscript(std::string_view path) {
  const std::size_t open = path.find("['");
  if (open == std::string_view::npos || path.size() < open + 4 || path.substr(path.size() - 2) != "']") return {path, {}};
  return {path.substr(0, open), path.substr(open + 2, path.size() - open - 4)};
}

std::string first(const std::vector<std::string>& list) { return list.empty() ? std::string() : list.front(); }

}  // namespace

Result<std::string> field_value(const Pod& pod, std::string_view path, const DownwardFacts& facts) {
  const Value metadata = pod.document["metadata"];
  const auto [base, key] = subscript(path);
  if (!key.empty()) {
    if (base == "metadata.labels") return std::string(metadata["labels"][key].as_string());
    if (base == "metadata.annotations") return std::string(metadata["annotations"][key].as_string());
    return bad_request("the field " + std::string(path) + " is not offered");
  }
  if (path == "metadata.name") return pod.name;
  if (path == "metadata.namespace") return pod.name_space;
  if (path == "metadata.uid") return pod.uid;
  if (path == "metadata.labels") return lines_of(metadata["labels"]);
  if (path == "metadata.annotations") return lines_of(metadata["annotations"]);
  if (path == "spec.nodeName") return facts.node_name;
  if (path == "spec.serviceAccountName") return std::string(pod.spec()["serviceAccountName"].as_string());
  if (path == "status.podIP") return first(facts.pod_ips);
  if (path == "status.podIPs") return join(facts.pod_ips, ",");
  if (path == "status.hostIP") return first(facts.node_ips);
  if (path == "status.hostIPs") return join(facts.node_ips, ",");
  return bad_request("the field " + std::string(path) + " is not offered");
}

Result<std::string> resource_value(const PodContainer& container, const Value& ref, const DownwardFacts& facts) {
  const std::string_view path = ref["resource"].as_string();
  const auto [kind, name] = cut(path, ".");
  if (!name || (kind != "limits" && kind != "requests"))
    return bad_request("the resource " + std::string(path) + " is not offered");
  const auto amounts = TRY(api::read_amounts(container.spec["resources"][kind]));
  api::Quantity amount;
  if (const auto it = amounts.find(*name); it != amounts.end())
    amount = it->second;
  else if (const auto all = facts.allocatable.find(*name); kind == "limits" && all != facts.allocatable.end())
    amount = all->second;
  const std::string_view divisor_text = ref["divisor"].as_string();
  api::Quantity divisor = TRY(api::Quantity::parse(divisor_text.empty() ? "1" : divisor_text));
  if (divisor.is_zero()) divisor = api::Quantity(1, api::Quantity::Format::kDecimalSi);
  if (*name == "cpu") {
    const std::int64_t by = std::max<std::int64_t>(divisor.milli_value(), 1);
    return std::to_string((amount.milli_value() + by - 1) / by);
  }
  const std::int64_t by = std::max<std::int64_t>(divisor.value(), 1), value = amount.value();
  return std::to_string(value / by + (value % by != 0 ? 1 : 0));
}

}  // namespace plinth::node
