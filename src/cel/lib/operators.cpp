// Declarations of the operators; what they do is in the operations themselves.
#include "cel/lib/parts.h"

namespace plinth::cel {
namespace {

struct Scalar {
  std::string_view name;
  Type type;
};

std::vector<Scalar> numbers() {
  return {{"int64", Type::integer()}, {"uint64", Type::unsigned_integer()}, {"double", Type::floating()}};
}

void add_arithmetic(Library& l) {
  const Type time = Type::timestamp(), span = Type::duration();
  auto binary = [&](std::string_view op, std::string_view name, const Type& a, const Type& b, const Type& r) {
    l.global(op, std::string(name), {a, b}, r, nullptr);
  };
  for (const Scalar& n : numbers()) {
    for (auto [op, word] : {std::pair("_+_", "add_"), std::pair("_-_", "subtract_"), std::pair("_*_", "multiply_"),
                            std::pair("_/_", "divide_")}) {
      binary(op, word + std::string(n.name), n.type, n.type, n.type);
    }
    if (!n.type.is(TypeKind::kDouble)) binary("_%_", "modulo_" + std::string(n.name), n.type, n.type, n.type);
  }
  binary("_+_", "add_string", Type::string(), Type::string(), Type::string());
  binary("_+_", "add_bytes", Type::bytes(), Type::bytes(), Type::bytes());
  binary("_+_", "add_list", list_of_a(), list_of_a(), list_of_a());
  binary("_+_", "add_duration_duration", span, span, span);
  binary("_+_", "add_timestamp_duration", time, span, time);
  binary("_+_", "add_duration_timestamp", span, time, time);
  binary("_-_", "subtract_timestamp_timestamp", time, time, span);
  binary("_-_", "subtract_timestamp_duration", time, span, time);
  binary("_-_", "subtract_duration_duration", span, span, span);
  l.global("-_", "negate_int64", {Type::integer()}, Type::integer(), nullptr);
  l.global("-_", "negate_double", {Type::floating()}, Type::floating(), nullptr);
  l.global("-_", "negate_duration", {Type::duration()}, Type::duration(), nullptr);
}

void add_comparisons(Library& l) {
  const std::pair<std::string_view, std::string_view> relations[] = {
      {"_<_", "less_"}, {"_<=_", "less_equals_"}, {"_>_", "greater_"}, {"_>=_", "greater_equals_"}};
  std::vector<Scalar> ordered = {{"bool", Type::boolean()},
                                 {"string", Type::string()},
                                 {"bytes", Type::bytes()},
                                 {"timestamp", Type::timestamp()},
                                 {"duration", Type::duration()}};
  for (auto [op, word] : relations) {
    for (const Scalar& s : ordered)
      l.global(op, std::string(word) + std::string(s.name), {s.type, s.type}, Type::boolean(), nullptr);
    for (const Scalar& a : numbers()) {
      for (const Scalar& b : numbers()) {
        std::string id = std::string(word) + std::string(a.name);
        if (a.name != b.name) id += "_" + std::string(b.name);
        l.global(op, id, {a.type, b.type}, Type::boolean(), nullptr);
      }
    }
  }
  l.global("_==_", "equals", {type_a(), type_a()}, Type::boolean(), nullptr);
  l.global("_!=_", "not_equals", {type_a(), type_a()}, Type::boolean(), nullptr);
}

}  // namespace

void add_operators(Library& l) {
  add_arithmetic(l);
  add_comparisons(l);
  l.global("!_", "logical_not", {Type::boolean()}, Type::boolean(), nullptr);
  l.global("_?_:_", "conditional", {Type::boolean(), type_a(), type_a()}, type_a(), nullptr);
  l.global("@in", "in_list", {type_a(), list_of_a()}, Type::boolean(), nullptr);
  l.global("@in", "in_map", {type_a(), map_of_ab()}, Type::boolean(), nullptr);
  l.global("_[_]", "index_list", {list_of_a(), Type::integer()}, type_a(), nullptr);
  l.global("_[_]", "index_map", {map_of_ab(), type_a()}, type_b(), nullptr);
}

}  // namespace plinth::cel
