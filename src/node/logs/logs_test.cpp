#include <doctest/doctest.h>

#include "base/time_text.h"
#include "node/host/memory_files.h"
#include "node/logs/cri_log.h"
#include "node/logs/log_reader.h"
#include "node/logs/log_rotation.h"
#include "node/logs/log_tail.h"

namespace plinth::node {
namespace {

constexpr const char* kPath = "/var/log/pods/p/c/0.log";
constexpr const char* kLog =
    "2026-01-01T00:00:01Z stdout F one\n"
    "2026-01-01T00:00:02.5Z stderr F two\n"
    "2026-01-01T00:00:03Z stdout P thr\n"
    "2026-01-01T00:00:04Z stdout F ee\n"
    "2026-01-01T00:00:05Z stdout F four\n";

struct LogBench {
  LogBench() {
    REQUIRE(files.make_directories("/var/log/pods/p/c", 0755).ok());
    REQUIRE(files.write(kPath, kLog, 0640).ok());
  }
  std::string read(LogOptions options) {
    LogReader reader(files, kPath, options);
    std::string out;
    do out += reader.next().value();
    while (!reader.at_end() && !reader.full());
    return out;
  }
  MemoryFiles files;
};

}  // namespace

TEST_CASE("entries of a log") {
  const auto entry = parse_log_entry("2026-01-01T00:00:01.5Z stderr P:x some text ");
  REQUIRE(entry);
  CHECK(entry->time == "2026-01-01T00:00:01.5Z");
  CHECK(entry->error_output);
  CHECK(entry->partial);
  CHECK(entry->text == "some text ");
  CHECK(parse_log_entry("2026-01-01T00:00:01Z stdout F")->text.empty());
  CHECK(parse_log_entry("2026-01-01T00:00:01Z stdout F ")->text.empty());
  for (const char* bad : {"", "x", "t stdin F x", "t stdout X x", "t stdout ", " stdout F x", "t stdout Fx y"}) {
    CAPTURE(bad);
    CHECK(!parse_log_entry(bad));
  }
}

TEST_CASE("what kubectl logs asks for") {
  LogBench bench;
  CHECK(bench.read({}) == "one\ntwo\nthree\nfour\n");
  LogOptions tail;
  tail.tail_lines = 1;
  CHECK(bench.read(tail) == "four\n");
  tail.tail_lines = 100;
  CHECK(bench.read(tail) == "one\ntwo\nthree\nfour\n");
  tail.tail_lines = 0;
  CHECK(bench.read(tail) == "");
  LogOptions limited;
  limited.limit_bytes = 6;
  CHECK(bench.read(limited) == "one\ntw");
  LogOptions times;
  times.timestamps = true;
  CHECK(bench.read(times) ==
        "2026-01-01T00:00:01Z one\n2026-01-01T00:00:02.5Z two\n2026-01-01T00:00:03Z three\n2026-01-01T00:00:05Z four\n");
  LogOptions since;
  since.since_ns = parse_rfc3339("2026-01-01T00:00:02.5Z")->wall_ns();
  CHECK(bench.read(since) == "two\nthree\nfour\n");
  LogOptions errors;
  errors.error_output = true;
  CHECK(bench.read(errors) == "two\n");
  CHECK(last_log_text(bench.files, kPath, 2, 100).value() == "ee\nfour\n");
  CHECK(last_log_text(bench.files, kPath, 80, 4).value() == "our\n");
}

TEST_CASE("a log that grows, and one that is rotated, are followed") {
  LogBench bench;
  LogReader reader(bench.files, kPath, {});
  CHECK(reader.next().value() == "one\ntwo\nthree\nfour\n");
  CHECK(reader.at_end());
  REQUIRE(bench.files.append(kPath, "2026-01-01T00:00:06Z stdout F fi", 0640).ok());
  CHECK(reader.next().value() == "");
  REQUIRE(bench.files.append(kPath, "ve\n", 0640).ok());
  CHECK(reader.next().value() == "five\n");
  CHECK(rotate_log(bench.files, kPath, "20260101-000007", 10).value());
  REQUIRE(bench.files.write(kPath, "2026-01-01T00:00:08Z stdout F six\n", 0640).ok());
  CHECK(reader.next().value() == "six\n");
}

TEST_CASE("old logs are few") {
  LogBench bench;
  for (int i = 0; i < 8; ++i) {
    REQUIRE(bench.files.write(kPath, kLog, 0640).ok());
    CHECK(rotate_log(bench.files, kPath, "2026010" + std::to_string(i), 10).value());
  }
  REQUIRE(bench.files.write(kPath, "x", 0640).ok());
  CHECK(!rotate_log(bench.files, kPath, "z", 10).value());
  const auto left = bench.files.list("/var/log/pods/p/c").value();
  CHECK(left.size() == kLogFilesMax);
  CHECK(left.back().name == "0.log.20260107");
}

}  // namespace plinth::node
