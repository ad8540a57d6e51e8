// The parts of timestamps and durations.
#include <fmt/core.h>

#include "cel/lib/parts.h"
#include "cel/time.h"

namespace plinth::cel {
namespace {

using Part = std::int64_t CivilTime::*;

template <Part kPart>
Value time_part(CallContext& context, Args args) {
  TimeStamp t = args[0].as_timestamp();
  std::string_view zone = args.size() > 1 ? args[1].as_string() : "UTC";
  auto offset = zone_offset(zone, t.seconds, context.zones);
  if (!offset) return context.error(fmt::format("unknown time zone {}", zone));
  return Value::of(civil_time(t, *offset).*kPart);
}

template <std::int64_t kSeconds>
Value span_part(CallContext&, Args args) {
  return Value::of(args[0].as_duration().seconds / kSeconds);
}

Value span_milliseconds(CallContext&, Args args) { return Value::of(std::int64_t{args[0].as_duration().nanos / 1'000'000}); }

template <Part kPart>
void add(Library& l, std::string_view name, std::string_view id) {
  const Type t = Type::timestamp(), i = Type::integer();
  l.member(name, "timestamp_to_" + std::string(id), {t}, i, time_part<kPart>);
  l.member(name, "timestamp_to_" + std::string(id) + "_with_tz", {t, Type::string()}, i, time_part<kPart>);
}

}  // namespace

void add_time_functions(Library& l) {
  add<&CivilTime::year>(l, "getFullYear", "year");
  add<&CivilTime::month>(l, "getMonth", "month");
  add<&CivilTime::day_of_year>(l, "getDayOfYear", "day_of_year");
  add<&CivilTime::day>(l, "getDayOfMonth", "day_of_month");
  add<&CivilTime::date>(l, "getDate", "day_of_month_1_based");
  add<&CivilTime::weekday>(l, "getDayOfWeek", "day_of_week");
  add<&CivilTime::hours>(l, "getHours", "hours");
  add<&CivilTime::minutes>(l, "getMinutes", "minutes");
  add<&CivilTime::seconds>(l, "getSeconds", "seconds");
  add<&CivilTime::milliseconds>(l, "getMilliseconds", "milliseconds");
  const Type span = Type::duration(), i = Type::integer();
  l.member("getHours", "duration_to_hours", {span}, i, span_part<3600>);
  l.member("getMinutes", "duration_to_minutes", {span}, i, span_part<60>);
  l.member("getSeconds", "duration_to_seconds", {span}, i, span_part<1>);
  l.member("getMilliseconds", "duration_to_milliseconds", {span}, i, span_milliseconds);
}

}  // namespace plinth::cel
