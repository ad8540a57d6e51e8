#include "cel/conformance.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include <doctest/doctest.h>

#include "cel/time_zone_files.h"

namespace plinth::cel {
namespace {

std::optional<std::string> read_whole(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

// The data lies beside the project; PLINTH_CONFORMANCE names another place.
std::filesystem::path data_folder() {
  if (const char* named = std::getenv("PLINTH_CONFORMANCE")) return std::filesystem::path(named) / "cel";
  for (const char* up : {"..", "../.."}) {
    std::filesystem::path folder = std::filesystem::path(PLINTH_SOURCE_DIR) / up / "shared/conformance/cel";
    if (std::filesystem::exists(folder)) return folder;
  }
  return {};
}

struct File {
  const char* name;
  std::size_t tests;    // that are run
  std::size_t skipped;  // that need protobuf messages
};

constexpr File kFiles[] = {
    {"basic.json", 33, 0},       {"bindings_ext.json", 7, 0}, {"block_ext.json", 20, 8},    {"comparisons.json", 274, 60},
    {"conversions.json", 82, 0}, {"dynamic.json", 0, 181},    {"encoders_ext.json", 3, 0},  {"enums.json", 0, 63},
    {"fields.json", 52, 0},      {"fp_math.json", 24, 0},     {"integer_math.json", 54, 0}, {"lists.json", 28, 0},
    {"logic.json", 26, 0},       {"macros.json", 37, 0},      {"macros2.json", 34, 0},      {"math_ext.json", 162, 0},
    {"namespace.json", 12, 0},   {"network_ext.json", 61, 0}, {"optionals.json", 46, 10},   {"parse.json", 146, 20},
    {"plumbing.json", 3, 0},     {"proto2.json", 0, 98},      {"proto2_ext.json", 0, 13},   {"proto3.json", 0, 68},
    {"string.json", 43, 0},      {"string_ext.json", 163, 1}, {"timestamps.json", 60, 1},   {"type_deductions.json", 22, 15},
    {"wrappers.json", 0, 25},
};

}  // namespace

TEST_CASE("cel-spec conformance") {
  std::filesystem::path folder = data_folder();
  if (folder.empty()) {
    std::cout << "skipped: cel-spec conformance (no shared/conformance/cel beside the project)\n";
    return;
  }
  auto zones =
      std::make_shared<TimeZoneFiles>([](const std::string& name) { return read_whole("/usr/share/zoneinfo/" + name); });
  for (const File& file : kFiles) {
    CAPTURE(file.name);
    auto text = read_whole(folder / file.name);
    REQUIRE(text);
    auto result = run_conformance(*text, zones);
    REQUIRE(result.ok());
    for (const std::string& failure : result->failures) FAIL_CHECK(failure);
    CHECK(result->passed == file.tests);
    CHECK(result->skipped == file.skipped);
    std::cout << file.name << ": " << result->passed << " passed, " << result->skipped << " skipped\n";
  }
}

}  // namespace plinth::cel
