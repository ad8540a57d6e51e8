// One seed: definitions, instances and children change at random while the platform dies after random writes. Left alone, what
// is there must be what the definitions say and nothing else; deleted in any order, nothing of it may stay.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sim/compose_model.h"
#include "sim/sim_platform.h"

namespace plinth::sim {

class ComposeRun {
 public:
  ComposeRun(std::uint64_t seed, ClientKind client);
  // What is wrong, or "".
  std::string run();
  std::size_t lives() const { return lives_; }

 private:
  void step();
  void write_definition();
  void write_instance();
  void touch_child();
  void write_in_between();
  void remove_something();
  void remove_everything();
  void make_foreign();
  std::string mend_definitions();
  // Lets time pass; a crash on the way is followed by another life.
  void pass(Duration time);
  void plan_crash();
  bool boot();
  int call(const std::string& method, const std::string& path, const std::string& body = "");

  std::string check_rest();
  std::string check_children();
  std::string check_foreign();
  Document list(const std::string& path);

  SimPlatform platform_;
  world_sim::SimRandom random_;
  std::vector<ModelDefinition> models_;         // by the label `model` of definitions
  std::map<std::string, std::string> foreign_;  // path to the object as it must stay
  std::size_t lives_ = 0, lives_max_ = 0;       // faults end where lives_max_ is reached
  std::string wrong_;
};

}  // namespace plinth::sim
