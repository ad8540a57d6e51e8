// Services: their number, their load balancers, their node ports.
#include "api/quota/evaluator.h"
#include "api/strategies/service_types.h"

namespace plinth::api {
namespace {

bool uses(std::string_view resource) {
  return resource == "services" || resource == "services.loadbalancers" || resource == "services.nodeports";
}

// By what the type intends: ports that have no number yet count like those that have.
std::int64_t node_ports(const Value& spec) {
  const Value ports = spec["ports"];
  if (needs_node_port(spec)) return static_cast<std::int64_t>(ports.size());
  if (!is_load_balancer(spec)) return 0;
  std::int64_t count = 0;
  for (const Value& port : ports.items()) count += port["nodePort"].as_int() != 0 ? 1 : 0;
  return count;
}

Result<ResourceAmounts> usage(const Value& service, std::int64_t) {
  const Value spec = service["spec"];
  ResourceAmounts out;
  out.emplace("services", one());
  out.emplace("services.nodeports", Quantity(node_ports(spec), Quantity::Format::kDecimalSi));
  out.emplace("services.loadbalancers", is_load_balancer(spec) ? one() : Quantity());
  return out;
}

bool limits_update(std::string_view subresource, const Value&, const Value&) { return subresource.empty(); }

}  // namespace

extern constexpr QuotaEvaluator kServiceQuota{{"", "services"}, uses, usage, nullptr, nullptr, limits_update};

}  // namespace plinth::api
