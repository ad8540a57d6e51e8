// cel-spec's conformance tests, in protojson of its test messages (cel.expr.conformance.test.SimpleTest).
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cel/time.h"

namespace plinth::cel {

struct ConformanceResult {
  std::size_t passed = 0;
  std::size_t skipped = 0;            // need protobuf messages, by their data alone
  std::vector<std::string> failures;  // "section/name: expr: expected ..., got ..."
};

// All tests of one file. An error is a file that cannot be read as one.
Result<ConformanceResult> run_conformance(std::string_view file, std::shared_ptr<const TimeZones> zones);

}  // namespace plinth::cel
