#include "network/services/service_proxy.h"

#include <fmt/format.h>

#include <algorithm>

namespace plinth::network {
namespace {

constexpr std::size_t kOutputMax = 4096;
// By it our routes are found again. No daemon's: /etc/iproute2/rt_protos.
constexpr std::string_view kRouteProtocol = "142";

}  // namespace

ServiceProxy::ServiceProxy(ServiceProxyParts parts, ServiceProxyOptions options)
    : parts_(std::move(parts)), options_(std::move(options)) {}

ServiceProxy::~ServiceProxy() { stop(); }

void ServiceProxy::start(UniqueFunction<void(Result<void>)> ready) {
  ready_ = std::move(ready);
  parts_.cluster->start(*this, [this, alive = alive_](Result<void> started) {
    if (!*alive) return;
    if (!started.ok()) return applied(std::move(started), "");
    prepare_links();
  });
}

void ServiceProxy::stop() {
  *alive_ = false;
  if (timer_ != 0) parts_.loop->cancel(timer_);
  timer_ = 0;
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

// The bridge is there before the first pod, so that what listens on its address can. Host-made connections to Services need some
// route to begin with; where they go is decided by the rules.
void ServiceProxy::prepare_links() {
  std::string batch = fmt::format("link add name {0} type bridge\naddr replace {1} dev {0}\nlink set {0} up\n", options_.rules.bridge,
                                  options_.gateway);
  for (const std::string& range : service_ranges()) {
    if (range.find(':') == std::string::npos) batch += fmt::format("route replace {} dev lo proto {}\n", range, kRouteProtocol);
  }
  // The first line fails where the bridge is there already.
  run({options_.ip, "-force", "-batch", "-"}, std::move(batch), [this](Result<void>) {
    run({"sh", "-c", "echo 1 > /proc/sys/net/ipv4/conf/$0/route_localnet && echo 1 > /proc/sys/net/ipv4/ip_forward", options_.rules.bridge}, "",
        [this](Result<void> outcome) {
          if (!outcome.ok()) return applied(std::move(outcome), "");
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

void ServiceProxy::apply() {
  RulesetOptions rules = options_.rules;
  rules.service_ranges = service_ranges();
  const ServiceTable services = read_services(*parts_.cluster->view());
  if (parts_.told) parts_.told(services);
  std::string text = services_ruleset(services, rules);
  if (text == applied_) return applied({}, std::move(text));
  running_ = true;
  std::string input = text;
  run({options_.nft, "-f", "-"}, std::move(input), [this, text = std::move(text)](Result<void> outcome) mutable {
    running_ = false;
    applied(std::move(outcome), std::move(text));
  });
}

void ServiceProxy::applied(Result<void> outcome, std::string text) {
  if (outcome.ok()) {
    applied_ = std::move(text);
    retry_ = kRetryMin;
    if (std::exchange(again_, false)) schedule(kApplyInterval);
  } else {
    parts_.log.error("the rules of Services could not be written", {{"error", outcome.error()}});
    schedule(retry_);
    retry_ = std::min(retry_ * 2, kRetryMax);
  }
  if (const auto ready = std::move(ready_)) ready(std::move(outcome));
}

void ServiceProxy::run(std::vector<std::string> arguments, std::string input, UniqueFunction<void(Result<void>)> done) {
  SpawnRequest request;
  request.arguments = std::move(arguments);
  request.input = !input.empty();
  std::string what = request.arguments.front();
  run_command(*parts_.processes, *parts_.loop, std::move(request), std::move(input), kCommandTimeout, kOutputMax,
              [alive = alive_, what = std::move(what), done = std::move(done)](Result<CommandOutcome> outcome) mutable {
                if (!*alive) return;
                if (!outcome.ok()) return done(std::move(outcome).error());
                if (outcome->status.ok()) return done({});
                done(Error(Reason::kServiceUnavailable, fmt::format("{}: {}", what, outcome->error_output)));
              });
}

std::vector<std::vector<std::string>> service_removal(const ServiceProxyOptions& options) {
  return {{options.nft, remove_ruleset(options.rules)},
          {options.ip, "route", "flush", "dev", "lo", "proto", std::string(kRouteProtocol)}};
}

}  // namespace plinth::network
