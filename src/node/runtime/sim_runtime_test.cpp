#include "node/runtime/sim_runtime.h"

#include "node/host/memory_files.h"
#include "node/pod/labels.h"
#include "node/runtime/runtime_contract.h"
#include "node/runtime/sim_script.h"
#include "world_sim/sim_world.h"

namespace plinth::node {
namespace {

class SimBench final : public RuntimeBench {
 public:
  SimBench() : runtime_(world_.new_loop("runtime"), world_.clock(), files_) {
    const auto pulled = wait<std::string>([&](auto done) { runtime_.pull_image(image(), {}, {}, std::move(done)); });
    REQUIRE(pulled.ok());
  }
  Runtime& runtime() override { return runtime_; }
  bool run_until(const std::function<bool()>& done) override { return world_.run_until(done, std::chrono::minutes(5)); }
  std::string image() override { return "localhost/busybox:1"; }
  std::string image_folder() override { return "data"; }
  std::string read_file(const std::string& path) override {
    auto text = files_.read(path, 0, 1 << 20);
    return text.ok() ? *text : text.error().message();
  }
  std::string log_directory() override { return "/var/log/pods"; }
  SimRuntime& sim() { return runtime_; }

 private:
  world_sim::SimWorld world_{7};
  MemoryFiles files_;
  SimRuntime runtime_;
};

}  // namespace

TEST_CASE("the virtual runtime is a runtime") {
  SimBench bench;
  contract::check_runtime(bench);
}

TEST_CASE("a container that is to end does so unless its image is one that waits") {
  SimBench bench;
  const SandboxConfig pod = contract::sandbox_config(bench, "p");
  const std::string sandbox = contract::start_sandbox(bench, pod);
  int made = 0;
  for (const auto& [image, state] :
       {std::pair<std::string, ContainerState>{"registry.k8s.io/pause:3.10", ContainerState::kRunning},
        {"pause@sha256:00", ContainerState::kRunning},
        {"pause/nothing", ContainerState::kExited},
        {"nginx", ContainerState::kExited}}) {
    const std::string& shown = image;
    CAPTURE(shown);
    ContainerConfig config = contract::container_config(bench, "c" + std::to_string(++made), "");
    config.command.clear();
    config.args.clear();
    config.user_specified_image = image;
    config.annotations[std::string(kRunsToCompletion)] = "true";
    const std::string id = contract::create(bench, sandbox, config, pod);
    REQUIRE(contract::start(bench, id).ok());
    contract::status(bench, id);  // the first look at it lets its program begin
    CHECK(contract::status(bench, id).state == state);
  }
  contract::end_sandbox(bench, sandbox);
}

TEST_CASE("what programs the virtual shell knows") {
  ScriptContext context;
  context.envs.own = {{"NAME", "world"}};
  context.hostname = "pod-1";
  context.read = [](const std::string& path) -> Result<std::string> { return "content of " + path; };
  context.list = [](const std::string&) -> Result<std::string> { return std::string("a\nb\n"); };
  struct Case {
    std::string text, output, error_output;
    int code;
  };
  const Case cases[] = {
      {"echo hello $NAME", "hello world\n", "", 0},
      {"echo 'as is $NAME'; false; echo never", "as is $NAME\n", "", 1},
      {"echo \"in ${NAME}\" && exit 4", "in world\n", "", 4},
      {"hostname; cat /etc/x", "pod-1\ncontent of /etc/x", "", 0},
      {"ls /cache; echo oops >&2", "a\nb\n", "oops\n", 0},
      {"env", "NAME=world\n", "", 0},
      {"no-such-tool; echo never", "", "sh: no-such-tool: not found\n", 127},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    auto steps = parse_script({"sh", "-c", c.text}, context);
    REQUIRE(steps.ok());
    std::string output, error_output;
    int code = -1;
    for (const ScriptStep& step : *steps) {
      if (step.kind == ScriptStep::Kind::kOutput) (step.error_output ? error_output : output) += step.text;
      if (step.kind == ScriptStep::Kind::kExit) code = step.code;
      if (code >= 0) break;
    }
    CHECK(output == c.output);
    CHECK(error_output == c.error_output);
    CHECK(code == c.code);
  }
  CHECK(!parse_script({"/no/such/command"}, context).ok());
}

TEST_CASE("a reboot forgets containers and keeps images") {
  SimBench bench;
  const SandboxConfig pod = contract::sandbox_config(bench, "p");
  const std::string sandbox = contract::start_sandbox(bench, pod);
  const std::string id = contract::create(bench, sandbox, contract::container_config(bench, "c", "sleep 100"), pod);
  REQUIRE(contract::start(bench, id).ok());
  CHECK(bench.sim().running_count() == 1);
  CHECK(bench.sim().probe(id).outcome == ProbeOutcome::kSuccess);
  bench.sim().reboot();
  CHECK(bench.sim().running_count() == 0);
  CHECK(bench.sim().sandbox_count() == 0);
  CHECK(bench.sim().probe(id).outcome == ProbeOutcome::kFailure);
}

}  // namespace plinth::node
