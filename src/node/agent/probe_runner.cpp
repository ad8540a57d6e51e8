#include "node/agent/probe_runner.h"

#include <fmt/format.h>

#include "node/agent/event_recorder.h"

namespace plinth::node {
namespace {

constexpr const char* kNames[] = {"Startup", "Liveness", "Readiness"};

std::int64_t number(const Value& value, std::int64_t otherwise) { return value.is_int() ? value.as_int() : otherwise; }

Duration seconds(const Value& value, std::int64_t otherwise) { return std::chrono::seconds(number(value, otherwise)); }

// A number, or the name of one of the container's ports.
std::uint16_t port_of(const Pod& pod, const std::string& container, const Value& port) {
  if (port.is_int()) return static_cast<std::uint16_t>(port.as_int());
  const PodContainer* spec = pod.find(container);
  if (spec == nullptr) return 0;
  for (const Value& p : spec->spec["ports"].items()) {
    if (p["name"].as_string() == port.as_string()) return static_cast<std::uint16_t>(p["containerPort"].as_int());
  }
  return 0;
}

HttpProbe http_probe(const HandlerTarget& target, const Value& get, Duration timeout) {
  HttpProbe probe;
  probe.subject = {target.pod->uid, target.container_id};
  probe.tls = get["scheme"].as_string() == "HTTPS";
  probe.host = get["host"].as_string().empty() ? target.pod_ip : std::string(get["host"].as_string());
  probe.path = get["path"].as_string();
  if (probe.path.empty() || probe.path.front() != '/') probe.path.insert(0, "/");
  probe.port = port_of(*target.pod, target.container, get["port"]);
  probe.timeout = timeout;
  bool agent = false, accept = false;
  for (const Value& header : get["httpHeaders"].items()) {
    std::string name(header["name"].as_string());
    const bool is_accept = name.size() == 6 && (name[0] == 'A' || name[0] == 'a') && name.substr(1) == "ccept";
    agent = agent || name == "User-Agent" || name == "user-agent";
    accept = accept || is_accept;
    if (is_accept && header["value"].as_string().empty()) continue;
    probe.headers.emplace_back(std::move(name), std::string(header["value"].as_string()));
  }
  if (!agent) probe.headers.emplace_back("User-Agent", "kube-probe/1.34");
  if (!accept) probe.headers.emplace_back("Accept", "*/*");
  return probe;
}

void run_exec(NodeParts& parts, const HandlerTarget& target, const Value& exec, Duration timeout,
              std::function<void(Result<ProbeAnswer>)> done) {
  std::vector<std::string> command;
  for (const Value& word : exec["command"].items()) command.emplace_back(word.as_string());
  parts.runtime->exec_sync(target.container_id, std::move(command), timeout, [done, timeout](Result<ExecResult> result) {
    if (!result.ok() && result.error().reason() == Reason::kTimeout)
      return done(
          ProbeAnswer{ProbeOutcome::kFailure, fmt::format("command timed out after {}s", timeout / std::chrono::seconds(1))});
    if (!result.ok() && result.error().reason() == Reason::kServiceUnavailable) return done(std::move(result).error());
    if (!result.ok()) return done(ProbeAnswer{ProbeOutcome::kFailure, result.error().message()});
    done(ProbeAnswer{result->exit_code == 0 ? ProbeOutcome::kSuccess : ProbeOutcome::kFailure,
                     result->standard_output + result->standard_error});
  });
}

}  // namespace

void run_handler(NodeParts& parts, const HandlerTarget& target, const Value& handler, Duration timeout,
                 std::function<void(Result<ProbeAnswer>)> done) {
  if (handler["exec"].is_object()) return run_exec(parts, target, handler["exec"], timeout, std::move(done));
  if (handler["httpGet"].is_object())
    return parts.prober->http(http_probe(target, handler["httpGet"], timeout), std::move(done));
  if (handler["tcpSocket"].is_object()) {
    const Value socket = handler["tcpSocket"];
    TcpProbe probe;
    probe.subject = {target.pod->uid, target.container_id};
    probe.host = socket["host"].as_string().empty() ? target.pod_ip : std::string(socket["host"].as_string());
    probe.port = port_of(*target.pod, target.container, socket["port"]);
    probe.timeout = timeout;
    return parts.prober->tcp(std::move(probe), std::move(done));
  }
  if (handler["grpc"].is_object()) {
    GrpcProbe probe;
    probe.subject = {target.pod->uid, target.container_id};
    probe.host = target.pod_ip;
    probe.port = static_cast<std::uint16_t>(handler["grpc"]["port"].as_int());
    probe.service = handler["grpc"]["service"].as_string();
    probe.timeout = timeout;
    return parts.prober->grpc(std::move(probe), std::move(done));
  }
  const Duration pause =
      handler["sleep"].is_object() ? std::min(seconds(handler["sleep"]["seconds"], 0), timeout) : Duration(0);
  parts.loop->after(pause, [done = std::move(done)] { done(ProbeAnswer{ProbeOutcome::kSuccess, ""}); });
}

ProbeRunner::ProbeRunner(NodeParts& parts, HandlerTarget target, ProbeFindings initial,
                         std::function<void(const ProbeFindings&)> on_change)
    : parts_(parts), target_(std::move(target)), findings_(std::move(initial)), on_change_(std::move(on_change)) {
  const Value spec = target_.pod->find(target_.container)->spec;
  const char* members[] = {"startupProbe", "livenessProbe", "readinessProbe"};
  for (std::size_t i = 0; i < probes_.size(); ++i) {
    probes_[i].kind = static_cast<ProbeKind>(i);
    probes_[i].spec = spec[members[i]];
    probes_[i].exists = probes_[i].spec.is_object();
  }
  began_ns_ = parts_.clock->monotonic_ns();
  Probe& startup = probe(ProbeKind::kStartup);
  if (startup.exists && !findings_.started)
    arm(startup, seconds(startup.spec["initialDelaySeconds"], 0));
  else
    begin_after_start();
}

ProbeRunner::~ProbeRunner() {
  *alive_ = false;
  for (Probe& p : probes_) {
    if (p.timer != 0) parts_.loop->cancel(p.timer);
  }
}

// While a container is not started no other probe is made.
void ProbeRunner::begin_after_start() {
  for (const ProbeKind kind : {ProbeKind::kLiveness, ProbeKind::kReadiness}) {
    Probe& p = probe(kind);
    if (!p.exists) continue;
    const Duration since(parts_.clock->monotonic_ns() - began_ns_);
    arm(p, std::max<Duration>(seconds(p.spec["initialDelaySeconds"], 0) - since, Duration(0)));
  }
}

void ProbeRunner::set_ending() {
  ending_ = true;
  for (const ProbeKind kind : {ProbeKind::kStartup, ProbeKind::kLiveness}) {
    if (Probe& p = probe(kind); p.timer != 0) parts_.loop->cancel(std::exchange(p.timer, 0));
  }
}

void ProbeRunner::arm(Probe& p, Duration delay) {
  p.timer = parts_.loop->after(delay, [this, &p, alive = alive_] {
    if (!*alive) return;
    p.timer = 0;
    run(p, kAttemptsMax);
  });
}

void ProbeRunner::run(Probe& p, int attempts_left) {
  if (ending_ && p.kind != ProbeKind::kReadiness) return;
  const Duration timeout = seconds(p.spec["timeoutSeconds"], 1);
  run_handler(parts_, target_, p.spec, timeout, [this, &p, attempts_left, alive = alive_](Result<ProbeAnswer> answer) {
    if (!*alive) return;
    if (!answer.ok() && attempts_left > 1) return run(p, attempts_left - 1);
    if (answer.ok()) {
      take(p, *answer);
      if (!*alive) return;
    } else {
      tell(p, false, answer.error().message());
    }
    const bool over = p.kind == ProbeKind::kStartup && findings_.started;
    // Who is started and not ready yet is asked again soon: nobody wants to wait a whole period for it.
    const bool soon = p.kind == ProbeKind::kReadiness && !findings_.ready && p.successes > 0;
    if (!over && findings_.unhealthy.empty() && p.timer == 0)
      arm(p, soon ? Duration(std::chrono::seconds(1)) : seconds(p.spec["periodSeconds"], 10));
  });
}

void ProbeRunner::tell(const Probe& p, bool warning_outcome, const std::string& text) {
  EventSubject subject;
  subject.name_space = target_.pod->name_space;
  subject.name = target_.pod->name;
  subject.uid = target_.pod->uid;
  subject.field_path = container_field_path(*target_.pod->find(target_.container));
  const char* name = kNames[static_cast<std::size_t>(p.kind)];
  if (warning_outcome)
    parts_.events->record(subject, true, "ProbeWarning", fmt::format("{} probe warning: {}", name, text));
  else
    parts_.events->record(subject, true, "Unhealthy", fmt::format("{} probe failed: {}", name, text));
}

void ProbeRunner::take(Probe& p, const ProbeAnswer& answer) {
  const bool good = answer.outcome != ProbeOutcome::kFailure;
  if (answer.outcome != ProbeOutcome::kSuccess) tell(p, good, answer.text);
  p.successes = good ? p.successes + 1 : 0;
  p.failures = good ? 0 : p.failures + 1;
  const bool enough =
      good ? p.successes >= number(p.spec["successThreshold"], 1) : p.failures >= number(p.spec["failureThreshold"], 3);
  if (!enough) return;
  if (p.kind == ProbeKind::kReadiness) {
    if (std::exchange(findings_.ready, good) != good) changed();
    return;
  }
  if (good) {
    if (p.kind != ProbeKind::kStartup || std::exchange(findings_.started, true)) return;
    begin_after_start();
    return changed();
  }
  findings_.unhealthy = p.kind == ProbeKind::kStartup ? "startup" : "liveness";
  if (p.spec["terminationGracePeriodSeconds"].is_int()) findings_.grace_s = p.spec["terminationGracePeriodSeconds"].as_int();
  changed();
}

void ProbeRunner::changed() { on_change_(findings_); }

}  // namespace plinth::node
