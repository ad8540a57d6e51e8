#include "cel/time_zone_files.h"

#include <charconv>

namespace plinth::cel {
namespace {

std::int64_t big_endian(std::string_view bytes) {
  std::int64_t value = static_cast<signed char>(bytes[0]);
  for (std::size_t i = 1; i < bytes.size(); ++i)
    value = static_cast<std::int64_t>((static_cast<std::uint64_t>(value) << 8) | static_cast<unsigned char>(bytes[i]));
  return value;
}

struct Header {
  std::size_t utc_count, standard_count, leap_count, time_count, type_count, char_count;
  std::size_t block_size(std::size_t time_size) const {
    return time_count * time_size + time_count + type_count * 6 + char_count + leap_count * (time_size + 4) + standard_count +
           utc_count;
  }
};

constexpr std::size_t kHeaderBytes = 44;
constexpr std::size_t kCountMax = 100'000;

std::optional<Header> read_header(std::string_view file) {
  if (file.size() < kHeaderBytes || file.substr(0, 4) != "TZif") return std::nullopt;
  std::size_t counts[6];
  for (std::size_t i = 0; i < 6; ++i) {
    std::int64_t n = big_endian(file.substr(20 + 4 * i, 4));
    if (n < 0 || static_cast<std::size_t>(n) > kCountMax) return std::nullopt;
    counts[i] = static_cast<std::size_t>(n);
  }
  return Header{counts[0], counts[1], counts[2], counts[3], counts[4], counts[5]};
}

// The rule in force after the last transition: POSIX TZ ("CET-1CEST,M3.5.0,M10.5.0/3").
class PosixRule {
 public:
  explicit PosixRule(std::string_view text) : rest_(text) {}

  std::optional<std::int64_t> offset(std::int64_t unix_seconds) {
    if (!skip_name()) return std::nullopt;
    std::int64_t standard = -take_time();
    if (failed_) return std::nullopt;
    if (rest_.empty()) return standard;
    if (!skip_name()) return std::nullopt;
    std::int64_t summer = standard + 3600;
    if (!rest_.empty() && rest_[0] != ',') summer = -take_time();
    std::int64_t year = civil_time({unix_seconds + standard, 0}, 0).year;
    std::int64_t start = take_change(year) - standard, end = take_change(year) - summer;
    if (failed_) return std::nullopt;
    bool in_summer = start < end ? unix_seconds >= start && unix_seconds < end : unix_seconds >= start || unix_seconds < end;
    return in_summer ? summer : standard;
  }

 private:
  bool take(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool skip_name() {
    std::size_t n = 0;
    if (take('<')) {
      n = rest_.find('>');
      if (n == std::string_view::npos) return false;
      rest_.remove_prefix(n + 1);
      return true;
    }
    auto letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); };
    while (n < rest_.size() && letter(rest_[n])) ++n;
    rest_.remove_prefix(n);
    return n != 0;
  }

  std::int64_t take_number() {
    std::int64_t value = 0;
    auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc() || value > 1000) failed_ = true;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return failed_ ? 0 : value;
  }

  std::int64_t take_time() {
    std::int64_t sign = take('-') ? -1 : 1;
    take('+');
    std::int64_t seconds = take_number() * 3600;
    if (take(':')) seconds += take_number() * 60;
    if (take(':')) seconds += take_number();
    return sign * seconds;
  }

  // Local seconds at which the clocks change in that year.
  std::int64_t take_change(std::int64_t year) {
    if (!take(',')) failed_ = true;
    std::int64_t day = take_day(std::chrono::year(static_cast<int>(year)));
    std::int64_t time = 7200;
    if (take('/')) time = take_time();
    return day * 86400 + time;
  }

  std::int64_t take_day(std::chrono::year year) {
    using namespace std::chrono;
    auto days_of = [](sys_days d) { return static_cast<std::int64_t>(d.time_since_epoch().count()); };
    std::int64_t new_year = days_of(sys_days(year / January / 1));
    if (take('J')) {
      std::int64_t n = take_number();
      return new_year + n - 1 + (year.is_leap() && n >= 60 ? 1 : 0);
    }
    if (!take('M')) return new_year + take_number();
    auto month_number = static_cast<unsigned>(take_number());
    take('.');
    auto week = static_cast<unsigned>(take_number());
    take('.');
    auto weekday_number = static_cast<unsigned>(take_number());
    if (month_number < 1 || month_number > 12 || week < 1 || week > 5 || weekday_number > 6) {
      failed_ = true;
      return 0;
    }
    weekday wanted(weekday_number);
    if (week == 5) return days_of(sys_days(year / month(month_number) / wanted[last]));
    return days_of(sys_days(year / month(month_number) / wanted[week]));
  }

  std::string_view rest_;
  bool failed_ = false;
};

// Offset of the type in force, out of the 64-bit block `data`; empty past the last transition, where the footer rules.
std::optional<std::int64_t> offset_in_block(const Header& h, std::string_view data, std::int64_t unix_seconds,
                                            bool has_footer) {
  std::size_t low = 0, high = h.time_count;
  while (low < high) {  // transitions at or before the moment
    std::size_t middle = (low + high) / 2;
    if (big_endian(data.substr(middle * 8, 8)) <= unix_seconds)
      low = middle + 1;
    else
      high = middle;
  }
  if (has_footer && low == h.time_count) return std::nullopt;
  std::string_view types = data.substr(h.time_count * 9);
  std::size_t type = low == 0 ? 0 : static_cast<unsigned char>(data[h.time_count * 8 + low - 1]);
  if (type >= h.type_count) return std::nullopt;
  return big_endian(types.substr(type * 6, 4));
}

bool safe_name(std::string_view name) {
  if (name.empty() || name.size() > 64 || name[0] == '/' || name.find("..") != std::string_view::npos) return false;
  for (char c : name) {
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!plain && c != '/' && c != '_' && c != '-' && c != '+') return false;
  }
  return true;
}

}  // namespace

std::optional<std::int64_t> zone_file_offset(std::string_view file, std::int64_t unix_seconds) {
  auto first = read_header(file);
  if (!first || file[4] < '2') return std::nullopt;
  std::size_t at = kHeaderBytes + first->block_size(4);
  if (at > file.size()) return std::nullopt;
  auto second = read_header(file.substr(at));
  if (!second || second->type_count == 0) return std::nullopt;
  std::string_view data = file.substr(at + kHeaderBytes);
  if (second->block_size(8) > data.size()) return std::nullopt;
  std::string_view footer = data.substr(second->block_size(8));
  if (footer.size() >= 2 && footer.front() == '\n' && footer.back() == '\n')
    footer = footer.substr(1, footer.size() - 2);
  else
    footer = {};
  auto in_block = offset_in_block(*second, data, unix_seconds, !footer.empty());
  if (in_block || footer.empty()) return in_block;
  return PosixRule(footer).offset(unix_seconds);
}

std::optional<std::int64_t> TimeZoneFiles::offset_seconds(std::string_view name, std::int64_t unix_seconds) const {
  if (!safe_name(name)) return std::nullopt;
  std::lock_guard lock(mutex_);
  auto it = files_.find(name);
  if (it != files_.end()) return zone_file_offset(it->second, unix_seconds);
  auto file = reader_(std::string(name));
  if (!file) return std::nullopt;
  auto offset = zone_file_offset(*file, unix_seconds);
  if (offset && files_.size() < kZonesMax) files_.emplace(std::string(name), std::move(*file));
  return offset;
}

}  // namespace plinth::cel
