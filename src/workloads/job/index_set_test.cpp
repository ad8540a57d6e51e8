#include "workloads/job/index_set.h"

#include <doctest/doctest.h>

namespace plinth::workloads {

TEST_CASE("sets of indexes") {
  struct Case {
    const char* text;
    std::int64_t completions;
    const char* canonical;
    std::int64_t count;
  };
  const Case cases[] = {
      {"", 5, "", 0},           {"0", 5, "0", 1},         {"0,1", 5, "0,1", 2}, {"0-2", 5, "0-2", 3},
      {"0,2-4", 9, "0,2-4", 4}, {"1,2,3", 9, "1-3", 3},   {"3-9", 6, "3-5", 3}, {"7", 6, "", 0},
      {"x,1", 6, "1", 1},       {"1-2,3-4", 9, "1-4", 4}, {"4-2", 9, "", 0},    {"0-0", 3, "0", 1},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    const IndexSet set = IndexSet::parse(c.text, c.completions);
    CHECK(set.text() == c.canonical);
    CHECK(set.count() == c.count);
  }
}

TEST_CASE("indexes join, are found, and are missed") {
  IndexSet set = IndexSet::parse("1,3,7-8", 10);
  set.add(2);
  CHECK(set.text() == "1-3,7,8");
  CHECK(set.has(3));
  CHECK(!set.has(4));
  CHECK(set.first_missing(3, 10) == std::vector<std::int64_t>{0, 4, 5});
  CHECK(set.first_missing(9, 6) == std::vector<std::int64_t>{0, 4, 5});
  set.add(IndexSet::parse("0,5-6", 10));
  CHECK(set.text() == "0-3,5-8");
  CHECK(set.count_common(IndexSet::parse("2-6", 10)) == 4);
}

}  // namespace plinth::workloads
