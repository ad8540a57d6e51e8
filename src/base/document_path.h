// Where a parser is in the document it reads, for messages: "spec.list[0].name".
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace plinth {

class DocumentPath {
 public:
  // Duplicates that are reported per document at most.
  static constexpr std::size_t kDuplicatesMax = 100;

  void enter() { steps_.push_back({}); }
  void leave() { steps_.pop_back(); }
  // The key must stay valid while it is the current one.
  void set_key(std::string_view key) { steps_.back() = {key, 0, false}; }
  void set_index(std::size_t index) { steps_.back() = {{}, index, true}; }
  std::size_t depth() const { return steps_.size(); }

  std::string text() const {
    std::string out;
    for (const Step& step : steps_) {
      if (step.is_index) {
        out += '[' + std::to_string(step.index) + ']';
        continue;
      }
      if (!out.empty()) out += '.';
      out += step.key;
    }
    return out;
  }

  // Appends the current path once; nothing when `duplicates` is null or full.
  void report_to(std::vector<std::string>* duplicates) const {
    if (duplicates == nullptr || duplicates->size() >= kDuplicatesMax) return;
    std::string path = text();
    if (std::find(duplicates->begin(), duplicates->end(), path) == duplicates->end()) duplicates->push_back(std::move(path));
  }

 private:
  struct Step {
    std::string_view key;
    std::size_t index = 0;
    bool is_index = false;
  };
  std::vector<Step> steps_;
};

}  // namespace plinth
