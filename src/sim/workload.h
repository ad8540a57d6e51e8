// What several clients do to a platform, at random: writes of every kind, in several requests at once, and reads. Keeps what
// was asked and what was answered, for the checks.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/history.h"
#include "sim/sim_platform.h"

namespace plinth::sim {

class Workload {
 public:
  Workload(SimPlatform& platform, History& history, std::uint64_t seed)
      : platform_(platform), history_(history), random_(seed) {}

  // Sends one more request; the answer comes as the world runs.
  void step();
  std::size_t under_way() const { return under_way_.size(); }
  // The platform has died: what was under way may have happened or not.
  void lost_connection();
  // What has been answered since the last time against the history; call when the history has been read on. What is wrong, or
  // "".
  std::string check();
  // After a start: what changed between the last change that was seen and the state now, where the changes themselves are not
  // known.
  std::string check_gap(const History& history);
  // Takes away what clients hold deletions up with.
  void release_finalizers();
  // Everything that was answered, in order.
  std::uint64_t transcript() const { return transcript_; }
  std::size_t acknowledged() const { return acknowledged_; }

 private:
  struct Operation {
    std::string method, target, key;  // `key`: of the object, "" when it is not known before
    std::string value;                // data.v that it writes
    bool dry_run = false;
  };
  struct Told {
    std::string what, key;
    store::Revision revision = 0;
    std::uint64_t digest = 0;
  };
  struct ToldGone {
    std::string key, uid;
  };
  struct ToldList {
    std::string prefix;
    store::Revision revision = 0;
    std::map<std::string, store::Revision> items;
  };

  void write_config_map();
  void remove_something();
  void change_namespace();
  void change_definition();
  void write_other();
  void read();
  void send(Operation operation, const std::string& body, const std::string& content_type = "");
  void take_answer(std::uint64_t id, const server::LocalAnswer& answer);
  void take_list(const Operation& operation, const Value& list);

  std::string some_namespace();
  std::string some_name() { return std::string(1, static_cast<char>('a' + random_.below(6))); }
  std::string some_metadata();
  std::string new_value() {
    return std::to_string(++values_) + "-" + std::string(random_.below(8) == 0 ? random_.below(3'000) : random_.below(60), 'x');
  }
  std::string data(const std::string& value) { return R"("data":{"v":")" + value + "\"}"; }

  SimPlatform& platform_;
  History& history_;
  world_sim::SimRandom random_;
  std::uint64_t operations_ = 0, values_ = 0, transcript_ = 0;
  std::size_t acknowledged_ = 0;
  int life_ = 0;
  std::map<std::uint64_t, Operation> under_way_;
  std::vector<Operation> uncertain_;                   // under way when the platform died
  std::map<std::string, std::string> values_written_;  // value -> key that it may be found at
  std::set<std::string> refused_;                      // values that must not be found
  std::vector<Told> told_;
  std::vector<ToldGone> gone_;
  std::vector<ToldList> lists_;
  store::Revision checked_ = 0;
};

}  // namespace plinth::sim
