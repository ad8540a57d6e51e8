#include "api/time_text.h"

#include <cstdio>
#include <limits>

#include "api/go_text.h"

namespace plinth::api {
namespace {

constexpr std::string_view kLayout = "2006-01-02T15:04:05Z07:00";
constexpr std::string_view kMicroLayout = "2006-01-02T15:04:05.000000Z07:00";

// Days since the epoch of a proleptic Gregorian date.
std::int64_t days_from_civil(std::int64_t y, int m, int d) {
  y -= m <= 2 ? 1 : 0;
  const std::int64_t era = (y >= 0 ? y : y - 399) / 400;
  const std::int64_t yoe = y - era * 400;
  const std::int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
  return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

struct Civil {
  std::int64_t year;
  int month, day;
};

Civil civil_from_days(std::int64_t z) {
  z += 719468;
  const std::int64_t era = (z >= 0 ? z : z - 146096) / 146097;
  const std::int64_t doe = z - era * 146097;
  const std::int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  const std::int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const std::int64_t mp = (5 * doy + 2) / 153;
  const int month = static_cast<int>(mp < 10 ? mp + 3 : mp - 9);
  return {yoe + era * 400 + (month <= 2 ? 1 : 0), month, static_cast<int>(doy - (153 * mp + 2) / 5 + 1)};
}

int days_in(std::int64_t year, int month) {
  static constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month == 2 && leap ? 29 : kDays[month - 1];
}

// Reads the layout from left to right; the first thing that does not fit is what the error names.
class TimeParser {
 public:
  TimeParser(std::string_view text, bool micro) : text_(text), rest_(text), micro_(micro) {}

  Result<Timestamp> parse() {
    int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
    if (!number(4, year)) return mismatch("2006");
    if (!literal('-')) return mismatch("-");
    if (!number(2, month)) return mismatch("01");
    if (month < 1 || month > 12) return out_of_range("month");
    if (!literal('-')) return mismatch("-");
    if (!number(2, day)) return mismatch("02");
    if (!literal('T')) return mismatch("T");
    if (!number(2, hour)) return mismatch("15");
    if (hour > 23) return out_of_range("hour");
    if (!literal(':')) return mismatch(":");
    if (!number(2, minute)) return mismatch("04");
    if (minute > 59) return out_of_range("minute");
    if (!literal(':')) return mismatch(":");
    if (!number(2, second)) return mismatch("05");
    if (second > 59) return out_of_range("second");
    Timestamp out;
    if (!fraction(out.nanos)) return mismatch(".000000");
    std::int64_t offset = 0;
    if (!zone(offset)) return mismatch("Z07:00");
    if (!rest_.empty()) return error(": extra text: " + go_quoted(rest_));
    if (day < 1 || day > days_in(year, month)) return out_of_range("day");
    out.seconds = days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset;
    return out;
  }

 private:
  bool number(std::size_t digits, int& out) {
    if (rest_.size() < digits) return false;
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return false;
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(digits);
    out = value;
    return true;
  }

  bool literal(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool fraction(std::int32_t& nanos) {
    const bool present = rest_.size() > 1 && (rest_[0] == '.' || rest_[0] == ',') && rest_[1] >= '0' && rest_[1] <= '9';
    if (!present) return !micro_;
    std::size_t digits = 0;
    std::int32_t unit = 100'000'000;
    for (std::size_t i = 1; i < rest_.size() && rest_[i] >= '0' && rest_[i] <= '9'; ++i, ++digits, unit /= 10) nanos += (rest_[i] - '0') * unit;
    if (micro_ && digits != 6) return false;
    rest_.remove_prefix(digits + 1);
    return true;
  }

  bool zone(std::int64_t& offset) {
    if (literal('Z')) return true;
    if (rest_.empty() || (rest_[0] != '+' && rest_[0] != '-')) return false;
    const std::string_view before = rest_;
    const int sign = rest_[0] == '-' ? -1 : 1;
    rest_.remove_prefix(1);
    int hours = 0, minutes = 0;
    if (number(2, hours) && literal(':') && number(2, minutes) && hours <= 24 && minutes <= 60) {
      offset = sign * (hours * 3600 + minutes * 60);
      return true;
    }
    rest_ = before;
    return false;
  }

  Error error(const std::string& what) const {
    return bad_request("parsing time " + go_quoted(text_) + what);
  }
  Error mismatch(std::string_view element) const {
    return error(" as " + go_quoted(micro_ ? kMicroLayout : kLayout) + ": cannot parse " + go_quoted(rest_) + " as " + go_quoted(element));
  }
  Error out_of_range(std::string_view what) const { return error(": " + std::string(what) + " out of range"); }

  std::string_view text_;
  std::string_view rest_;
  bool micro_;
};

// Prints the number of `unit`s with a fraction that has no trailing zeros.
void append_fraction(std::string& out, std::uint64_t value, std::uint64_t unit) {
  out += std::to_string(value / unit);
  std::uint64_t rest = value % unit;
  if (rest == 0) return;
  out += '.';
  for (unit /= 10; rest != 0; unit /= 10) {
    out += static_cast<char>('0' + rest / unit);
    rest %= unit;
  }
}

constexpr std::uint64_t kMicro = 1000, kMilli = 1000 * kMicro, kSecond = 1000 * kMilli, kMinute = 60 * kSecond, kHour = 60 * kMinute;

struct Unit {
  std::string_view name;
  std::uint64_t nanos;
};
constexpr Unit kUnits[] = {{"ns", 1}, {"us", kMicro}, {"\xc2\xb5s", kMicro}, {"\xce\xbcs", kMicro}, {"ms", kMilli}, {"s", kSecond}, {"m", kMinute}, {"h", kHour}};

constexpr std::uint64_t kDurationLimit = std::uint64_t{1} << 63;

Error duration_error(std::string_view what, std::string_view text) {
  return bad_request("time: " + std::string(what) + " " + go_quoted(text));
}

// One "1.5h"; false when it is malformed or overflows.
bool take_term(std::string_view& rest, std::uint64_t& total, std::string_view& unit_text) {
  std::uint64_t whole = 0, fraction = 0;
  double scale = 1;
  std::size_t i = 0;
  bool digits = false;
  for (; i < rest.size() && rest[i] >= '0' && rest[i] <= '9'; ++i) {
    if (whole > kDurationLimit / 10) return false;
    whole = whole * 10 + static_cast<std::uint64_t>(rest[i] - '0');
    digits = true;
  }
  if (i < rest.size() && rest[i] == '.') {
    for (++i; i < rest.size() && rest[i] >= '0' && rest[i] <= '9'; ++i) {
      digits = true;
      if (fraction > (kDurationLimit - 1) / 10) continue;
      fraction = fraction * 10 + static_cast<std::uint64_t>(rest[i] - '0');
      scale *= 10;
    }
  }
  if (!digits) return false;
  rest.remove_prefix(i);
  std::size_t end = 0;
  while (end < rest.size() && rest[end] != '.' && (rest[end] < '0' || rest[end] > '9')) ++end;
  unit_text = rest.substr(0, end);
  rest.remove_prefix(end);
  for (const Unit& unit : kUnits) {
    if (unit.name != unit_text) continue;
    if (whole > kDurationLimit / unit.nanos) return false;
    total += whole * unit.nanos + static_cast<std::uint64_t>(static_cast<double>(fraction) * (static_cast<double>(unit.nanos) / scale));
    return total <= kDurationLimit;
  }
  return false;
}

}  // namespace

Result<Timestamp> parse_time(std::string_view text, bool micro) { return TimeParser(text, micro).parse(); }

std::string time_text(const Timestamp& time) {
  const std::int64_t days = (time.seconds >= 0 ? time.seconds : time.seconds - 86399) / 86400;
  const int second = static_cast<int>(time.seconds - days * 86400);
  const Civil date = civil_from_days(days);
  char buffer[64];
  const int n = std::snprintf(buffer, sizeof buffer, "%04lld-%02d-%02dT%02d:%02d:%02dZ", static_cast<long long>(date.year), date.month, date.day, second / 3600,
                              second / 60 % 60, second % 60);
  return std::string(buffer, static_cast<std::size_t>(n));
}

std::string micro_time_text(const Timestamp& time) {
  char fraction[16];
  std::snprintf(fraction, sizeof fraction, ".%06dZ", static_cast<int>(time.nanos / 1000));
  std::string out = time_text(time);
  out.pop_back();
  return out + fraction;
}

Result<std::int64_t> parse_duration(std::string_view text) {
  std::string_view rest = text;
  bool negative = false;
  if (!rest.empty() && (rest[0] == '-' || rest[0] == '+')) {
    negative = rest[0] == '-';
    rest.remove_prefix(1);
  }
  if (rest == "0") return std::int64_t{0};
  if (rest.empty()) return duration_error("invalid duration", text);
  std::uint64_t total = 0;
  while (!rest.empty()) {
    std::string_view unit;
    if (take_term(rest, total, unit)) continue;
    bool known = unit.empty();
    for (const Unit& one : kUnits) known = known || one.name == unit;
    if (!known) return bad_request("time: unknown unit " + go_quoted(unit) + " in duration " + go_quoted(text));
    const bool missing = unit.empty() && rest.empty() && text.back() >= '0' && text.back() <= '9';
    return duration_error(missing ? "missing unit in duration" : "invalid duration", text);
  }
  if (negative) return -static_cast<std::int64_t>(total - (total == kDurationLimit ? 1 : 0)) - (total == kDurationLimit ? 1 : 0);
  if (total > kDurationLimit - 1) return duration_error("invalid duration", text);
  return static_cast<std::int64_t>(total);
}

std::string duration_text(std::int64_t nanos) {
  if (nanos == 0) return "0s";
  const bool negative = nanos < 0;
  std::uint64_t rest = negative ? ~static_cast<std::uint64_t>(nanos) + 1 : static_cast<std::uint64_t>(nanos);
  std::string out = negative ? "-" : "";
  if (rest < kSecond) {
    const Unit unit = rest < kMicro ? Unit{"ns", 1} : rest < kMilli ? Unit{"\xc2\xb5s", kMicro} : Unit{"ms", kMilli};
    append_fraction(out, rest, unit.nanos);
    return out.append(unit.name);
  }
  if (rest >= kHour) out += std::to_string(rest / kHour) + "h";
  if (rest >= kMinute) out += std::to_string(rest / kMinute % 60) + "m";
  append_fraction(out, rest % kMinute, kSecond);
  return out + "s";
}

}  // namespace plinth::api
