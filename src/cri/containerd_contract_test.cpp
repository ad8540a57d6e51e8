// The driver over a real containerd: what every driver must do, and what only this one does.
#include <filesystem>

#include <sys/stat.h>

#include "cri/testing/real_containerd.h"

namespace plinth::cri {
namespace {

using namespace node;

#define SKIP_WITHOUT_CONTAINERD()                                  \
  if (const std::string why = why_no_containerd(); !why.empty()) { \
    MESSAGE("skipped: " << why);                                   \
    return;                                                        \
  }

TEST_CASE("containerd: the runtime's contract") {
  SKIP_WITHOUT_CONTAINERD();
  RealContainerd bench;
  contract::check_runtime(bench);
}

// A pod with one running container.
struct Pod {
  Pod(RealContainerd& on, const std::string& name, const std::string& script)
      : bench(on), config(contract::sandbox_config(on, name)) {
    config.cgroup_parent = bench.cgroup_parent() + "-" + name;
    sandbox = contract::start_sandbox(bench, config);
    container = contract::create(bench, sandbox, contract::container_config(bench, "c", script), config);
    const auto started = contract::start(bench, container);
    REQUIRE_MESSAGE(started.ok(), started.error().message());
  }
  SandboxStatus status() {
    auto told = bench.wait<SandboxStatus>([&](auto done) { bench.runtime().sandbox_status(sandbox, std::move(done)); });
    REQUIRE(told.ok());
    return std::move(*told);
  }
  std::unique_ptr<ProcessStream> exec(ExecRequest request) {
    request.container_id = container;
    auto stream = bench.wait<std::unique_ptr<ProcessStream>>(
        [&](auto done) { bench.runtime().exec(std::move(request), std::move(done)); });
    REQUIRE_MESSAGE(stream.ok(), stream.error().message());
    return std::move(*stream);
  }
  std::string say(const std::string& script) {
    auto said = bench.wait<ExecResult>([&](auto done) {
      bench.runtime().exec_sync(container, {"sh", "-c", script}, std::chrono::seconds(20), std::move(done));
    });
    REQUIRE_MESSAGE(said.ok(), said.error().message());
    return said->standard_output;
  }
  RealContainerd& bench;
  SandboxConfig config;
  std::string sandbox, container;
};

struct Received final : StreamEvents {
  void on_data(std::string_view bytes) override { text += bytes; }
  void on_closed() override { closed = true; }
  std::string text;
  bool closed = false;
};

TEST_CASE("containerd: terminals, exit codes, killed commands, ports") {
  SKIP_WITHOUT_CONTAINERD();
  RealContainerd bench;
  Pod pod(bench, "io", "while true; do echo over the port | nc -l -p 8080; done");

  ExecRequest terminal;
  terminal.command = {
      "sh", "-c",
      "stty size; until test \"$(stty size)\" = \"33 120\"; do :; done; echo resized; read line; echo got $line; exit 9"};
  terminal.tty = terminal.standard_input = true;
  contract::Collected seen;
  auto stream = pod.exec(std::move(terminal));
  stream->start(&seen);
  REQUIRE(bench.run_until([&] { return !seen.output.empty(); }));
  stream->resize(120, 33);
  CHECK(bench.run_until([&] { return seen.output.find("resized") != std::string::npos; }));
  stream->write_input("hello\n");
  REQUIRE(bench.run_until([&] { return seen.ended.has_value(); }));
  CHECK(**seen.ended == 9);
  CHECK(seen.output.find("got hello") != std::string::npos);

  // A command whose stream is given up ends, also when it would rather not.
  ExecRequest stubborn;
  stubborn.command = {"sh", "-c", "trap '' TERM HUP; echo here; while true; do sleep 1000; done"};
  contract::Collected last;
  stream = pod.exec(std::move(stubborn));
  stream->start(&last);
  REQUIRE(bench.run_until([&] { return last.output == "here\n"; }));
  CHECK(pod.say("ps | grep -c '[t]rap'") == "1\n");
  stream.reset();
  CHECK(bench.run_until([&] { return pod.say("ps | grep -c '[t]rap'; true") == "0\n"; }));

  std::unique_ptr<Stream> port;
  Received received;
  REQUIRE(bench.run_until([&] {
    auto made = bench.wait<std::unique_ptr<Stream>>(
        [&](auto done) { bench.runtime().port_forward(pod.sandbox, 8080, std::move(done)); });
    if (made.ok()) port = std::move(*made);
    return port != nullptr;
  }));
  port->start(&received);
  CHECK(bench.run_until([&] { return received.text == "over the port\n"; }));
  auto closed =
      bench.wait<std::unique_ptr<Stream>>([&](auto done) { bench.runtime().port_forward(pod.sandbox, 9, std::move(done)); });
  REQUIRE(!closed.ok());
  CHECK(closed.error().reason() == Reason::kServiceUnavailable);
  port.reset();
}

TEST_CASE("containerd: attach, and exec through the runtime's own streams") {
  SKIP_WITHOUT_CONTAINERD();
  RealContainerd bench;
  Pod pod(bench, "url", "sleep 1000");
  ContainerConfig talker = contract::container_config(bench, "talker", "while read line; do echo heard $line; done; echo over");
  talker.metadata.name = "talker";
  talker.has_stdin = talker.tty = true;
  const std::string id = contract::create(bench, pod.sandbox, talker, pod.config);
  REQUIRE(contract::start(bench, id).ok());
  AttachRequest request;
  request.container_id = id;
  request.tty = request.standard_input = true;
  auto attached =
      bench.wait<std::unique_ptr<ProcessStream>>([&](auto done) { bench.runtime().attach(request, std::move(done)); });
  REQUIRE_MESSAGE(attached.ok(), attached.error().message());
  contract::Collected seen;
  (*attached)->start(&seen);
  (*attached)->resize(90, 30);
  (*attached)->write_input("you\n");
  REQUIRE(bench.run_until([&] { return seen.output.find("heard you") != std::string::npos; }));
  (*attached)->close_input();
  CHECK(bench.run_until([&] { return seen.ended.has_value(); }));
  CHECK(seen.output.find("over") != std::string::npos);

  const auto foreign = bench.open_runtime(false);
  ExecRequest exec;
  exec.container_id = pod.container;
  exec.command = {"sh", "-c", "echo out; echo err >&2; exit 5"};
  auto stream = bench.wait<std::unique_ptr<ProcessStream>>([&](auto done) { foreign->exec(exec, std::move(done)); });
  REQUIRE_MESSAGE(stream.ok(), stream.error().message());
  contract::Collected told;
  (*stream)->start(&told);
  REQUIRE(bench.run_until([&] { return told.ended.has_value(); }));
  REQUIRE(told.ended->ok());
  CHECK(**told.ended == 5);
  CHECK(told.output == "out\n");
  CHECK(told.error_output == "err\n");
  // Somebody else's pods are not listed; its own are, and nothing shows the mark.
  const auto sandboxes = [&](Runtime& runtime) {
    auto listed = bench.wait<std::vector<Sandbox>>([&](auto done) { runtime.list_sandboxes({}, std::move(done)); });
    REQUIRE(listed.ok());
    return std::move(*listed);
  };
  CHECK(sandboxes(bench.runtime()).size() == 1);
  CHECK(sandboxes(*foreign).empty());
  SandboxConfig other = contract::sandbox_config(bench, "other");
  auto made = bench.wait<std::string>([&](auto done) { foreign->run_sandbox(other, "", std::move(done)); });
  REQUIRE_MESSAGE(made.ok(), made.error().message());
  REQUIRE(sandboxes(*foreign).size() == 1);
  CHECK(sandboxes(*foreign)[0].id == *made);
  CHECK(sandboxes(*foreign)[0].annotations == other.annotations);
  CHECK(sandboxes(bench.runtime()).size() == 2);

  // An input that ends, after more of it than any buffer holds.
  exec.standard_input = true;
  exec.command = {"sh", "-c", "wc -c; echo the end; exit 6"};
  stream = bench.wait<std::unique_ptr<ProcessStream>>([&](auto done) { foreign->exec(exec, std::move(done)); });
  REQUIRE_MESSAGE(stream.ok(), stream.error().message());
  contract::Collected counted;
  (*stream)->start(&counted);
  constexpr std::size_t kPiece = 64 * 1024, kPieces = 40;
  for (std::size_t i = 0; i < kPieces; ++i) (*stream)->write_input(std::string(kPiece, 'x'));
  (*stream)->close_input();
  REQUIRE(bench.run_until([&] { return counted.ended.has_value(); }));
  REQUIRE(counted.ended->ok());
  CHECK(**counted.ended == 6);
  CHECK(counted.output == std::to_string(kPiece * kPieces) + "\nthe end\n");

  // As much output, through a stream that is paused meanwhile.
  exec.standard_input = false;
  exec.command = {"sh", "-c", "head -c 3000000 /dev/zero; exit 2"};
  stream = bench.wait<std::unique_ptr<ProcessStream>>([&](auto done) { foreign->exec(exec, std::move(done)); });
  REQUIRE_MESSAGE(stream.ok(), stream.error().message());
  contract::Collected much;
  (*stream)->start(&much);
  REQUIRE(bench.run_until([&] { return !much.output.empty(); }));
  (*stream)->pause_output(true);
  const std::size_t before = much.output.size();
  CHECK(contract::status(bench, pod.container).state == ContainerState::kRunning);
  CHECK(much.output.size() == before);
  (*stream)->pause_output(false);
  REQUIRE(bench.run_until([&] { return much.ended.has_value(); }));
  CHECK(**much.ended == 2);
  CHECK(much.output.size() == 3'000'000);

  exec.command = {"/no/such/program"};
  stream = bench.wait<std::unique_ptr<ProcessStream>>([&](auto done) { foreign->exec(exec, std::move(done)); });
  REQUIRE_MESSAGE(stream.ok(), stream.error().message());
  contract::Collected failed;
  (*stream)->start(&failed);
  REQUIRE(bench.run_until([&] { return failed.ended.has_value(); }));
  REQUIRE(!failed.ended->ok());
  CHECK(failed.ended->error().message().find("/no/such/program") != std::string::npos);
}

TEST_CASE("containerd: security, resources and mounts arrive in the container") {
  SKIP_WITHOUT_CONTAINERD();
  RealContainerd bench;
  SandboxConfig config = contract::sandbox_config(bench, "config");
  const std::string sandbox = contract::start_sandbox(bench, config);
  ContainerConfig container =
      contract::container_config(bench, "c",
                                 "id -u; id -g; cat /proc/self/status | grep -e CapEff -e NoNewPrivs -e Seccomp:; touch /x; "
                                 "cat /in/file; echo y >/in/file; echo $A; sleep 1000");
  container.envs.own = {{"A", "from the pod"}};
  container.security.run_as_user = 1000;
  container.security.run_as_group = 3000;
  container.security.readonly_rootfs = true;
  container.security.no_new_privs = true;
  container.security.drop_capabilities = {"ALL"};
  container.security.seccomp.type = ProfileType::kRuntimeDefault;
  container.resources.memory_limit_bytes = 64 << 20;
  container.resources.cpu_shares = 102;
  const std::string in = bench.log_directory() + "-in";
  std::filesystem::create_directories(in);
  CHECK(world_real::RealDisk().open(in + "/file", OpenMode::kCreate, 0644).value()->write_at(0, "from outside\n").ok());
  Mount mount;
  mount.container_path = "/in";
  mount.host_path = in;
  mount.readonly = true;
  container.mounts = {mount};
  const std::string id = contract::create(bench, sandbox, container, config);
  REQUIRE(contract::start(bench, id).ok());
  const std::string path = config.log_directory + "/c/0.log";
  REQUIRE(bench.run_until([&] { return bench.read_file(path).find("from the pod") != std::string::npos; }));
  const std::string log = bench.read_file(path);
  for (const char* line : {"F 1000\n", "F 3000\n", "CapEff:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2",
                           "Read-only file system", "F from outside\n"}) {
    CAPTURE(line);
    CHECK(log.find(line) != std::string::npos);
  }
  ContainerFilter filter;
  filter.id = id;
  auto stats = bench.wait<std::vector<ContainerStats>>(
      [&](auto done) { bench.runtime().list_container_stats(filter, std::move(done)); });
  REQUIRE(stats.ok());
  REQUIRE(stats->size() == 1);
  CHECK((*stats)[0].memory_usage_bytes > 0);
  LinuxResources more = container.resources;
  more.memory_limit_bytes = 96 << 20;
  CHECK(bench.wait<void>([&](auto done) { bench.runtime().update_resources(id, more, std::move(done)); }).ok());
  ContainerConfig signal = contract::container_config(bench, "d", "true");
  signal.stop_signal = "SIGUSR1";
  auto refused =
      bench.wait<std::string>([&](auto done) { bench.runtime().create_container(sandbox, signal, config, std::move(done)); });
  REQUIRE(!refused.ok());
  CHECK(refused.error().message().find("stopSignal") != std::string::npos);
}

TEST_CASE("containerd: killed, it comes back and its containers have not noticed; taken down, nothing is left") {
  SKIP_WITHOUT_CONTAINERD();
  RealContainerd bench;
  Pod pod(bench, "stay", "trap 'exit 0' TERM; sleep 1000 & wait");
  Pod host(bench, "second", "sleep 1000");
  std::size_t missed = 0;
  bench.runtime().watch([&](const RuntimeEvent& event) { missed += event.type == EventType::kMissed; });
  REQUIRE(bench.run_until([&] { return missed > 0; }));
  const std::size_t before = missed;
  bench.restart_containerd();
  CHECK(contract::status(bench, pod.container).state == ContainerState::kRunning);
  CHECK(pod.status().state == SandboxState::kReady);
  CHECK(pod.say("echo alive") == "alive\n");
  CHECK(bench.run_until([&] { return missed > before; }));
  bench.runtime().watch(nullptr);

  const std::string name_space = pod.status().network_namespace;
  CHECK(std::filesystem::exists(name_space));
  contract::end_sandbox(bench, host.sandbox);
  CHECK(bench.run_until([&] {
    for (const auto& hierarchy : std::filesystem::directory_iterator("/sys/fs/cgroup")) {
      if (std::filesystem::exists(hierarchy.path().string() + host.config.cgroup_parent)) return false;
    }
    return true;
  }));
  const TakeDownReport report = bench.take_down(std::chrono::seconds(20));
  for (const std::string& problem : report.problems) MESSAGE(problem);
  CHECK(report.problems.empty());
  CHECK(report.containers == 1);
  CHECK(report.sandboxes == 1);
  CHECK(!std::filesystem::exists(name_space));
  const std::vector<std::string> leaks = bench.leaks();
  for (const std::string& leak : leaks) MESSAGE(leak);
  CHECK(leaks.empty());
}

}  // namespace
}  // namespace plinth::cri
