#include "api/time_error.h"

#include "base/quoted.h"

namespace plinth::api {
namespace {

constexpr std::string_view kLayout = "2006-01-02T15:04:05Z07:00";
constexpr std::string_view kMicroLayout = "2006-01-02T15:04:05.000000Z07:00";

int days_in(int year, int month) {
  static constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month == 2 && leap ? 29 : kDays[month - 1];
}

// Reads the layout from left to right; the first thing that does not fit is what the error names.
class TimeReader {
 public:
  TimeReader(std::string_view text, bool micro) : text_(text), rest_(text), micro_(micro) {}

  std::string first_fault() {
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
    if (!fraction()) return mismatch(".000000");
    if (!zone()) return mismatch("Z07:00");
    if (!rest_.empty()) return error(": extra text: " + quoted(rest_));
    if (day < 1 || day > days_in(year, month)) return out_of_range("day");
    return error(": out of range");
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

  bool fraction() {
    const bool present = rest_.size() > 1 && (rest_[0] == '.' || rest_[0] == ',') && rest_[1] >= '0' && rest_[1] <= '9';
    if (!present) return !micro_;
    std::size_t digits = 0;
    while (digits + 1 < rest_.size() && rest_[digits + 1] >= '0' && rest_[digits + 1] <= '9') ++digits;
    if (micro_ && digits != 6) return false;
    rest_.remove_prefix(digits + 1);
    return true;
  }

  bool zone() {
    if (literal('Z')) return true;
    if (rest_.empty() || (rest_[0] != '+' && rest_[0] != '-')) return false;
    const std::string_view before = rest_;
    rest_.remove_prefix(1);
    int hours = 0, minutes = 0;
    if (number(2, hours) && literal(':') && number(2, minutes) && hours <= 24 && minutes <= 60) return true;
    rest_ = before;
    return false;
  }

  std::string error(const std::string& what) const { return "parsing time " + quoted(text_) + what; }
  std::string mismatch(std::string_view element) const {
    return error(" as " + quoted(micro_ ? kMicroLayout : kLayout) + ": cannot parse " + quoted(rest_) + " as " +
                 quoted(element));
  }
  std::string out_of_range(std::string_view what) const { return error(": " + std::string(what) + " out of range"); }

  std::string_view text_;
  std::string_view rest_;
  bool micro_;
};

}  // namespace

std::string time_error(std::string_view text, bool micro) { return TimeReader(text, micro).first_fault(); }

}  // namespace plinth::api
