#include "workloads/job/index_set.h"

#include <algorithm>

#include "base/text.h"

namespace plinth::workloads {

IndexSet IndexSet::parse(std::string_view text, std::int64_t completions) {
  IndexSet out;
  if (text.empty()) return out;
  for (const std::string_view part : split(text, ',')) {
    const auto [low, high] = cut(part, "-");
    const auto first = parse_integer<std::int64_t>(low);
    const auto last = high ? parse_integer<std::int64_t>(*high) : first;
    if (!first || !last || *first < 0 || *first >= completions) continue;
    out.add({*first, std::min(*last, completions - 1)});
  }
  return out;
}

void IndexSet::add(Interval interval) {
  if (interval.last < interval.first) return;
  // Everything that it touches becomes one with it.
  auto begin =
      std::find_if(intervals_.begin(), intervals_.end(), [&](const Interval& i) { return i.last + 1 >= interval.first; });
  auto end = begin;
  for (; end != intervals_.end() && end->first <= interval.last + 1; ++end) {
    interval.first = std::min(interval.first, end->first);
    interval.last = std::max(interval.last, end->last);
  }
  intervals_.insert(intervals_.erase(begin, end), interval);
}

void IndexSet::add(const IndexSet& other) {
  for (const Interval& interval : other.intervals_) add(interval);
}

bool IndexSet::has(std::int64_t index) const {
  const auto found = std::lower_bound(intervals_.begin(), intervals_.end(), index,
                                      [](const Interval& i, std::int64_t value) { return i.last < value; });
  return found != intervals_.end() && found->first <= index;
}

std::int64_t IndexSet::count() const {
  std::int64_t out = 0;
  for (const Interval& i : intervals_) out += i.last - i.first + 1;
  return out;
}

std::int64_t IndexSet::count_common(const IndexSet& other) const {
  std::int64_t out = 0;
  auto a = intervals_.begin();
  auto b = other.intervals_.begin();
  while (a != intervals_.end() && b != other.intervals_.end()) {
    out += std::max<std::int64_t>(0, std::min(a->last, b->last) - std::max(a->first, b->first) + 1);
    if (a->last < b->last)
      ++a;
    else
      ++b;
  }
  return out;
}

std::string IndexSet::text() const {
  std::string out;
  for (const Interval& i : intervals_) {
    if (!out.empty()) out += ',';
    out += std::to_string(i.first);
    if (i.last > i.first) out += (i.last == i.first + 1 ? "," : "-") + std::to_string(i.last);
  }
  return out;
}

std::vector<std::int64_t> IndexSet::first_missing(std::size_t count, std::int64_t completions) const {
  std::vector<std::int64_t> out;
  std::int64_t candidate = 0;
  for (const Interval& i : intervals_) {
    for (; candidate < std::min(i.first, completions) && out.size() < count; ++candidate) out.push_back(candidate);
    candidate = std::max(candidate, i.last + 1);
  }
  for (; candidate < completions && out.size() < count; ++candidate) out.push_back(candidate);
  return out;
}

}  // namespace plinth::workloads
