#include "api/testing/oracle.h"

#include <cstdlib>
#include <filesystem>

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/json.h"

namespace plinth::api::testing {
namespace {

namespace fs = std::filesystem;

fs::path find_sources() {
  for (fs::path folder = fs::read_symlink("/proc/self/exe").parent_path(); folder.has_relative_path();
       folder = folder.parent_path()) {
    if (fs::exists(folder / "tools/oracle/go.mod")) return folder / "tools/oracle";
  }
  return {};
}

// Builds the program beside the test, from modules that are on this machine: a test run downloads nothing.
std::string find_program() {
  if (const char* path = std::getenv("PLINTH_ORACLE")) return path;
  fs::path sources = find_sources();
  if (sources.empty()) return "";
  std::string program = (fs::read_symlink("/proc/self/exe").parent_path() / "oracle").string();
  std::string build =
      "cd '" + sources.string() + "' && GOPROXY=off GOFLAGS=-mod=readonly go build -o '" + program + "' . 2>/dev/null";
  return std::system(build.c_str()) == 0 ? program : "";
}

}  // namespace

std::unique_ptr<Oracle> Oracle::start() {
  std::string program = find_program();
  int requests[2], answers[2];
  if (program.empty() || pipe(requests) != 0 || pipe(answers) != 0) return nullptr;
  int pid = fork();
  if (pid == 0) {
    dup2(requests[0], 0);
    dup2(answers[1], 1);
    for (int fd : {requests[0], requests[1], answers[0], answers[1]}) close(fd);
    execl(program.c_str(), program.c_str(), nullptr);
    _exit(127);
  }
  close(requests[0]);
  close(answers[1]);
  return std::unique_ptr<Oracle>(new Oracle(requests[1], answers[0], pid));
}

Oracle* Oracle::get(std::string_view test) {
  static std::unique_ptr<Oracle> oracle = start();
  if (oracle == nullptr) MESSAGE("skipped: " << std::string(test) << " (no Go toolchain with the modules of tools/oracle)");
  return oracle.get();
}

Oracle::~Oracle() {
  close(to_);
  close(from_);
  waitpid(pid_, nullptr, 0);
}

Document Oracle::ask(const Value& request) {
  std::string line = to_json(request) + "\n";
  for (std::string_view rest = line; !rest.empty();) {
    ssize_t n = write(to_, rest.data(), rest.size());
    REQUIRE(n > 0);
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
  std::size_t end = std::string::npos;
  while ((end = unread_.find('\n')) == std::string::npos) {
    char buffer[65536];
    ssize_t n = read(from_, buffer, sizeof buffer);
    REQUIRE(n > 0);
    unread_.append(buffer, static_cast<std::size_t>(n));
  }
  Result<Document> answer = parse_json(std::string_view(unread_).substr(0, end));
  unread_.erase(0, end + 1);
  REQUIRE(answer.ok());
  return std::move(*answer);
}

}  // namespace plinth::api::testing
