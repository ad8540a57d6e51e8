// type(), dyn() and the conversions between types.
#include <cmath>

#include <fmt/core.h>

#include "base/float_text.h"
#include "base/text.h"
#include "base/utf8.h"
#include "cel/lib/parts.h"
#include "cel/time.h"

namespace plinth::cel {
namespace {

Value same(CallContext&, Args args) { return args[0]; }
Value type_of(CallContext&, Args args) { return Value::type(type_name(args[0])); }

Value range_error(CallContext& context, std::string_view type) { return context.error(fmt::format("{} overflow", type)); }

Value cannot_convert(CallContext& context, std::string_view text, std::string_view type) {
  return context.error(fmt::format("type conversion error from 'string' to '{}': '{}'", type, text));
}

std::string_view without_plus(std::string_view text) {
  bool signed_number = text.size() > 1 && text[0] == '+' && text[1] >= '0' && text[1] <= '9';
  return signed_number ? text.substr(1) : text;
}

Value to_int(CallContext& context, Args args) {
  const Value& v = args[0];
  switch (v.kind()) {
    case Kind::kUint:
      if (v.as_int() < 0) return range_error(context, "integer");
      return Value::of(v.as_int());
    case Kind::kDouble:
      if (!(v.as_double() > -9223372036854775808.0 && v.as_double() < 9223372036854775808.0))
        return range_error(context, "integer");
      return Value::of(static_cast<std::int64_t>(v.as_double()));
    case Kind::kTimestamp:
      return Value::of(v.as_timestamp().seconds);
    case Kind::kDuration:
      return Value::of(v.as_duration().seconds);
    case Kind::kString: {
      auto i = parse_integer<std::int64_t>(without_plus(v.as_string()));
      return i ? Value::of(*i) : cannot_convert(context, v.as_string(), "int");
    }
    default:
      return v;
  }
}

Value to_uint(CallContext& context, Args args) {
  const Value& v = args[0];
  switch (v.kind()) {
    case Kind::kInt:
      if (v.as_int() < 0) return range_error(context, "unsigned integer");
      return Value::of(v.as_uint());
    case Kind::kDouble:
      if (!(v.as_double() >= 0 && v.as_double() < 18446744073709551616.0)) return range_error(context, "unsigned integer");
      return Value::of(static_cast<std::uint64_t>(v.as_double()));
    case Kind::kString: {
      auto u = parse_integer<std::uint64_t>(v.as_string());
      return u ? Value::of(*u) : cannot_convert(context, v.as_string(), "uint");
    }
    default:
      return v;
  }
}

Value to_double(CallContext& context, Args args) {
  const Value& v = args[0];
  switch (v.kind()) {
    case Kind::kInt:
      return Value::of(static_cast<double>(v.as_int()));
    case Kind::kUint:
      return Value::of(static_cast<double>(v.as_uint()));
    case Kind::kString: {
      auto d = parse_double(v.as_string());
      return d ? Value::of(*d) : cannot_convert(context, v.as_string(), "double");
    }
    default:
      return v;
  }
}

Value double_string(CallContext& context, double d) {
  if (std::isnan(d)) return Value::string("NaN");
  if (std::isinf(d)) return Value::string(d < 0 ? "-Inf" : "+Inf");
  std::string text;
  append_g(text, d);
  return context.string(text);
}

Value to_string(CallContext& context, Args args) {
  const Value& v = args[0];
  switch (v.kind()) {
    case Kind::kBool:
      return Value::string(v.as_bool() ? "true" : "false");
    case Kind::kInt:
      return context.string(std::to_string(v.as_int()));
    case Kind::kUint:
      return context.string(std::to_string(v.as_uint()));
    case Kind::kDouble:
      return double_string(context, v.as_double());
    case Kind::kTimestamp:
      return context.string(format_rfc3339_nano(v.as_timestamp()));
    case Kind::kDuration:
      return context.string(duration_text(v.as_duration()));
    case Kind::kBytes:
      if (!is_utf8(v.as_string())) return context.error("invalid UTF-8 in bytes, cannot convert to string");
      return Value::string(v.as_string());
    default:
      return v;
  }
}

Value to_bytes(CallContext&, Args args) { return args[0].is(Kind::kString) ? Value::bytes(args[0].as_string()) : args[0]; }

Value to_bool(CallContext& context, Args args) {
  if (args[0].is(Kind::kBool)) return args[0];
  std::string_view text = args[0].as_string();
  for (std::string_view yes : {"1", "t", "T", "TRUE", "true", "True"}) {
    if (text == yes) return Value::of(true);
  }
  for (std::string_view no : {"0", "f", "F", "FALSE", "false", "False"}) {
    if (text == no) return Value::of(false);
  }
  return cannot_convert(context, text, "bool");
}

Value to_timestamp(CallContext& context, Args args) {
  const Value& v = args[0];
  if (v.is(Kind::kTimestamp)) return v;
  if (v.is(Kind::kInt)) {
    if (v.as_int() < kTimestampSecondsMin || v.as_int() > kTimestampSecondsMax) return range_error(context, "timestamp");
    return Value::of(TimeStamp{v.as_int(), 0});
  }
  auto t = parse_timestamp(v.as_string());
  return t ? Value::of(*t) : cannot_convert(context, v.as_string(), "google.protobuf.Timestamp");
}

Value to_duration(CallContext& context, Args args) {
  const Value& v = args[0];
  if (v.is(Kind::kDuration)) return v;
  auto d = parse_time_span(v.as_string());
  return d ? Value::of(*d) : cannot_convert(context, v.as_string(), "google.protobuf.Duration");
}

void add(Library& l, std::string_view name, Type result, Implementation run,
         std::initializer_list<std::pair<const char*, Type>> from) {
  for (const auto& [id, type] : from) {
    Overload& overload = l.global(name, id, {type}, result, run);
    if (std::string_view(id) == "string_to_bytes" || std::string_view(id) == "bytes_to_string")
      overload.with_cost(cost_of_first);
    bool time = result.is(TypeKind::kTimestamp) || result.is(TypeKind::kDuration);
    if (time && type.is(TypeKind::kString)) overload.validated();
  }
}

}  // namespace

void add_conversions(Library& l) {
  const Type b = Type::boolean(), i = Type::integer(), u = Type::unsigned_integer(), d = Type::floating(), s = Type::string(),
             bytes = Type::bytes(), t = Type::timestamp(), span = Type::duration();
  add(l, "bool", b, to_bool, {{"bool_to_bool", b}, {"string_to_bool", s}});
  add(l, "int", i, to_int,
      {{"int64_to_int64", i},
       {"uint64_to_int64", u},
       {"double_to_int64", d},
       {"string_to_int64", s},
       {"timestamp_to_int64", t},
       {"duration_to_int64", span}});
  add(l, "uint", u, to_uint,
      {{"uint64_to_uint64", u}, {"int64_to_uint64", i}, {"double_to_uint64", d}, {"string_to_uint64", s}});
  add(l, "double", d, to_double,
      {{"double_to_double", d}, {"int64_to_double", i}, {"uint64_to_double", u}, {"string_to_double", s}});
  add(l, "string", s, to_string,
      {{"string_to_string", s},
       {"bool_to_string", b},
       {"int64_to_string", i},
       {"uint64_to_string", u},
       {"double_to_string", d},
       {"bytes_to_string", bytes},
       {"timestamp_to_string", t},
       {"duration_to_string", span}});
  add(l, "bytes", bytes, to_bytes, {{"bytes_to_bytes", bytes}, {"string_to_bytes", s}});
  add(l, "timestamp", t, to_timestamp, {{"timestamp_to_timestamp", t}, {"string_to_timestamp", s}, {"int64_to_timestamp", i}});
  add(l, "duration", span, to_duration, {{"duration_to_duration", span}, {"string_to_duration", s}});
  l.global("dyn", "to_dyn", {type_a()}, Type::dyn(), same);
  l.global("type", "type", {type_a()}, Type::type_of(type_a()), type_of);
}

}  // namespace plinth::cel
