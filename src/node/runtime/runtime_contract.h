// For tests: what every driver of runtime.h must do. A driver's own test makes a bench and calls the checks from TEST_CASEs.
#pragma once

#include <functional>
#include <optional>

#include <doctest/doctest.h>

#include "base/text.h"
#include "node/runtime/runtime.h"

namespace plinth::node {

// A runtime with an image that holds `sh`, `sleep`, `cat`, `true`.
class RuntimeBench {
 public:
  virtual ~RuntimeBench() = default;
  virtual Runtime& runtime() = 0;
  // Lets the loop run until `done` is true; false when that takes too long.
  virtual bool run_until(const std::function<bool()>& done) = 0;
  virtual std::string image() = 0;  // present, or to be pulled
  virtual std::string read_file(const std::string& path) = 0;
  virtual std::string log_directory() = 0;  // below which logs go
  virtual std::string cgroup_parent() { return ""; }
  virtual NamespaceOptions namespaces() { return {}; }
  virtual bool has_exec_streams() { return true; }
  virtual bool mounts_images() { return true; }
  virtual std::string image_folder() = 0;  // of image(), with something in it

  // Waits for one call: wait<std::string>([&](auto done) { runtime().run_sandbox(..., std::move(done)); })
  template <typename T>
  Result<T> wait(const std::function<void(Done<T>)>& call) {
    auto answer = std::make_shared<std::optional<Result<T>>>();
    call([answer](Result<T> given) { answer->emplace(std::move(given)); });
    CHECK_MESSAGE(!answer->has_value(), "called back before the call returned");
    if (!run_until([answer] { return answer->has_value(); })) return internal_error("no answer");
    return std::move(**answer);
  }
};

namespace contract {

inline SandboxConfig sandbox_config(RuntimeBench& bench, const std::string& name) {
  SandboxConfig config;
  config.metadata = {name, "uid-" + name, "default", 0};
  config.hostname = name;
  config.log_directory = bench.log_directory() + "/" + name;
  config.labels = {{"io.kubernetes.pod.name", name}, {"io.kubernetes.pod.uid", "uid-" + name}};
  config.annotations = {{"note", "kept"}};
  config.cgroup_parent = bench.cgroup_parent();
  config.security.namespaces = bench.namespaces();
  return config;
}

inline ContainerConfig container_config(RuntimeBench& bench, const std::string& name, const std::string& script) {
  ContainerConfig config;
  config.metadata = {name, 0};
  config.image = bench.image();
  config.command = {"sh", "-c", script};
  config.labels = {{"io.kubernetes.container.name", name}};
  config.log_path = name + "/0.log";
  config.security.namespaces = bench.namespaces();
  return config;
}

inline std::string start_sandbox(RuntimeBench& bench, const SandboxConfig& config) {
  auto id = bench.wait<std::string>([&](auto done) { bench.runtime().run_sandbox(config, "", std::move(done)); });
  REQUIRE_MESSAGE(id.ok(), id.error().message());
  return *id;
}

inline std::string create(RuntimeBench& bench, const std::string& sandbox, const ContainerConfig& config,
                          const SandboxConfig& of) {
  auto id = bench.wait<std::string>([&](auto done) { bench.runtime().create_container(sandbox, config, of, std::move(done)); });
  REQUIRE_MESSAGE(id.ok(), id.error().message());
  return *id;
}

inline Result<void> start(RuntimeBench& bench, const std::string& id) {
  return bench.wait<void>([&](auto done) { bench.runtime().start_container(id, std::move(done)); });
}

inline ContainerStatus status(RuntimeBench& bench, const std::string& id) {
  auto status = bench.wait<ContainerStatus>([&](auto done) { bench.runtime().container_status(id, std::move(done)); });
  REQUIRE_MESSAGE(status.ok(), status.error().message());
  return std::move(*status);
}

inline ContainerStatus wait_exited(RuntimeBench& bench, const std::string& id) {
  for (int looks = 0; looks < 10'000; ++looks) {
    ContainerStatus now = status(bench, id);
    if (now.state == ContainerState::kExited) return now;
  }
  FAIL("the container does not exit");
  return {};
}

inline Result<void> stop(RuntimeBench& bench, const std::string& id, Duration grace) {
  return bench.wait<void>([&](auto done) { bench.runtime().stop_container(id, grace, std::move(done)); });
}

inline void end_sandbox(RuntimeBench& bench, const std::string& id) {
  for (int times = 0; times < 2; ++times) {
    CHECK(bench.wait<void>([&](auto done) { bench.runtime().stop_sandbox(id, std::move(done)); }).ok());
  }
  for (int times = 0; times < 2; ++times) {
    CHECK(bench.wait<void>([&](auto done) { bench.runtime().remove_sandbox(id, std::move(done)); }).ok());
  }
  auto gone = bench.wait<SandboxStatus>([&](auto done) { bench.runtime().sandbox_status(id, std::move(done)); });
  REQUIRE(!gone.ok());
  CHECK(gone.error().reason() == Reason::kNotFound);
}

inline void check_sandbox(RuntimeBench& bench) {
  const SandboxConfig config = sandbox_config(bench, "lone");
  const std::string id = start_sandbox(bench, config);
  auto status = bench.wait<SandboxStatus>([&](auto done) { bench.runtime().sandbox_status(id, std::move(done)); });
  REQUIRE(status.ok());
  CHECK(status->state == SandboxState::kReady);
  CHECK(status->metadata.uid == "uid-lone");
  CHECK(status->labels == config.labels);
  CHECK(status->annotations.at("note") == "kept");
  CHECK(status->created_ns > 0);
  if (bench.namespaces().network == NamespaceMode::kPod) CHECK(status->ips.size() == 1);
  SandboxFilter filter;
  filter.labels = {{"io.kubernetes.pod.uid", "uid-lone"}};
  const auto list = [&] {
    auto listed = bench.wait<std::vector<Sandbox>>([&](auto done) { bench.runtime().list_sandboxes(filter, std::move(done)); });
    REQUIRE(listed.ok());
    return std::move(*listed);
  };
  REQUIRE(list().size() == 1);
  CHECK(list()[0].id == id);
  CHECK(bench.wait<void>([&](auto done) { bench.runtime().stop_sandbox(id, std::move(done)); }).ok());
  REQUIRE(list().size() == 1);
  CHECK(list()[0].state == SandboxState::kNotReady);
  end_sandbox(bench, id);
  CHECK(list().empty());
}

inline void check_container(RuntimeBench& bench) {
  const SandboxConfig pod = sandbox_config(bench, "life");
  const std::string sandbox = start_sandbox(bench, pod);
  ContainerConfig config = container_config(bench, "c", "echo to out; echo to err >&2; exit 3");
  const std::string id = create(bench, sandbox, config, pod);
  CHECK(status(bench, id).state == ContainerState::kCreated);
  auto again =
      bench.wait<std::string>([&](auto done) { bench.runtime().create_container(sandbox, config, pod, std::move(done)); });
  CHECK(!again.ok());  // the name is taken
  REQUIRE(start(bench, id).ok());
  const ContainerStatus ended = wait_exited(bench, id);
  CHECK(ended.exit_code == 3);
  CHECK(ended.reason == "Error");
  CHECK(ended.started_ns > 0);
  CHECK(ended.finished_ns >= ended.started_ns);
  CHECK(ended.labels == config.labels);
  CHECK(ended.log_path == pod.log_directory + "/c/0.log");
  CHECK(ended.sandbox_id == sandbox);
  const std::string log = bench.read_file(ended.log_path);
  CHECK(log.find(" stdout F to out\n") != std::string::npos);
  CHECK(log.find(" stderr F to err\n") != std::string::npos);
  CHECK(stop(bench, id, Duration(0)).ok());  // what is dead stays so
  CHECK(status(bench, id).exit_code == 3);

  config.metadata.attempt = 1;
  config.log_path = "c/1.log";
  config.command = {"true"};
  const std::string second = create(bench, sandbox, config, pod);
  REQUIRE(start(bench, second).ok());
  CHECK(wait_exited(bench, second).reason == "Completed");
  for (int times = 0; times < 2; ++times) {
    CHECK(bench.wait<void>([&](auto done) { bench.runtime().remove_container(second, std::move(done)); }).ok());
  }
  auto gone = bench.wait<ContainerStatus>([&](auto done) { bench.runtime().container_status(second, std::move(done)); });
  REQUIRE(!gone.ok());
  CHECK(gone.error().reason() == Reason::kNotFound);
  ContainerFilter filter;
  filter.sandbox_id = sandbox;
  auto listed =
      bench.wait<std::vector<Container>>([&](auto done) { bench.runtime().list_containers(filter, std::move(done)); });
  REQUIRE(listed.ok());
  REQUIRE(listed->size() == 1);
  CHECK((*listed)[0].id == id);
  end_sandbox(bench, sandbox);
}

inline void check_stop(RuntimeBench& bench) {
  const SandboxConfig pod = sandbox_config(bench, "stop");
  const std::string sandbox = start_sandbox(bench, pod);
  const std::string polite =
      create(bench, sandbox, container_config(bench, "polite", "trap 'exit 7' TERM; sleep 1000 & wait"), pod);
  REQUIRE(start(bench, polite).ok());
  CHECK(status(bench, polite).state == ContainerState::kRunning);
  // The shell sets its trap up after the start: until then the signal would end it with 143.
  CHECK(stop(bench, polite, std::chrono::seconds(20)).ok());
  const std::int32_t code = status(bench, polite).exit_code;
  CHECK((code == 7 || code == 143));
  const std::string deaf = create(bench, sandbox, container_config(bench, "deaf", "trap '' TERM; sleep 1000"), pod);
  REQUIRE(start(bench, deaf).ok());
  CHECK(stop(bench, deaf, Duration(0)).ok());
  CHECK(status(bench, deaf).state == ContainerState::kExited);
  CHECK(status(bench, deaf).exit_code == 137);
  // The sandbox takes its containers with it.
  const std::string left = create(bench, sandbox, container_config(bench, "left", "sleep 1000"), pod);
  REQUIRE(start(bench, left).ok());
  CHECK(bench.wait<void>([&](auto done) { bench.runtime().stop_sandbox(sandbox, std::move(done)); }).ok());
  CHECK(wait_exited(bench, left).exit_code == 137);
  end_sandbox(bench, sandbox);
}

inline void check_exec(RuntimeBench& bench) {
  const SandboxConfig pod = sandbox_config(bench, "exec");
  const std::string sandbox = start_sandbox(bench, pod);
  const std::string id = create(bench, sandbox, container_config(bench, "c", "sleep 1000"), pod);
  REQUIRE(start(bench, id).ok());
  const auto exec = [&](std::vector<std::string> command, Duration timeout) {
    return bench.wait<ExecResult>(
        [&](auto done) { bench.runtime().exec_sync(id, std::move(command), timeout, std::move(done)); });
  };
  auto said = exec({"sh", "-c", "echo out; echo err >&2; exit 4"}, std::chrono::seconds(30));
  REQUIRE(said.ok());
  CHECK(said->standard_output == "out\n");
  CHECK(said->standard_error == "err\n");
  CHECK(said->exit_code == 4);
  auto late = exec({"sleep", "1000"}, std::chrono::seconds(1));
  REQUIRE(!late.ok());
  CHECK(late.error().reason() == Reason::kTimeout);
  CHECK(!exec({"no-such-program"}, std::chrono::seconds(30)).ok());
  end_sandbox(bench, sandbox);
}

struct Collected final : ProcessEvents {
  void on_output(std::string_view bytes) override { output += bytes; }
  void on_error_output(std::string_view bytes) override { error_output += bytes; }
  void on_end(Result<std::int32_t> code) override { ended.emplace(std::move(code)); }
  std::string output, error_output;
  std::optional<Result<std::int32_t>> ended;
};

// What is typed comes back, and the end of the input is seen by the process.
inline void check_exec_stream(RuntimeBench& bench) {
  if (!bench.has_exec_streams()) return;
  const SandboxConfig pod = sandbox_config(bench, "stream");
  const std::string sandbox = start_sandbox(bench, pod);
  const std::string id = create(bench, sandbox, container_config(bench, "c", "sleep 1000"), pod);
  REQUIRE(start(bench, id).ok());
  ExecRequest request;
  request.container_id = id;
  request.command = {"cat"};
  request.standard_input = true;
  Collected seen;
  auto stream =
      bench.wait<std::unique_ptr<ProcessStream>>([&](auto done) { bench.runtime().exec(std::move(request), std::move(done)); });
  REQUIRE_MESSAGE(stream.ok(), stream.error().message());
  (*stream)->start(&seen);
  (*stream)->write_input("hello\n");
  CHECK(bench.run_until([&] { return seen.output == "hello\n"; }));
  CHECK(!seen.ended);
  (*stream)->close_input();
  CHECK(bench.run_until([&] { return seen.ended.has_value(); }));
  REQUIRE(seen.ended->ok());
  CHECK(**seen.ended == 0);
  end_sandbox(bench, sandbox);
}

inline void check_errors(RuntimeBench& bench) {
  CHECK(bench.wait<void>([&](auto done) { bench.runtime().remove_container("no-such-container", std::move(done)); }).ok());
  auto unknown =
      bench.wait<ContainerStatus>([&](auto done) { bench.runtime().container_status("no-such-container", std::move(done)); });
  REQUIRE(!unknown.ok());
  CHECK(unknown.error().reason() == Reason::kNotFound);
  const SandboxConfig pod = sandbox_config(bench, "errors");
  const std::string sandbox = start_sandbox(bench, pod);
  ContainerConfig config = container_config(bench, "c", "true");
  config.image = "localhost/no-such-image:1";
  auto created =
      bench.wait<std::string>([&](auto done) { bench.runtime().create_container(sandbox, config, pod, std::move(done)); });
  REQUIRE(!created.ok());
  CHECK(created.error().reason() == Reason::kNotFound);
  config.image = bench.image();
  config.command = {"/no/such/command"};
  const std::string id = create(bench, sandbox, config, pod);
  CHECK(!start(bench, id).ok());
  const ContainerStatus failed = status(bench, id);
  CHECK(failed.exit_code == 128);
  CHECK(failed.reason == "StartError");
  end_sandbox(bench, sandbox);
}

inline void check_images(RuntimeBench& bench) {
  auto absent = bench.wait<std::optional<Image>>(
      [&](auto done) { bench.runtime().image_status("localhost/no-such-image:1", std::move(done)); });
  REQUIRE(absent.ok());
  CHECK(!absent->has_value());
  auto present =
      bench.wait<std::optional<Image>>([&](auto done) { bench.runtime().image_status(bench.image(), std::move(done)); });
  REQUIRE(present.ok());
  REQUIRE(present->has_value());
  CHECK(!(*present)->id.empty());
  CHECK(bench.wait<void>([&](auto done) { bench.runtime().remove_image("localhost/no-such-image:1", std::move(done)); }).ok());
}

// A container that sees an image, and a folder of one.
inline void check_image_mounts(RuntimeBench& bench) {
  const SandboxConfig pod = sandbox_config(bench, "image-mounts");
  const std::string sandbox = start_sandbox(bench, pod);
  auto known =
      bench.wait<std::optional<Image>>([&](auto done) { bench.runtime().image_status(bench.image(), std::move(done)); });
  REQUIRE((known.ok() && known->has_value()));
  const auto config = [&](const std::string& name, const std::string& folder) {
    ContainerConfig out = container_config(
        bench, name, "ls /all/" + bench.image_folder() + "; echo --; ls /part; echo x > /part/new; echo after");
    Mount all;
    all.container_path = "/all";
    all.image = (*known)->id;
    all.readonly = true;
    Mount part = all;
    part.container_path = "/part";
    part.image_sub_path = folder;
    out.mounts = {all, part};
    return out;
  };
  if (!bench.mounts_images()) {
    auto refused = bench.wait<std::string>(
        [&](auto done) { bench.runtime().create_container(sandbox, config("c", bench.image_folder()), pod, std::move(done)); });
    REQUIRE(!refused.ok());
    CHECK(refused.error().reason() == Reason::kMethodNotAllowed);
    return end_sandbox(bench, sandbox);
  }
  const std::string id = create(bench, sandbox, config("c", bench.image_folder()), pod);
  REQUIRE(start(bench, id).ok());
  std::string text, list;
  const std::string log = bench.read_file(wait_exited(bench, id).log_path);
  for (const std::string_view line : split(log, '\n')) {
    const auto at = line.find(" F ");
    if (at != std::string_view::npos) (text += line.substr(at + 3)) += '\n';
  }
  list = text.substr(0, text.find("--\n"));
  CAPTURE(text);
  CHECK(!list.empty());
  CHECK(text.rfind(list + "--\n" + list, 0) == 0);
  CHECK(text.find("Read-only file system") != std::string::npos);
  auto none = bench.wait<std::string>(
      [&](auto done) { bench.runtime().create_container(sandbox, config("d", "no/such"), pod, std::move(done)); });
  CHECK(!none.ok());
  end_sandbox(bench, sandbox);
}

// A container's life is told, each event with its id.
inline void check_events(RuntimeBench& bench) {
  std::vector<RuntimeEvent> events;
  bench.runtime().watch([&](const RuntimeEvent& event) { events.push_back(event); });
  const SandboxConfig pod = sandbox_config(bench, "events");
  const std::string sandbox = start_sandbox(bench, pod);
  const std::string id = create(bench, sandbox, container_config(bench, "c", "true"), pod);
  REQUIRE(start(bench, id).ok());
  const auto told = [&](EventType type) {
    for (const RuntimeEvent& event : events) {
      if (event.type == type && event.id == id) return true;
    }
    return false;
  };
  CHECK(bench.run_until([&] { return told(EventType::kStarted) && told(EventType::kStopped); }));
  end_sandbox(bench, sandbox);
  bench.runtime().watch(nullptr);
}

inline void check_runtime(RuntimeBench& bench) {
  SUBCASE("a sandbox") { check_sandbox(bench); }
  SUBCASE("a container") { check_container(bench); }
  SUBCASE("stopping") { check_stop(bench); }
  SUBCASE("exec") { check_exec(bench); }
  SUBCASE("exec with input") { check_exec_stream(bench); }
  SUBCASE("errors") { check_errors(bench); }
  SUBCASE("images") { check_images(bench); }
  SUBCASE("images in containers") { check_image_mounts(bench); }
  SUBCASE("events") { check_events(bench); }
}

}  // namespace contract
}  // namespace plinth::node
