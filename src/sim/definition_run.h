// One seed: definitions that are refused and definitions that are good come, change and go in any order, some of one kind, some
// composing the kind of another, while the platform dies after random writes. Written anew as they should be and left alone,
// all of them must be active, with the revision that they say.
#pragma once

#include <cstdint>
#include <string>

#include "sim/sim_platform.h"

namespace plinth::sim {

class DefinitionRun {
 public:
  DefinitionRun(std::uint64_t seed, ClientKind client);
  // What is wrong, or "".
  std::string run();
  std::size_t lives() const { return lives_; }

 private:
  void step();
  void write(std::size_t definition, bool good);
  void touch_crd();
  std::string put_right();
  std::string check();
  std::string check_one(std::size_t definition);
  int call(const std::string& method, const std::string& path, const std::string& body = "");
  void pass(Duration time);
  bool boot();
  void plan_crash();
  Document get(const std::string& path);
  std::string resources(std::size_t definition, bool good);

  SimPlatform platform_;
  world_sim::SimRandom random_;
  std::uint64_t written_ = 0;
  std::size_t lives_ = 0;
  bool calm_ = false;  // no more faults
  std::string wrong_;
};

}  // namespace plinth::sim
