#include "api/crd_schema.h"

#include <algorithm>
#include <map>
#include <new>
#include <utility>

#include "api/field_slots.h"
#include "base/json.h"

namespace plinth::api {
namespace {

SchemaType type_of(std::string_view name) {
  static constexpr std::pair<std::string_view, SchemaType> kTypes[] = {
      {"object", SchemaType::kObject},   {"array", SchemaType::kArray},   {"string", SchemaType::kString},
      {"integer", SchemaType::kInteger}, {"number", SchemaType::kNumber}, {"boolean", SchemaType::kBoolean}};
  for (const auto& [text, type] : kTypes) {
    if (text == name) return type;
  }
  return SchemaType::kAny;
}

double number_of(const Value& v) { return v.is_int() ? static_cast<double>(v.as_int()) : v.as_double(); }

class Compiler {
 public:
  explicit Compiler(Arena& arena) : arena_(arena) {}

  const Schema* compile(const Value& node) {
    if (const Schema* shared = shared_leaf(node)) return shared;
    Schema* s = make<Schema>();
    scalars(node, *s);
    extensions(node, *s);
    fields(node, *s);
    if (const Value* items = node.find("items"); items != nullptr && items->is_object()) s->items = compile(*items);
    if (const Value* more = node.find("additionalProperties")) s->additional = more->is_object() ? compile(*more) : any();
    s->all_of = branches(node["allOf"]);
    s->any_of = branches(node["anyOf"]);
    s->one_of = branches(node["oneOf"]);
    if (const Value* one = node.find("not")) s->not_ = compile(*one);
    return s;
  }
  bool has_rules() const { return has_rules_; }

 private:
  template <typename T>
  T* make() {
    return new (arena_.allocate(sizeof(T))) T();
  }
  template <typename T>
  std::span<T> array(std::size_t n) {
    if (n == 0) return {};
    T* data = static_cast<T*>(arena_.allocate(sizeof(T) * n));
    for (std::size_t i = 0; i < n; ++i) new (data + i) T();
    return {data, n};
  }

  const Schema* any() {
    if (any_ == nullptr) any_ = make<Schema>();
    return any_;
  }

  // Most nodes are a type and a text; they share one schema per type and format, since a field carries its own description.
  const Schema* shared_leaf(const Value& node) {
    for (const Member& m : node.members()) {
      if (m.key() != "type" && m.key() != "format" && m.key() != "description" && m.key() != "default") return nullptr;
    }
    const SchemaType type = type_of(node["type"].as_string());
    if (type == SchemaType::kArray) return nullptr;
    auto [at, added] = leaves_.emplace(std::pair(type, std::string(node["format"].as_string())), nullptr);
    if (added) {
      Schema* s = make<Schema>();
      s->type = type;
      s->format = node["format"].as_string();
      at->second = s;
    }
    return at->second;
  }

  void scalars(const Value& node, Schema& s) {
    s.type = type_of(node["type"].as_string());
    s.description = node["description"].as_string();
    s.title = node["title"].as_string();
    s.format = node["format"].as_string();
    s.pattern = node["pattern"].as_string();
    s.nullable = node["nullable"].as_bool();
    s.unique_items = node["uniqueItems"].as_bool();
    s.exclusive_minimum = node["exclusiveMinimum"].as_bool();
    s.exclusive_maximum = node["exclusiveMaximum"].as_bool();
    if (const Value* v = node.find("minimum")) s.has_minimum = true, s.minimum = number_of(*v);
    if (const Value* v = node.find("maximum")) s.has_maximum = true, s.maximum = number_of(*v);
    if (const Value* v = node.find("multipleOf")) s.multiple_of = number_of(*v);
    for (const auto& [key, member] : {std::pair{"minLength", &Schema::min_length},
                                      {"maxLength", &Schema::max_length},
                                      {"minItems", &Schema::min_items},
                                      {"maxItems", &Schema::max_items},
                                      {"minProperties", &Schema::min_properties},
                                      {"maxProperties", &Schema::max_properties}}) {
      if (const Value* v = node.find(key)) s.*member = v->as_int();
    }
    s.enum_values = node["enum"].items();
    s.default_value = node.find("default");
  }

