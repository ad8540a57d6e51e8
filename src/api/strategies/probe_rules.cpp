// Probes and lifecycle hooks: one handler each.
#include <fmt/core.h>

#include "api/strategies/pod_rules.h"
#include "api/strategies/text_checks.h"

namespace plinth::api {
namespace {

void validate_http_get(const FieldRef& action, const FieldRef& /*spec*/) {
  validate_port_number_or_name(action["port"]);
  const FieldRef headers = action["httpHeaders"];
  headers.each_item([&](const FieldRef& header, std::size_t) {
    for (std::string& problem : check_http_header_name(header["name"].text())) {
      headers.invalid(header["name"].text(), std::move(problem));
    }
  });
}

void validate_tcp_socket(const FieldRef& action, const FieldRef& /*spec*/) { validate_port_number_or_name(action["port"]); }

void validate_sleep(const FieldRef& action, const FieldRef& spec) {
  const std::int64_t seconds = action["seconds"].number();
  const FieldRef grace = spec["terminationGracePeriodSeconds"];
  if (!grace.present() || (seconds >= 0 && seconds <= grace.number())) return;
  action.errors().push_back(
      field_invalid(action.path(), Value::of(seconds),
                    fmt::format("must be non-negative and less than terminationGracePeriodSeconds ({})", grace.number())));
}

struct HandlerRule {
  std::string_view name;
  void (*validate)(const FieldRef& action, const FieldRef& spec);
};
constexpr HandlerRule kHandlers[] = {
    {"exec", nullptr}, {"httpGet", validate_http_get}, {"tcpSocket", validate_tcp_socket},
    {"grpc", nullptr}, {"sleep", validate_sleep},
};

void validate_handler(const FieldRef& at, const FieldRef& spec) {
  std::size_t count = 0;
  for (const HandlerRule& rule : kHandlers) {
    const FieldRef action = at[rule.name];
    if (!action.present()) continue;
    if (count++ > 0) {
      action.forbidden("may not specify more than 1 handler type");
    } else if (rule.validate != nullptr) {
      rule.validate(action, spec);
    }
  }
  if (count == 0) at.required("must specify a handler type");
}

}  // namespace

void validate_port_number_or_name(const FieldRef& port) {
  if (port.value().is_string()) {
    for (std::string& problem : check_port_name(port.text())) port.invalid(std::move(problem));
  } else {
    port.port();
  }
}

void validate_probe(const FieldRef& probe, const FieldRef& spec) {
  if (!probe.present()) return;
  validate_handler(probe, spec);
  for (const std::string_view count :
       {"initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"}) {
    probe[count].at_least_zero();
  }
  const FieldRef grace = probe["terminationGracePeriodSeconds"];
  if (grace.present() && grace.number() <= 0) grace.invalid("must be greater than 0");
}

void validate_lifecycle(const FieldRef& lifecycle, const FieldRef& spec) {
  for (const std::string_view hook : {"postStart", "preStop"}) {
    const FieldRef at = lifecycle[hook];
    if (at.present()) validate_handler(at, spec);
  }
  const FieldRef signal = lifecycle["stopSignal"];
  if (signal.present() && !spec["os"].present()) {
    signal.forbidden("may not be set for containers with empty `spec.os.name`");
  }
}

}  // namespace plinth::api
