// What a test knows of custom resources without asking the platform: schemas made at random, and how an object that was stored
// through one version of one of them looks through another.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/value.h"
#include "world_sim/sim_random.h"

namespace plinth::sim {

// A JSON value; `text` is a scalar's.
struct Thing {
  enum class Type : std::uint8_t { kScalar, kObject, kList };
  Type type = Type::kScalar;
  std::string text = "null";
  std::map<std::string, Thing> members;
  std::vector<Thing> items;

  bool is_null() const { return type == Type::kScalar && text == "null"; }
  bool operator==(const Thing&) const = default;
};
Thing thing_of(const Value& value);
std::string text_of(const Thing& thing);
// RFC 7386, but that nulls in lists go too, as upstream. No item of a list is null.
void merge_thing(Thing& into, const Thing& patch);

// One node of a structural schema.
struct ModelSchema {
  std::string type;  // "object", "array", "string", "integer"
  bool preserve = false, nullable = false;
  std::optional<Thing> preset;  // the default
  std::map<std::string, ModelSchema> properties;
  std::vector<ModelSchema> element;  // of a list, or of an object's additional properties
};
std::string schema_json(const ModelSchema& schema);

struct ModelVersion {
  bool served = true;
  ModelSchema schema;  // of `spec`
};

constexpr std::array<const char*, 3> kModelVersions = {"v1", "v1beta1", "v1alpha1"};

// One state of a CustomResourceDefinition: some of its versions are served, one is stored.
struct ModelShape {
  std::array<ModelVersion, kModelVersions.size()> versions;
  std::size_t storage = 0;
};
ModelShape random_shape(world_sim::SimRandom& random);
// The next state of one: something of it is different.
ModelShape changed_shape(ModelShape shape, world_sim::SimRandom& random);
// `spec.versions`.
std::string versions_json(const ModelShape& shape);

// An object's spec at random, with fields that no schema has in it. The types of fields are the same in all schemas.
Thing random_spec(world_sim::SimRandom& random);

// An object as it was stored.
struct StoredThing {
  std::size_t version = 0;  // the storage version of its time
  Thing spec;
  std::string revision;  // "" where no answer told it
};
// What a client sends through `version`, pruned and defaulted.
Thing received(const ModelShape& shape, std::size_t version, Thing spec);
// That, stored.
StoredThing stored(const ModelShape& shape, std::size_t version, Thing spec);
// A stored object read through `version`: pruned and defaulted by the version that it is stored in, as that is now, then pruned
// by the one that is asked for.
Thing seen(const ModelShape& shape, std::size_t version, const StoredThing& object);

}  // namespace plinth::sim
