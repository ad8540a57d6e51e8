// Carries out the calls about one container in the order in which they were made. For .cpp files of cri only.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>

#include "base/function.h"

namespace plinth::cri {

// A call begins when the one before it has been answered. `work` gets a task that it runs once, when it is over.
class CallOrder {
 public:
  void run(const std::string& id, UniqueFunction<void(Task)> work);

 private:
  void begin_next(const std::string& id);
  std::map<std::string, std::deque<UniqueFunction<void(Task)>>, std::less<>> waiting_;  // the first one is under way
  std::shared_ptr<CallOrder*> self_ = std::make_shared<CallOrder*>(this);

 public:
  ~CallOrder() { *self_ = nullptr; }
};

}  // namespace plinth::cri
