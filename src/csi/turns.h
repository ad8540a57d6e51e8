// One piece of work for each key at a time; the rest waits in the order it came. On one loop.
#pragma once

#include <deque>
#include <map>
#include <string>

#include "base/world.h"

namespace plinth::csi {

class Turns {
 public:
  // Runs at once, or after those before it; its end calls next().
  void take(const std::string& key, Task task) {
    std::deque<Task>& waiting = waiting_[key];
    waiting.push_back(std::move(task));
    if (waiting.size() == 1) run(key);
  }
  void next(const std::string& key) {
    const auto it = waiting_.find(key);
    if (it == waiting_.end()) return;
    it->second.pop_front();
    if (it->second.empty())
      waiting_.erase(it);
    else
      run(key);
  }

 private:
  // Moved out first: it may end, and take its place in the queue along, while it runs.
  void run(const std::string& key) {
    Task task = std::move(waiting_[key].front());
    task();
  }
  std::map<std::string, std::deque<Task>> waiting_;  // the first runs
};

}  // namespace plinth::csi
