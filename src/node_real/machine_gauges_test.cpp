#include "node_real/machine_gauges.h"

#include <doctest/doctest.h>

namespace plinth::node_real {

TEST_CASE("what /proc says of a machine") {
  // user 100, nice 20, system 30, idle 1000, iowait 50, irq 4, softirq 6, steal 7, guest 99
  CHECK(read_cpu_ns("cpu  100 20 30 1000 50 4 6 7 99 0\ncpu0 1 2 3\n", 100) == 160ull * 10'000'000);
  CHECK(read_cpu_ns("cpu  100 20 30 1000 50 4 6 7", 1000) == 160ull * 1'000'000);
  for (const char* text : {"", "cpu 1 2 3", "cpu0 1 2 3 4 5 6 7", "cpu a 2 3 4 5 6 7 8"})
    CHECK_FALSE(read_cpu_ns(text, 100).has_value());

  const auto memory =
      read_memory("MemTotal:       1000 kB\nMemFree:         300 kB\nInactive:  500 kB\nInactive(file):  200 kB\n");
  REQUIRE(memory.has_value());
  CHECK(memory->bytes == 1000 * 1024);
  CHECK(memory->working_set_bytes == 500 * 1024);
  CHECK_FALSE(read_memory("MemTotal: 1000 kB\nMemFree: 300 kB\n").has_value());

  CHECK(read_process_count("2.60 2.45 3.02 1/109 20386\n") == 109);
  CHECK_FALSE(read_process_count("2.60 2.45 3.02\n").has_value());
}

TEST_CASE("the gauges of this machine") {
  const auto gauges = make_machine_gauges("/", "/no/such/folder/yet");
  const auto first = gauges->read();
  REQUIRE(first.ok());
  CHECK(first->cpu_ns > 0);
  CHECK(first->memory_bytes > first->memory_working_set_bytes);
  CHECK(first->memory_working_set_bytes > 0);
  CHECK(first->memory_available_bytes() == first->memory_bytes - first->memory_working_set_bytes);
  CHECK(first->processes > 0);
  CHECK(first->processes_max > first->processes);
  CHECK(first->node_files.bytes > 0);
  CHECK(first->node_files.bytes >= first->node_files.bytes_available);
  CHECK(first->images.bytes == first->node_files.bytes);  // of what is above
  const auto second = gauges->read();
  REQUIRE(second.ok());
  CHECK(second->cpu_ns >= first->cpu_ns);
}

}  // namespace plinth::node_real
