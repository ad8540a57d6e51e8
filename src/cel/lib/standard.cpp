// The functions of the language itself.
#include "cel/lib/libraries.h"
#include "cel/lib/parts.h"
#include "cel/pattern.h"

namespace plinth::cel {
namespace {

Value size(CallContext&, Args args) { return Value::of(static_cast<std::int64_t>(size_of(args[0]))); }

Value contains_text(CallContext&, Args args) {
  return Value::of(args[0].as_string().find(args[1].as_string()) != std::string_view::npos);
}

Value starts_with(CallContext&, Args args) {
  return Value::of(args[0].as_string().substr(0, args[1].as_string().size()) == args[1].as_string());
}

Value ends_with(CallContext&, Args args) {
  std::string_view text = args[0].as_string(), end = args[1].as_string();
  return Value::of(text.size() >= end.size() && text.substr(text.size() - end.size()) == end);
}

Value matches(CallContext& context, Args args) {
  std::shared_ptr<const Pattern> holder;
  Value error;
  const Pattern* pattern = pattern_of(context, args[1], holder, &error);
  return pattern == nullptr ? error : Value::of(pattern->matches(args[0].as_string()));
}

std::uint64_t matches_cost(Sizes sizes, std::uint64_t) {
  // A pattern's expressions are taken to be four characters long.
  std::uint64_t text = traversal_cost(saturating_add(sizes[0], 1));
  std::uint64_t expressions = sizes[1] / 4 + (sizes[1] % 4 != 0 ? 1 : 0);
  return saturating_multiply(text, expressions);
}

std::uint64_t contains_cost(Sizes sizes, std::uint64_t) {
  return saturating_multiply(traversal_cost(sizes[0]), traversal_cost(sizes[1]));
}

void add_size(Library& l) {
  const std::pair<std::string_view, Type> sized[] = {
      {"string", Type::string()}, {"bytes", Type::bytes()}, {"list", list_of_a()}, {"map", map_of_ab()}};
  for (const auto& [name, type] : sized) {
    l.global("size", "size_" + std::string(name), {type}, Type::integer(), size);
    l.member("size", std::string(name) + "_size", {type}, Type::integer(), size);
  }
}

void add_strings(Library& l) {
  const Type s = Type::string(), b = Type::boolean();
  l.member("contains", "contains_string", {s, s}, b, contains_text).with_cost(contains_cost);
  l.member("startsWith", "starts_with_string", {s, s}, b, starts_with).with_cost(cost_of_second);
  l.member("endsWith", "ends_with_string", {s, s}, b, ends_with).with_cost(cost_of_second);
  l.global("matches", "matches", {s, s}, b, matches).preparing(1, prepare_pattern).with_cost(matches_cost);
  l.member("matches", "matches_string", {s, s}, b, matches).preparing(1, prepare_pattern).with_cost(matches_cost);
}

void add_types(Library& l) {
  const Type named[] = {Type::boolean(), Type::integer(), Type::unsigned_integer(), Type::floating(),
                        Type::string(),  Type::bytes(),   Type::timestamp(),        Type::duration()};
  for (const Type& type : named) l.add_type(type.name(), type);
  l.add_type("null_type", Type::null());
  l.add_type("list", Type::list(Type::dyn()));
  l.add_type("map", Type::map(Type::dyn(), Type::dyn()));
  l.add_type("type", Type::type_of(Type::dyn()));
}

}  // namespace

Library standard_library() {
  Library l("standard");
  l.add_macros(standard_macros());
  add_types(l);
  add_operators(l);
  add_size(l);
  add_strings(l);
  add_conversions(l);
  add_time_functions(l);
  return l;
}

}  // namespace plinth::cel
