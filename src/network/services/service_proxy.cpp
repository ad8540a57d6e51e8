#include "network/services/service_proxy.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"

namespace plinth::network {
namespace {

constexpr std::size_t kOutputMax = 4 * 1024 * 1024;  // of nft when it lists a table
// By it our routes can be told from others'. No daemon's: /etc/iproute2/rt_protos.
constexpr std::string_view kRouteProtocol = "142";

// What connections from 127.0.0.1 to node ports need, and forwarding. $0 the bridge, $1 ip. Says "filtered" where packets
// between two ports of the bridge pass the rules: br_netfilter is there.
constexpr std::string_view kSettings = R"(
echo 1 > /proc/sys/net/ipv4/conf/$0/route_localnet && echo 1 > /proc/sys/net/ipv4/ip_forward || exit 1
[ -e /proc/sys/net/bridge/bridge-nf-call-iptables ] && $1 link set dev $0 type bridge nf_call_iptables 1 && echo filtered
exit 0
)";

// $0 the bridge, $1 ip, $2 the protocol of routes, $3 "true" where it was made here, $4 and $5 its settings.
constexpr std::string_view kReturn = R"sh(
[ -e /sys/class/net/$0 ] || exit 0
$1 route flush dev $0 proto $2 || exit 1
if [ $3 = true ] && [ -z "$(ls /sys/class/net/$0/brif)" ]; then $1 link delete dev $0; exit; fi
[ -z "$4" ] || echo $4 > /proc/sys/net/ipv4/conf/$0/route_localnet || exit 1
[ -z "$5" ] || echo $5 > /sys/class/net/$0/bridge/nf_call_iptables || exit 1
)sh";

// What `ip -force -batch` complains of, but for what is there already.
std::string complaints(std::string_view error_output) {
  std::string out;
  for (std::string_view line : split(error_output, '\n')) {
    if (line.empty() || line.ends_with("File exists") || line.starts_with("Command failed")) continue;
    out += (out.empty() ? "" : "; ") + std::string(line);
  }
  return out;
}

}  // namespace

ServiceProxy::ServiceProxy(ServiceProxyParts parts, ServiceProxyOptions options)
    : parts_(std::move(parts)), options_(std::move(options)) {}

ServiceProxy::~ServiceProxy() { stop(); }

void ServiceProxy::start(UniqueFunction<void(Result<void>)> ready) {
  ready_ = std::move(ready);
  running_ = true;
  parts_.cluster->start(*this, [this, alive = alive_](Result<void> started) {
    if (!*alive) return;
    if (!started.ok()) return applied(std::move(started));
    arm_audit();
    look([this] { apply(); });
  });
}

void ServiceProxy::stop() {
  *alive_ = false;
  for (TimerId* timer : {&timer_, &audit_}) {
    if (*timer != 0) parts_.loop->cancel(std::exchange(*timer, 0));
  }
  if (parts_.cluster) parts_.cluster->stop();
}

void ServiceProxy::on_change(const client::Change& change, const client::View&) {
  const client::Resource& r = change.object.resource;
  if (r.is("", "services") || r.is("discovery.k8s.io", "endpointslices") || r.is("networking.k8s.io", "servicecidrs"))
    schedule(kApplyInterval);
}

std::vector<std::string> ServiceProxy::service_ranges() const {
  std::vector<std::string> out;
  const auto view = parts_.cluster->view();
  const auto resource = view->find_resource("networking.k8s.io", "servicecidrs");
  if (!resource) return out;
  view->list(*resource, "", [&](const client::Object& range) {
    for (const Value& cidr : range["spec"]["cidrs"].items()) out.emplace_back(cidr.as_string());
    return true;
  });
  std::sort(out.begin(), out.end());
  return out;
}

// The bridge is there before the first pod, so that what listens on its address can. What this machine sends to a Service needs
// some route to begin with, and the bridge's address as its source; where it goes is decided by the rules.
void ServiceProxy::make_links(std::vector<std::string> ranges) {
  const std::string& bridge = options_.rules.bridge;
  std::string batch =
      fmt::format("link add name {0} type bridge\naddr replace {1} dev {0}\nlink set {0} up\n", bridge, options_.gateway);
  for (const std::string& range : ranges) {
    // Another platform's route for the same range stays. Ours goes with the bridge.
    if (range.find(':') == std::string::npos)
      batch += fmt::format("route append {} dev {} proto {}\n", range, bridge, kRouteProtocol);
  }
  run({options_.ip, "-force", "-batch", "-"}, std::move(batch),
      [this, ranges = std::move(ranges)](Result<std::string> made) mutable {
        std::string wrong = made.ok() ? "" : complaints(made.error().message());
        if (!wrong.empty())
          return applied(
              Error(Reason::kServiceUnavailable, fmt::format("the bridge {} of the pods: {}", options_.rules.bridge, wrong)));
        run({"sh", "-c", std::string(kSettings), options_.rules.bridge, options_.ip}, "",
            [this, ranges = std::move(ranges)](Result<std::string> set) mutable {
              if (!set.ok()) return applied(std::move(set).error());
              options_.rules.bridge_is_filtered = set->find("filtered") != std::string::npos;
              linked_ = std::move(ranges);
              apply();
            });
      });
}

