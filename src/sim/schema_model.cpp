#include "sim/schema_model.h"

#include "base/json.h"
#include "base/quoted.h"

namespace plinth::sim {
namespace {

using world_sim::SimRandom;

Thing scalar(std::string text) {
  Thing out;
  out.text = std::move(text);
  return out;
}

Thing object() {
  Thing out;
  out.type = Thing::Type::kObject;
  out.text.clear();
  return out;
}

Thing list() {
  Thing out = object();
  out.type = Thing::Type::kList;
  return out;
}

// All that a schema may have: {s1, s2, n1: scalars, in: {x, y, deep: {x, y}}, list: [{x, y}], map: {*: {x, y}}}.
const ModelSchema& whole_schema() {
  static const ModelSchema whole = [] {
    auto of_type = [](const char* type) {
      ModelSchema out;
      out.type = type;
      return out;
    };
    ModelSchema pair = of_type("object");
    pair.properties = {{"x", of_type("string")}, {"y", of_type("integer")}};
    ModelSchema in = pair, out = of_type("object"), items = of_type("array"), map = of_type("object");
    in.properties.emplace("deep", pair);
    items.element = map.element = {pair};
    out.properties = {{"s1", of_type("string")},
                      {"s2", of_type("string")},
                      {"n1", of_type("integer")},
                      {"in", in},
                      {"list", items},
                      {"map", map}};
    return out;
  }();
  return whole;
}

Thing random_scalar(const std::string& type, SimRandom& random) {
  const std::string number = std::to_string(random.below(100));
  return scalar(type == "integer" ? number : quoted("t" + number));
}

std::optional<Thing> random_default(const ModelSchema& schema, SimRandom& random) {
  if (random.coin()) return std::nullopt;
  if (schema.type == "object") return object();
  if (schema.type != "array") return random_scalar(schema.type, random);
  Thing out = list();
  out.items.push_back(object());
  return out;
}

// Less than `whole`, by chance.
ModelSchema random_part(const ModelSchema& whole, SimRandom& random) {
  ModelSchema out;
  out.type = whole.type;
  out.nullable = random.below(6) == 0;
  out.preserve = out.type == "object" && whole.element.empty() && random.below(8) == 0;
  out.preset = random_default(out, random);
  for (const auto& [name, property] : whole.properties) {
    if (random.below(4) > 0) out.properties.emplace(name, random_part(property, random));
  }
  for (const ModelSchema& element : whole.element) {
    out.element.push_back(random_part(element, random));
    out.element.back().preset.reset();
    out.element.back().nullable = false;
  }
  return out;
}

ModelSchema random_schema(SimRandom& random) {
  ModelSchema out = random_part(whole_schema(), random);
  out.preset.reset();
  out.nullable = false;
  return out;
}

Thing random_value(const ModelSchema& schema, SimRandom& random, bool may_be_null) {
  if (may_be_null && random.below(12) == 0) return scalar("null");
  if (schema.type == "array") {
    Thing out = list();
    for (std::uint64_t n = random.below(3); n > 0; --n) out.items.push_back(random_value(schema.element[0], random, false));
    return out;
  }
  if (schema.type != "object") return random_scalar(schema.type, random);
  Thing out = object();
  for (const auto& [name, property] : schema.properties) {
    if (random.coin()) out.members.emplace(name, random_value(property, random, true));
  }
  for (const ModelSchema& element : schema.element) {
    for (std::uint64_t n = random.below(3); n > 0; --n)
      out.members.emplace("k" + std::to_string(random.below(3)), random_value(element, random, false));
  }
  if (schema.element.empty() && random.below(3) == 0) out.members.emplace("unknown", random_scalar("string", random));
  return out;
}

void prune(Thing& thing, const ModelSchema& schema) {
  for (Thing& item : thing.items) {
    if (!schema.element.empty()) prune(item, schema.element[0]);
  }
  for (auto at = thing.members.begin(); at != thing.members.end();) {
    const auto declared = schema.properties.find(at->first);
    const ModelSchema* by = declared != schema.properties.end() ? &declared->second
                            : schema.element.empty()            ? nullptr
                                                                : &schema.element[0];
    if (by != nullptr) prune(at->second, *by);
    at = by == nullptr && !schema.preserve ? thing.members.erase(at) : std::next(at);
  }
}

// A null that is not allowed counts as absent.
void set_defaults(Thing& thing, const ModelSchema& schema) {
  if (thing.type == Thing::Type::kObject) {
    for (const auto& [name, property] : schema.properties) {
      const auto found = thing.members.find(name);
      if (found != thing.members.end() && !(found->second.is_null() && !property.nullable)) continue;
      if (property.preset)
        thing.members[name] = *property.preset;
      else
        thing.members.erase(name);
    }
  }
  for (auto& [name, member] : thing.members) {
    const auto declared = schema.properties.find(name);
    if (declared != schema.properties.end())
      set_defaults(member, declared->second);
    else if (!schema.element.empty())
      set_defaults(member, schema.element[0]);
  }
  for (Thing& item : thing.items) {
    if (!schema.element.empty()) set_defaults(item, schema.element[0]);
  }
}

}  // namespace

Thing thing_of(const Value& value) {
  if (value.is_object()) {
    Thing out = object();
    for (const Member& member : value.members()) out.members.emplace(std::string(member.key()), thing_of(member.value));
    return out;
  }
  if (!value.is_array()) return scalar(to_json(value));
  Thing out = list();
  for (const Value& item : value.items()) out.items.push_back(thing_of(item));
  return out;
}

std::string text_of(const Thing& thing) {
  if (thing.type == Thing::Type::kScalar) return thing.text;
  std::string out;
  for (const auto& [name, member] : thing.members) out += (out.empty() ? "" : ",") + quoted(name) + ":" + text_of(member);
  for (const Thing& item : thing.items) out += (out.empty() ? "" : ",") + text_of(item);
  return thing.type == Thing::Type::kObject ? "{" + out + "}" : "[" + out + "]";
}

void merge_thing(Thing& into, const Thing& patch) {
  if (patch.type != Thing::Type::kObject) {
    into = patch;
    for (Thing& item : into.items) {
      const Thing given = std::move(item);
      merge_thing(item = Thing(), given);
    }
    return;
  }
  if (into.type != Thing::Type::kObject) into = object();
  for (const auto& [name, member] : patch.members) {
    if (member.is_null())
      into.members.erase(name);
    else
      merge_thing(into.members[name], member);
  }
}

std::string schema_json(const ModelSchema& schema) {
  std::string out = "{\"type\":" + quoted(schema.type);
  if (schema.preserve) out += R"(,"x-kubernetes-preserve-unknown-fields":true)";
  if (schema.nullable) out += R"(,"nullable":true)";
  if (schema.preset) out += ",\"default\":" + text_of(*schema.preset);
  std::string properties;
  for (const auto& [name, property] : schema.properties)
    properties += (properties.empty() ? "" : ",") + quoted(name) + ":" + schema_json(property);
  if (!properties.empty()) out += ",\"properties\":{" + properties + "}";
  for (const ModelSchema& element : schema.element)
    out += (schema.type == "array" ? ",\"items\":" : ",\"additionalProperties\":") + schema_json(element);
  return out + "}";
}

ModelShape random_shape(SimRandom& random) {
  ModelShape out;
  for (ModelVersion& version : out.versions) version.schema = random_schema(random);
  return changed_shape(std::move(out), random);
}

ModelShape changed_shape(ModelShape shape, SimRandom& random) {
  const std::uint64_t how = random.below(4);
  if (how < 2) shape.versions[random.below(shape.versions.size())].schema = random_schema(random);
  if (how > 0) shape.storage = random.below(shape.versions.size());
  bool any = false;
  for (ModelVersion& version : shape.versions) any = (version.served = random.below(5) > 0) || any;
  if (!any) shape.versions[0].served = true;
  return shape;
}

std::string versions_json(const ModelShape& shape) {
  std::string out;
  for (std::size_t i = 0; i < shape.versions.size(); ++i) {
    const ModelVersion& version = shape.versions[i];
    out += std::string(i == 0 ? "" : ",") + "{\"name\":" + quoted(kModelVersions[i]) +
           ",\"served\":" + (version.served ? "true" : "false") + ",\"storage\":" + (i == shape.storage ? "true" : "false") +
           R"(,"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":)" + schema_json(version.schema) + "}}}}";
  }
  return "[" + out + "]";
}

Thing random_spec(SimRandom& random) { return random_value(whole_schema(), random, false); }

Thing received(const ModelShape& shape, std::size_t version, Thing spec) {
  prune(spec, shape.versions[version].schema);
  set_defaults(spec, shape.versions[version].schema);
  return spec;
}

StoredThing stored(const ModelShape& shape, std::size_t version, Thing spec) {
  if (version != shape.storage) prune(spec, shape.versions[shape.storage].schema);
  return {shape.storage, std::move(spec), ""};
}

Thing seen(const ModelShape& shape, std::size_t version, const StoredThing& object) {
  Thing out = received(shape, object.version, object.spec);
  if (version != object.version) prune(out, shape.versions[version].schema);
  return out;
}

}  // namespace plinth::sim
