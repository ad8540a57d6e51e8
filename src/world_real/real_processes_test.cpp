#include "world_real/real_processes.h"

#include <filesystem>
#include <fstream>
#include <optional>

#include <doctest/doctest.h>
#include <signal.h>
#include <stdlib.h>

#include "world_real/spawner.h"
#include "world_real/test_loop.h"

namespace plinth::world_real {
namespace {

struct Seen final : ChildEvents {
  void on_output(std::string_view bytes) override { output += bytes; }
  void on_error_output(std::string_view bytes) override { error_output += bytes; }
  void on_exit(ExitStatus status) override { exited = status; }
  std::string output, error_output;
  std::optional<ExitStatus> exited;
};

// The spawner is forked while the test has one thread.
struct Children {
  Children() {
    auto spawner = fork_spawner();
    REQUIRE(spawner.ok());
    loop = std::move(EpollLoop::create()).value();
    processes = std::move(RealProcesses::create(*loop, std::move(*spawner))).value();
  }
  Result<std::unique_ptr<ChildProcess>> spawn(SpawnRequest request) {
    std::optional<Result<std::unique_ptr<ChildProcess>>> answer;
    processes->spawn(std::move(request),
                     [&](Result<std::unique_ptr<ChildProcess>> child) { answer.emplace(std::move(child)); });
    CHECK(!answer);
    REQUIRE(poll_until(*loop, [&] { return answer.has_value(); }));
    return std::move(*answer);
  }
  template <typename Condition>
  bool until(Condition condition) {
    return poll_until(*loop, condition);
  }
  std::unique_ptr<EpollLoop> loop;
  std::unique_ptr<RealProcesses> processes;
};

SpawnRequest shell(const std::string& script) {
  SpawnRequest request;
  request.arguments = {"sh", "-c", script};
  return request;
}

bool is_running(int pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(stat, text);
  const std::size_t end = text.rfind(')');
  return end != std::string::npos && text[end + 2] != 'Z';
}

TEST_CASE("children: output, exit codes and signals") {
  Children children;
  struct Row {
    std::string script, output, error_output;
    ExitStatus status;
  };
  for (const Row& row : {Row{"echo a; echo b >&2; exit 3", "a\n", "b\n", {3, 0}}, Row{"true", "", "", {0, 0}},
                         Row{"kill -TERM $$", "", "", {0, SIGTERM}}, Row{"echo x >/dev/stdout", "x\n", "", {0, 0}},
                         Row{"cat; echo end", "end\n", "", {0, 0}}}) {
    CAPTURE(row.script);
    Seen seen;
    auto child = children.spawn(shell(row.script));
    REQUIRE(child.ok());
    (*child)->start(&seen);
    REQUIRE(children.until([&] { return seen.exited.has_value(); }));
    CHECK(seen.output == row.output);
    CHECK(seen.error_output == row.error_output);
    CHECK(seen.exited->code == row.status.code);
    CHECK(seen.exited->signal == row.status.signal);
  }
}

TEST_CASE("children: more input than a pipe holds, then its end") {
  Children children;
  SpawnRequest request = shell("cat");
  request.input = true;
  Seen seen;
  auto child = children.spawn(std::move(request));
  REQUIRE(child.ok());
  (*child)->start(&seen);
  const std::string sent(300'000, 'y');
  (*child)->write_input(sent);
  CHECK((*child)->queued_input_bytes() > 0);
  (*child)->close_input();
  REQUIRE(children.until([&] { return seen.exited.has_value(); }));
  CHECK((seen.output == sent));
}

TEST_CASE("children: a terminal of their own") {
  Children children;
  SpawnRequest request = shell("stty size; tty >/dev/null && echo yes; read line; stty size; cat");
  request.output = ChildOutput::kTerminal;
  Seen seen;
  auto child = children.spawn(std::move(request));
  REQUIRE(child.ok());
  (*child)->start(&seen);
  REQUIRE(children.until([&] { return seen.output.find("yes") != std::string::npos; }));
  (*child)->resize(100, 40);
  (*child)->write_input("go\n");
  REQUIRE(children.until([&] { return seen.output.find("40 100") != std::string::npos; }));
  (*child)->close_input();
  REQUIRE(children.until([&] { return seen.exited.has_value(); }));
  CHECK(seen.exited->ok());
}

TEST_CASE("children: what cannot be started") {
  Children children;
  SpawnRequest nowhere = shell("true");
  nowhere.directory = "/no/such/folder";
  SpawnRequest missing;
  missing.arguments = {"no-such-program-here"};
  SpawnRequest large;
  large.arguments = {"true", std::string(Processes::kRequestBytesMax, 'x')};
  SpawnRequest no_log = shell("true");
  no_log.output = ChildOutput::kFile;
  no_log.log_file = "/no/such/folder/log";
  CHECK(children.spawn(std::move(nowhere)).error().message().find("/no/such/folder") != std::string::npos);
  CHECK((children.spawn(std::move(missing)).error().reason() == Reason::kNotFound));
  CHECK((children.spawn(std::move(large)).error().reason() == Reason::kBadRequest));
  CHECK((children.spawn(std::move(no_log)).error().reason() == Reason::kNotFound));
  CHECK((children.spawn({}).error().reason() == Reason::kBadRequest));
}

TEST_CASE("children: destroying one ends its whole group; so does the end of the parent") {
  Children children;
  Seen seen;
  auto child = children.spawn(shell("sleep 1000 & echo $!; wait"));
  REQUIRE(child.ok());
  (*child)->start(&seen);
  REQUIRE(children.until([&] { return seen.output.ends_with('\n'); }));
  const int leader = (*child)->pid(), other = std::stoi(seen.output);
  CHECK(is_running(leader));
  CHECK(is_running(other));
  child->reset();
  CHECK(children.until([&] { return !is_running(leader) && !is_running(other); }));

  Seen last;
  auto orphan = children.spawn(shell("sleep 1000 & echo $!; wait"));
  REQUIRE(orphan.ok());
  (*orphan)->start(&last);
  REQUIRE(children.until([&] { return last.output.ends_with('\n'); }));
  const int orphaned = (*orphan)->pid(), of_orphan = std::stoi(last.output);
  children.processes.reset();
  orphan->reset();
  CHECK(children.until([&] { return !is_running(orphaned) && !is_running(of_orphan); }));
}

TEST_CASE("children: output that a grandchild keeps open does not hold the end back") {
  Children children;
  Seen seen;
  auto child = children.spawn(shell("setsid sleep 30 & echo $!"));
  REQUIRE(child.ok());
  (*child)->start(&seen);
  REQUIRE(children.until([&] { return seen.exited.has_value(); }));
  CHECK(seen.exited->ok());
  ::kill(std::stoi(seen.output), SIGKILL);
}

TEST_CASE("children: a command run to its end, and one that takes too long") {
  Children children;
  std::optional<Result<CommandOutcome>> outcome;
  const auto run = [&](SpawnRequest request, std::string input, Duration timeout) -> Result<CommandOutcome>& {
    outcome.reset();
    run_command(*children.processes, *children.loop, std::move(request), std::move(input), timeout, 10,
                [&](Result<CommandOutcome> given) { outcome.emplace(std::move(given)); });
    REQUIRE(children.until([&] { return outcome.has_value(); }));
    return *outcome;
  };
  auto& said = run(shell("cat; exit 2"), "0123456789abc", std::chrono::seconds(20));
  REQUIRE(said.ok());
  CHECK(said->output == "0123456789");
  CHECK(said->status.code == 2);
  CHECK((run(shell("sleep 1000"), "", std::chrono::milliseconds(50)).error().reason() == Reason::kTimeout));
  SpawnRequest missing;
  missing.arguments = {"no-such-program-here"};
  CHECK((run(std::move(missing), "", std::chrono::seconds(20)).error().reason() == Reason::kNotFound));
}

}  // namespace
}  // namespace plinth::world_real