void ServiceProxy::schedule(Duration delay) {
  if (running_) {
    again_ = true;
    return;
  }
  if (timer_ != 0) return;
  timer_ = parts_.loop->after(delay, [this] {
    timer_ = 0;
    apply();
  });
}

void ServiceProxy::arm_audit() {
  audit_ = parts_.loop->after(kAuditInterval, [this] {
    arm_audit();
    if (running_ || timer_ != 0 || !there_) return;
    running_ = true;
    look([this, was = *there_] {
      running_ = false;
      if (there_ && there_->chains == was.chains && there_->sets == was.sets) return again_ ? schedule(kApplyInterval) : void();
      parts_.log.warning("the rules of Services were changed by others; they are written again",
                         {{"table", options_.rules.table}});
      there_.reset();
      linked_.reset();
      applied_.clear();
      apply();
    });
  });
}

// At what is in the table now.
void ServiceProxy::look(UniqueFunction<void()> then) {
  run({options_.nft, "--terse", "list", "table", "ip", options_.rules.table}, "",
      [this, then = std::move(then)](Result<std::string> listed) {
        there_.reset();
        if (listed.ok() && listed->size() < kOutputMax) there_ = table_content(*listed);
        then();
      });
}

void ServiceProxy::apply() {
  running_ = true;
  again_ = false;
  std::vector<std::string> ranges = service_ranges();
  if (linked_ != ranges) return make_links(std::move(ranges));
  RulesetOptions rules = options_.rules;
  rules.service_ranges = std::move(ranges);
  const ServiceTable services = read_services(*parts_.cluster->view());
  if (parts_.told) parts_.told(services);
  // Compared in the form that does not say what was there before.
  Ruleset whole = services_ruleset(services, rules, nullptr);
  if (whole.text == applied_) return applied({});
  std::string input = there_ ? services_ruleset(services, rules, &*there_).text : whole.text;
  run({options_.nft, "-f", "-"}, std::move(input),
      [this, whole = std::move(whole), services](Result<std::string> outcome) mutable {
        if (outcome.ok()) {
          forget_flows(services);
          applied_ = std::move(whole.text);
          there_ = std::move(whole.content);
          return applied({});
        }
        // From the beginning then: what is there may not be what it was taken for.
        applied_.clear();
        there_.reset();
        applied(std::move(outcome).error());
      });
}

// After the rules: what is looked at anew finds them.
void ServiceProxy::forget_flows(const ServiceTable& services) {
  UdpTargets now = udp_targets(services);
  if (now == udp_) return;
  auto before = std::make_shared<UdpTargets>(std::exchange(udp_, now));
  auto started = parts_.pool->run([flows = parts_.flows, log = parts_.log, now = std::move(now), before]() mutable {
    auto forgotten = flows->forget_udp([&](const UdpFlow& flow) { return is_stale(flow, now, *before); });
    if (!forgotten.ok()) log.warning("flows of UDP may lead to endpoints that are gone", {{"error", forgotten.error()}});
  });
  if (!started.ok()) parts_.log.warning("flows of UDP may lead to endpoints that are gone", {{"error", started.error()}});
}

void ServiceProxy::applied(Result<void> outcome) {
  running_ = false;
  if (outcome.ok()) {
    retry_ = kRetryMin;
    if (again_) schedule(kApplyInterval);
  } else {
    parts_.log.error("the rules of Services could not be written", {{"error", outcome.error()}});
    schedule(retry_);
    retry_ = std::min(retry_ * 2, kRetryMax);
  }
  if (const auto ready = std::move(ready_)) ready(std::move(outcome));
}

void ServiceProxy::run(std::vector<std::string> arguments, std::string input, Outcome done) {
  SpawnRequest request;
  request.arguments = std::move(arguments);
  request.input = !input.empty();
  std::string what = request.arguments.front();
  run_command(*parts_.processes, *parts_.loop, std::move(request), std::move(input), kCommandTimeout, kOutputMax,
              [alive = alive_, what = std::move(what), done = std::move(done)](Result<CommandOutcome> outcome) mutable {
                if (!*alive) return;
                if (!outcome.ok()) return done(std::move(outcome).error());
                if (outcome->status.ok()) return done(std::move(outcome->output));
                done(Error(Reason::kServiceUnavailable, fmt::format("{}: {}", what, outcome->error_output)));
              });
}

std::vector<std::string> service_removal(const ServiceProxyOptions& options) {
  return {options.nft, remove_ruleset(options.rules)};
}

std::vector<std::string> bridge_return(const std::string& ip, const std::string& bridge, const BridgeBefore& before) {
  return {"sh",
          "-c",
          std::string(kReturn),
          bridge,
          ip,
          std::string(kRouteProtocol),
          before.made ? "true" : "false",
          before.route_localnet,
          before.nf_call_iptables};
}

}  // namespace plinth::network
