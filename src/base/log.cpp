#include "base/log.h"

#include <algorithm>

#include <unistd.h>

#include "base/quoted.h"
#include "base/text.h"
#include "base/time_text.h"

namespace plinth {
namespace {

constexpr std::string_view kSecretWords[] = {"password", "passwd",      "token",       "secret",      "authorization",
                                             "cookie",   "private_key", "credentials", "private-key", "privatekey"};

bool names_secret(std::string_view key) {
  std::string lower = to_lower(key);
  return std::any_of(std::begin(kSecretWords), std::end(kSecretWords),
                     [&](std::string_view word) { return lower.ends_with(word); });
}

std::string_view level_name(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "DEBUG";
    case LogLevel::kInfo:
      return "INFO";
    case LogLevel::kWarning:
      return "WARNING";
    case LogLevel::kError:
      return "ERROR";
  }
  return "";
}

bool is_plain(std::string_view value) {
  return !value.empty() &&
         std::all_of(value.begin(), value.end(), [](char c) { return c > ' ' && c != '"' && c != '=' && c != 0x7F; });
}

// Messages are our own words, but may quote what a user sent.
bool fits_one_line(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < ' ') || c == 0x7F; });
}

}  // namespace

LogField::LogField(std::string_view key, Duration value) : key_(key), value_(format_duration(value)) {}

std::string format_log_record(const LogRecord& record) {
  std::string out = format_rfc3339_micro(record.wall_ns);
  out += ' ';
  out += level_name(record.level);
  out += ' ';
  if (!record.subsystem.empty()) out.append(record.subsystem).append(": ");
  out += fits_one_line(record.message) ? std::string(record.message) : quoted(record.message);
  for (const LogField& field : record.fields) {
    out.append(" ").append(field.key()).append("=");
    if (names_secret(field.key()))
      out += "[redacted]";
    else if (is_plain(field.value()))
      out += field.value();
    else
      out += quoted(field.value());
  }
  return out;
}

void DescriptorLogSink::write(const LogRecord& record) {
  std::string line = format_log_record(record) + '\n';
  std::lock_guard lock(mutex_);
  for (std::string_view rest = line; !rest.empty();) {
    ssize_t n = ::write(descriptor_, rest.data(), rest.size());
    if (n <= 0) return;
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
}

void MemoryLogSink::write(const LogRecord& record) {
  std::lock_guard lock(mutex_);
  lines_.push_back(format_log_record(record));
}

std::vector<std::string> MemoryLogSink::lines() const {
  std::lock_guard lock(mutex_);
  return lines_;
}

void Logger::log(LogLevel level, std::string_view message, Fields fields) const {
  if (!enabled(level)) return;
  sink_->write({clock_ == nullptr ? 0 : clock_->wall_ns(), level, subsystem_, message, {fields.begin(), fields.size()}});
}

}  // namespace plinth
