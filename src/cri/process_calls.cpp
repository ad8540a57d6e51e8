// Commands in containers, their streams, and connections to ports of sandboxes.
#include "cri/cri_driver.h"
#include "cri/exec_stream.h"
#include "cri/streaming_url.h"

namespace plinth::cri {
namespace {

constexpr Duration kForwardTimeout = std::chrono::seconds(10);

}  // namespace

void CriRuntime::exec_sync(std::string id, std::vector<std::string> command, Duration timeout, Done<node::ExecResult> done) {
  wire::ExecSyncRequest request;
  request.set_container_id(id);
  for (std::string& word : command) request.add_cmd(std::move(word));
  request.set_timeout(whole_seconds(timeout));
  const Duration patience = timeout.count() > 0 ? timeout + kCallTimeout : Duration(0);
  call<wire::ExecSyncResponse>(*channel_, runtime_path("ExecSync"), request, patience, std::move(done),
                               [](const wire::ExecSyncResponse& r) {
                                 return node::ExecResult{r.stdout(), r.stderr(), r.exit_code()};
                               });
}

void CriRuntime::exec(node::ExecRequest request, Done<std::unique_ptr<node::ProcessStream>> done) {
  if (parts_.processes == nullptr || options_.oci_program.empty()) return exec_by_url(request, std::move(done));
  // The OCI runtime would answer for a container that has ended, too, but in words of its own.
  const std::string id = request.container_id;
  container_status(id, [this, request = std::move(request),
                        done = std::make_shared<Done<std::unique_ptr<node::ProcessStream>>>(std::move(done))](
                           Result<node::ContainerStatus> status) {
    if (!status.ok()) return (*done)(std::move(status).error());
    if (status->state != node::ContainerState::kRunning) {
      return (*done)(Error(Reason::kConflict, fmt::format("container {} is not running", request.container_id)));
    }
    spawn_exec(request, done);
  });
}

void CriRuntime::attach(node::AttachRequest request, Done<std::unique_ptr<node::ProcessStream>> done) {
  wire::AttachRequest message;
  message.set_container_id(request.container_id);
  message.set_stdin(request.standard_input);
  message.set_tty(request.tty);
  message.set_stdout(request.standard_output);
  message.set_stderr(request.standard_error && !request.tty);
  stream_by_url("Attach", message, std::move(done));
}

void CriRuntime::port_forward(std::string sandbox_id, std::uint16_t port, Done<std::unique_ptr<Stream>> done) {
  if (parts_.namespaces == nullptr) {
    return refuse(std::move(done), Error(Reason::kMethodNotAllowed, "this platform cannot enter network namespaces"));
  }
  sandbox_status(sandbox_id, [this, port, done = std::make_shared<Done<std::unique_ptr<Stream>>>(std::move(done))](
                                 Result<node::SandboxStatus> status) {
    if (!status.ok()) return (*done)(std::move(status).error());
    if (status->state != node::SandboxState::kReady) return (*done)(Error(Reason::kConflict, "the sandbox is not ready"));
    const std::string address = fmt::format("127.0.0.1:{}", port);
    const auto finish = [done](Result<std::unique_ptr<Stream>> stream) { (*done)(std::move(stream)); };
    if (status->network_namespace.empty())
      return parts_.network->connect(*parts_.loop, address, nullptr, "", kForwardTimeout, finish);
    parts_.namespaces->connect_inside(*parts_.loop, status->network_namespace, address, kForwardTimeout, finish);
  });
}

void CriRuntime::exec_by_url(node::ExecRequest& request, Done<std::unique_ptr<node::ProcessStream>> done) {
  wire::ExecRequest message;
  message.set_container_id(request.container_id);
  for (std::string& word : request.command) message.add_cmd(std::move(word));
  message.set_tty(request.tty);
  message.set_stdin(request.standard_input);
  message.set_stdout(request.standard_output);
  message.set_stderr(request.standard_error && !request.tty);
  stream_by_url("Exec", message, std::move(done));
}

template <typename Request>
void CriRuntime::stream_by_url(std::string_view method, const Request& request,
                               Done<std::unique_ptr<node::ProcessStream>> done) {
  const StreamingChannels channels{request.tty(), request.stdin(), request.stdout(), request.stderr()};
  auto finish = std::make_shared<Done<std::unique_ptr<node::ProcessStream>>>(std::move(done));
  call<wire::StreamingResponse, std::string>(
      *channel_, runtime_path(method), request, kCallTimeout,
      Done<std::string>([this, channels, finish](Result<std::string> url) {
        if (!url.ok()) return (*finish)(std::move(url).error());
        auto parsed = parse_streaming_url(*url);
        if (!parsed.ok()) return (*finish)(std::move(parsed).error());
        open_streaming_url({parts_.loop, parts_.network}, std::move(*parsed), channels,
                           [finish, alive = std::weak_ptr<bool>(alive_)](Result<std::unique_ptr<node::ProcessStream>> stream) {
                             if (!alive.expired()) (*finish)(std::move(stream));
                           });
      }),
      [](const wire::StreamingResponse& r) { return r.url(); });
}

void CriRuntime::spawn_exec(const node::ExecRequest& request,
                            std::shared_ptr<Done<std::unique_ptr<node::ProcessStream>>> done) {
  ExecPlan plan{options_.oci_program, options_.oci_root, fmt::format("{}/exec-{}.pid", options_.scratch_dir, ++exec_count_)};
  SpawnRequest spawn = exec_arguments(plan, request);
  parts_.processes->spawn(std::move(spawn),
                          [this, alive = std::weak_ptr<bool>(alive_), plan, done](Result<std::unique_ptr<ChildProcess>> child) {
                            if (alive.expired()) return;
                            if (!child.ok()) return (*done)(std::move(child).error());
                            (*done)(make_exec_stream(*parts_.processes, *parts_.loop, *parts_.disk, plan, std::move(*child)));
                          });
}

}  // namespace plinth::cri