  void extensions(const Value& node, Schema& s) {
    s.preserve_unknown = node["x-kubernetes-preserve-unknown-fields"].as_bool();
    s.embedded_resource = node["x-kubernetes-embedded-resource"].as_bool();
    s.int_or_string = node["x-kubernetes-int-or-string"].as_bool();
    const std::string_view list = node["x-kubernetes-list-type"].as_string();
    s.list_type = list == "map" ? ListType::kMap : list == "set" ? ListType::kSet : ListType::kAtomic;
    s.map_type = node["x-kubernetes-map-type"].as_string() == "atomic" ? MapType::kAtomic : MapType::kGranular;
    s.list_map_keys = texts(node["x-kubernetes-list-map-keys"]);
    const auto rules = node["x-kubernetes-validations"].items();
    const std::span<ValidationRule> out = array<ValidationRule>(rules.size());
    for (std::size_t i = 0; i < rules.size(); ++i) {
      out[i] = {rules[i]["rule"].as_string(),   rules[i]["message"].as_string(),   rules[i]["messageExpression"].as_string(),
                rules[i]["reason"].as_string(), rules[i]["fieldPath"].as_string(), rules[i]["optionalOldSelf"].as_bool()};
    }
    s.validations = out;
    has_rules_ = has_rules_ || !out.empty();
  }

  void fields(const Value& node, Schema& s) {
    const auto required = node["required"].items();
    std::vector<const Member*> sorted;
    for (const Member& m : node["properties"].members()) sorted.push_back(&m);
    std::sort(sorted.begin(), sorted.end(), [](const Member* a, const Member* b) { return a->key() < b->key(); });
    const std::span<Field> out = array<Field>(sorted.size());
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      const Value& property = sorted[i]->value;
      out[i].name = sorted[i]->key();
      out[i].schema = compile(property);
      out[i].description = property["description"].as_string();
      out[i].default_value = property.find("default");
      out[i].required =
          std::any_of(required.begin(), required.end(), [&](const Value& r) { return r.as_string() == out[i].name; });
    }
    s.fields = out;
    if (out.size() >= kSlotFieldsMin && out.size() <= kSlotFieldsMax) {
      const std::span<std::uint8_t> slots = array<std::uint8_t>(slot_count(out.size()));
      fill_slots(out, slots);
      s.slots = slots;
    }
    std::vector<std::string_view> undeclared;
    for (const Value& r : required) {
      if (s.field(r.as_string()) == nullptr) undeclared.push_back(r.as_string());
    }
    const std::span<std::string_view> rest = array<std::string_view>(undeclared.size());
    std::copy(undeclared.begin(), undeclared.end(), rest.begin());
    s.required = rest;
  }

  std::span<const std::string_view> texts(const Value& list) {
    const std::span<std::string_view> out = array<std::string_view>(list.items().size());
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = list.items()[i].as_string();
    return out;
  }

  std::span<const Schema* const> branches(const Value& list) {
    const std::span<const Schema*> out = array<const Schema*>(list.items().size());
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = compile(list.items()[i]);
    return out;
  }

  Arena& arena_;
  const Schema* any_ = nullptr;
  bool has_rules_ = false;
  std::map<std::pair<SchemaType, std::string>, const Schema*> leaves_;
};

std::uint64_t fingerprint(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325ull;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  return hash;
}

}  // namespace

CompiledSchema::CompiledSchema(Document source, std::shared_ptr<const Arena> arena, const Schema* root, std::uint64_t stamp,
                               bool has_rules)
    : source_(std::move(source)),
      arena_(std::move(arena)),
      root_(root),
      stamp_(stamp),
      has_rules_(has_rules),
      patterns_(std::make_unique<PatternCache>()) {}

CompiledSchemaPtr compile_schema(const Document& document) {
  auto arena = std::make_shared<Arena>();
  Compiler compiler(*arena);
  const Schema* root = compiler.compile(document.root());
  return std::make_shared<const CompiledSchema>(document, std::move(arena), root, fingerprint(to_json(document.root())),
                                                compiler.has_rules());
}

}  // namespace plinth::api
