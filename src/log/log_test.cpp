// The log on its own: what recovery takes for damage and what for a torn tail.
#include "log/log.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "log/crc32c.h"
#include "world_sim/sim_world.h"

namespace plinth::log {
namespace {

struct Bench {
  world_sim::SimWorld world{1};
  LogOptions options;
  std::unique_ptr<Log> log;
  std::vector<std::string> payloads;
  Recovery recovery;
  std::uint64_t covered = 0;
  Bench() {
    options.directory = "/log";
    options.segment_bytes = 8 << 10;
  }
  Result<void> try_open() {
    log.reset();
    payloads.clear();
    auto opened = Log::open(
        world.disk(), world.entropy(), options, covered,
        [&](const Group& group) {
          payloads.emplace_back(group.payload);
          return Result<void>();
        },
        recovery);
    if (!opened.ok()) return std::move(opened).error();
    log = std::move(opened).value();
    return {};
  }
  void open() {
    const auto opened = try_open();
    REQUIRE_MESSAGE(opened.ok(), (opened.ok() ? "" : opened.error().message()));
  }
  Address append(const std::string& payload) {
    const Address address = log->begin(payload.size()).value();
    std::string group(kGroupHeaderBytes, '\0');
    group += payload;
    REQUIRE(log->append(group, 1, 7).ok());
    return address;
  }
  // Overwrites bytes at rest.
  void scribble(std::uint64_t number, std::uint64_t offset, const std::string& bytes) {
    auto file = world.disk().open("/log/" + segment_name(number), OpenMode::kReadWrite).value();
    REQUIRE(file->write_at(offset, bytes).ok());
    REQUIRE(file->sync().ok());
  }
};

TEST_CASE("crc32c gives the published values") {
  CHECK(crc32c(0, "") == 0);
  CHECK(crc32c(0, "123456789") == 0xe3069283u);
  CHECK(crc32c(0, std::string(32, '\0')) == 0x8a9136aau);
  CHECK(crc32c(0, std::string(32, '\xff')) == 0x62a8ab43u);
  CHECK(crc32c(crc32c(0, "12345"), "6789") == 0xe3069283u);
}

TEST_CASE("groups come back in order over segments, and are read by address") {
  Bench bench;
  bench.open();
  CHECK(bench.recovery.fresh);
  std::vector<std::string> written;
  std::vector<Address> addresses;
  for (int i = 0; i < 100; ++i) {
    written.push_back(std::to_string(i) + std::string(static_cast<std::size_t>(i) * 7 % 500, 'x'));
    if (i == 50) written.back() = std::string(20'000, 'L');  // larger than a segment
    addresses.push_back(bench.append(written.back()));
  }
  CHECK(segment_of(addresses.back()) > 5);
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = 0; i < written.size(); ++i)
      CHECK(bench.log->read(addresses[i], written[i].size()).value() == written[i]);
    bench.open();
    CHECK(bench.payloads == written);
    CHECK(bench.recovery.last_sequence == 100);
    CHECK(!bench.recovery.tail_cut);
  }
}

TEST_CASE("retired segments are used again and never bring old groups back") {
  Bench bench;
  bench.open();
  std::vector<std::string> written;
  for (int i = 0; i < 200; ++i) {
    written.push_back("group-" + std::to_string(i) + std::string(300, 'x'));
    bench.append(written.back());
    if (bench.log->active_segment() > 3) bench.log->retire(bench.log->active_segment() - 2);
    REQUIRE(bench.log->prepare_spare().ok());
    if (i % 17 == 0) {
      bench.covered = bench.log->last_sequence();
      bench.open();
      REQUIRE(bench.payloads.size() <= written.size());
      CHECK(std::equal(bench.payloads.rbegin(), bench.payloads.rend(), written.rbegin()));
    }
  }
  CHECK(bench.log->first_segment() > 10);
  CHECK(bench.world.disk().paths().size() < 7);
  CHECK(!bench.log->read(make_address(1, 4200), 10).ok());
}

TEST_CASE("a flipped bit is damage when a later group is whole, else a torn tail") {
  for (std::uint64_t bit = 0; bit < 8 * 48 * 4; bit += 5) {
    Bench bench;
    bench.open();
    for (const char* text : {"first", "second", "third"}) bench.append(text);
    bench.log.reset();
    // Groups are 64 bytes each: header 48, payload padded to 16.
    const std::uint64_t at = kFirstGroupOffset * 8 + bit;
    REQUIRE(bench.world.disk().flip_bit("/log/" + segment_name(1), at));
    const std::uint64_t group = bit / (64 * 8);
    const std::uint64_t byte = bit / 8 % 64;
    const std::uint64_t used = 48 + (group == 1 ? 6 : 5);
    CAPTURE(bit);
    const bool checked = byte < used;
    const auto opened = bench.try_open();
    if (!checked) {
      CHECK(opened.ok());  // padding
    } else if (group < 2) {
      REQUIRE(!opened.ok());
      CHECK(opened.error().message().find(segment_name(1)) != std::string::npos);
      CHECK(opened.error().message().find("estore") != std::string::npos);
    } else {
      CHECK(opened.ok());
      CHECK(bench.payloads == std::vector<std::string>{"first", "second"});
    }
  }
}

TEST_CASE("a later group is found wherever it stands behind the damage") {
  constexpr std::size_t kWindow = 256 * 1024;  // what recovery looks at at once
  for (const std::size_t distance :
       {kWindow - 64, kWindow - 48, kWindow - 32, kWindow - 16, kWindow, kWindow + 16, 2 * kWindow - 16, 3 * kWindow}) {
    CAPTURE(distance);
    Bench bench;
    bench.options.segment_bytes = 1 << 20;
    bench.open();
    bench.append(std::string(distance - kGroupHeaderBytes, 'a'));
    bench.append("later");
    bench.scribble(1, kFirstGroupOffset + kGroupHeaderBytes + 5, "!");
    const auto opened = bench.try_open();
    REQUIRE_FALSE(opened.ok());
    CHECK(opened.error().message().find("but a later one can") != std::string::npos);
    // The later one gone as well, it is a torn tail.
    bench.scribble(1, kFirstGroupOffset + distance + kGroupHeaderBytes, "?");
    bench.open();
    CHECK(bench.payloads.empty());
  }
}

TEST_CASE("a missing or headless segment is damage") {
  auto filled = [](Bench& bench) {
    bench.open();
    for (int i = 0; i < 60; ++i) bench.append(std::string(400, 'x'));
    CHECK(bench.log->active_segment() >= 6);
    bench.log.reset();
  };
  for (const std::uint64_t number : {1, 3, 5}) {
    CAPTURE(number);
    Bench gone;
    filled(gone);
    REQUIRE(gone.world.disk().remove("/log/" + segment_name(number)).ok());
    CHECK(!gone.try_open().ok());
    Bench headless;
    filled(headless);
    headless.scribble(number, 0, std::string(16, 'z'));
    CHECK(!headless.try_open().ok());
    Bench zeroed;
    filled(zeroed);
    zeroed.scribble(number, kFirstGroupOffset, std::string(4096, '\0'));
    CHECK(!zeroed.try_open().ok());
  }
  Bench foreign;
  filled(foreign);
  SegmentHeader header{1, 2, 3};
  foreign.scribble(2, 0, encode(header));
  CHECK(!foreign.try_open().ok());
}

TEST_CASE("a failed sync is final") {
  Bench bench;
  bench.open();
  bench.append("kept");
  bench.world.disk().fail_nth(world_sim::DiskOperation::kSync, 1);
  std::string group(kGroupHeaderBytes + 4, 'x');
  REQUIRE(bench.log->begin(4).ok());
  CHECK(!bench.log->append(group, 1, 0).ok());
  const auto refused = bench.log->begin(4);
  REQUIRE(!refused.ok());
  CHECK(refused.error().reason() == Reason::kServiceUnavailable);
}

}  // namespace
}  // namespace plinth::log
