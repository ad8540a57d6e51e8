// Sets of completion indexes in the form of status.completedIndexes: "0,2-5,7".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace plinth::workloads {

class IndexSet {
 public:
  struct Interval {
    std::int64_t first, last;
  };

  // What is not a number, and what is not below `completions`, is left out.
  static IndexSet parse(std::string_view text, std::int64_t completions);

  void add(std::int64_t index) { add({index, index}); }
  void add(const IndexSet& other);
  bool has(std::int64_t index) const;
  std::int64_t count() const;
  std::int64_t count_common(const IndexSet& other) const;
  bool empty() const { return intervals_.empty(); }
  // Two that follow each other are "1,2", more are "1-3".
  std::string text() const;
  // The lowest `count` indexes below `completions` that are not in it.
  std::vector<std::int64_t> first_missing(std::size_t count, std::int64_t completions) const;

 private:
  void add(Interval interval);
  std::vector<Interval> intervals_;  // in order, with gaps between them
};

}  // namespace plinth::workloads
