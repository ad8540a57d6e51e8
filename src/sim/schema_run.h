// One seed: a definition of custom resources changes at random - fields, defaults, pruning, which version is stored, which are
// served - while objects are stored, written and read through all its versions and the platform dies after random writes.
// Whatever is read must be what the schemas say of what was written, and a change of schema alone gives no object a new
// revision.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/schema_model.h"
#include "sim/sim_platform.h"

namespace plinth::sim {

class SchemaRun {
 public:
  SchemaRun(std::uint64_t seed, ClientKind client);
  // What is wrong, or "".
  std::string run();
  std::size_t lives() const { return lives_; }
  std::size_t acknowledged() const { return acknowledged_; }

 private:
  // What an object may be: more than one where an answer did not come. Nothing: it is not there.
  using Candidate = std::optional<StoredThing>;
  using Candidates = std::vector<Candidate>;

  void step();
  void define();
  void remove_definition();
  void create_object();
  void replace_object();
  void patch_object();
  void delete_object();
  std::string check();
  std::string check_object(const std::string& name, std::size_t version);
  std::string check_list(std::size_t version);
  std::string check_rest();

  server::LocalAnswer call(const std::string& method, const std::string& path, const std::string& body = "");
  // `after` is what a candidate becomes when the request is carried out: nothing where it would be refused with `refusal`.
  void change(const std::string& name, const server::LocalAnswer& answer, std::size_t version, int refusal,
              const std::function<Candidates(const Candidate&)>& after);
  void fail(const std::string& what) {
    if (wrong_.empty()) wrong_ = what;
  }
  // Lets time pass; a crash on the way is followed by another life.
  void pass(Duration time);
  void plan_crash();
  bool boot();
  // The definition as it is; none: there is none.
  void look_at_definition();
  const ModelShape& shape() const { return shapes_[*shape_]; }
  std::size_t some_version() { return random_.below(kModelVersions.size()); }
  std::string some_name() { return std::string(1, static_cast<char>('a' + random_.below(4))); }

  SimPlatform platform_;
  world_sim::SimRandom random_;
  std::vector<ModelShape> shapes_;  // by the label `shape` of the definition
  std::optional<std::size_t> shape_;
  std::map<std::string, Candidates> objects_;
  std::size_t lives_ = 0, lives_max_ = 0, acknowledged_ = 0;
  std::string wrong_;
};

}  // namespace plinth::sim
