// Upstream's own code as a child process (tools/oracle), for differential tests. Where Go or its modules are missing the tests
// that need it are skipped by name.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/value.h"

namespace plinth::api::testing {

class Oracle {
 public:
  // The one of this test run; null (and a message naming the test) when it cannot be had.
  static Oracle* get(std::string_view test);
  ~Oracle();
  // Sends one request (a JSON object) and returns the answer: {"result":...} or {"error":{...}}.
  Document ask(const Value& request);

 private:
  Oracle(int to, int from, int pid) : to_(to), from_(from), pid_(pid) {}
  static std::unique_ptr<Oracle> start();
  int to_, from_, pid_;
  std::string unread_;
};

}  // namespace plinth::api::testing
