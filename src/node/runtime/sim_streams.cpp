// Commands in containers of the virtual runtime, and connections to its pods.
#include "node/runtime/sim_exec.h"
#include "node/runtime/sim_runtime_parts.h"

namespace plinth::node {

// --- Exec ---

void SimRuntime::exec_sync(std::string id, std::vector<std::string> command, Duration timeout, Done<ExecResult> done) {
  auto finish = std::make_shared<Done<ExecResult>>(std::move(done));
  loop_.after(options_.latency, [this, id = std::move(id), command = std::move(command), timeout, finish, alive = alive_] {
    if (!*alive) return;
    if (fault_) {
      if (auto fault = fault_("exec_sync"); !fault.ok()) return (*finish)(std::move(fault).error());
    }
    const auto it = containers_.find(id);
    if (it == containers_.end()) return (*finish)(no_container(id));
    if (it->second->status.state != ContainerState::kRunning)
      return (*finish)(Error(Reason::kInternalError, "container \"" + id + "\" is not running"));
    auto steps = parse_script(command, script_context(*it->second));
    if (!steps.ok()) return (*finish)(std::move(steps).error());
    auto outcome = std::make_shared<ExecOutcome>(exec_outcome(*steps, ""));
    const bool late = timeout.count() > 0 && outcome->duration > timeout;
    loop_.after(late ? timeout : outcome->duration, [finish, outcome, late, alive] {
      if (!*alive) return;
      if (late) return (*finish)(Error(Reason::kTimeout, "the command timed out"));
      (*finish)(std::move(outcome->result));
    });
  });
}

void SimRuntime::exec(ExecRequest request, Done<std::unique_ptr<ProcessStream>> done) {
  using Answer = std::unique_ptr<ProcessStream>;
  later<Answer>("exec", Duration(0), std::move(done), [this, request = std::move(request)]() -> Result<Answer> {
    const auto it = containers_.find(request.container_id);
    if (it == containers_.end()) return no_container(request.container_id);
    if (it->second->status.state != ContainerState::kRunning)
      return Error(Reason::kInternalError, "container \"" + request.container_id + "\" is not running");
    auto steps = TRY(parse_script(request.command, script_context(*it->second)));
    return make_sim_process(loop_, std::move(steps), request.standard_input);
  });
}

void SimRuntime::attach(AttachRequest request, Done<std::unique_ptr<ProcessStream>> done) {
  using Answer = std::unique_ptr<ProcessStream>;
  later<Answer>("attach", Duration(0), std::move(done), [this, request = std::move(request)]() -> Result<Answer> {
    const auto it = containers_.find(request.container_id);
    if (it == containers_.end()) return no_container(request.container_id);
    if (it->second->status.state != ContainerState::kRunning)
      return Error(Reason::kInternalError, "container \"" + request.container_id + "\" is not running");
    return it->second->console->attach(request.standard_input);
  });
}

void SimRuntime::port_forward(std::string sandbox_id, std::uint16_t port, Done<std::unique_ptr<Stream>> done) {
  using Answer = std::unique_ptr<Stream>;
  later<Answer>(
      "port_forward", Duration(0), std::move(done), [this, sandbox_id = std::move(sandbox_id), port]() -> Result<Answer> {
        const auto it = sandboxes_.find(sandbox_id);
        if (it == sandboxes_.end()) return Error(Reason::kNotFound, "sandbox \"" + sandbox_id + "\" is not there");
        const std::string script = sim_annotation(it->second.config.annotations, "port." + std::to_string(port));
        if (script.empty())
          return Error(Reason::kServiceUnavailable, "connect to 127.0.0.1:" + std::to_string(port) + ": Connection refused");
        ScriptContext context;
        context.hostname = it->second.config.hostname;
        context.read = context.list = [](const std::string& path) -> Result<std::string> {
          return Error(Reason::kNotFound, path + ": No such file or directory");
        };
        return make_sim_connection(loop_, TRY(parse_script({"sh", "-c", script}, context)));
      });
}

}  // namespace plinth::node
