#include "base/result.h"

#include <csignal>
#include <string>

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace plinth {
namespace {

struct Ending {
  int signal = 0;
  std::string said;  // on stderr
};

// Runs `body` in a child process, which has its signals as a program has them.
template <typename Body>
Ending ending_of(Body body) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::signal(SIGABRT, SIG_DFL);
    ::dup2(ends[1], STDERR_FILENO);
    body();
    ::_exit(0);
  }
  ::close(ends[1]);
  Ending ending;
  char buffer[512];
  for (ssize_t n = 0; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;)
    ending.said.append(buffer, static_cast<std::size_t>(n));
  ::close(ends[0]);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  if (WIFSIGNALED(status)) ending.signal = WTERMSIG(status);
  return ending;
}

Result<std::string> refused() { return bad_request("spec.replicas: must be at least 0"); }

TEST_CASE("who takes the value of an error ends with the error's message") {
  const Ending endings[] = {
      ending_of([] { (void)refused().value(); }),
      ending_of([] { (void)refused()->size(); }),
      ending_of([] { (void)*refused(); }),
      ending_of([] {
        const auto result = refused();
        (void)result.value();
      }),
      ending_of([] {
        auto result = refused();
        result.value().clear();
      }),
      ending_of([] { Result<void>(bad_request("spec.replicas: must be at least 0")).value(); }),
  };
  for (const Ending& ending : endings) {
    CHECK(ending.signal == SIGABRT);
    CHECK(ending.said == "the value of a result was taken that is an error: spec.replicas: must be at least 0\n");
  }
}

TEST_CASE("an error that was moved away still ends with a message") {
  const Ending ending = ending_of([] {
    auto result = refused();
    const Error taken = std::move(result).error();
    result.value().clear();
  });
  CHECK(ending.signal == SIGABRT);
  CHECK(ending.said == "the value of a result was taken that is an error: (the error was moved away)\n");
}

TEST_CASE("a value is there in every form") {
  Result<std::string> result(std::string("three"));
  const Result<std::string>& read_only = result;
  CHECK(ending_of([&] { result.value(); }).signal == 0);
  CHECK(read_only.value() == "three");
  CHECK(result->size() == 5);
  CHECK(read_only->size() == 5);
  CHECK(*read_only == "three");
  CHECK(*std::move(result) == "three");
  Result<void>().value();
}

}  // namespace
}  // namespace plinth
