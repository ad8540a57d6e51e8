// Structured logging: level, subsystem, message, fields. A Logger is handed to whoever logs; there is no global one.
//
// Secrets never belong in a field. As a second fence, the value of a field whose name says that it is one (password, token,
// ...) is not written.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/world.h"

namespace plinth {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };

class LogField {
 public:
  LogField(std::string_view key, std::string_view value) : key_(key), value_(value) {}
  LogField(std::string_view key, const char* value) : key_(key), value_(value) {}
  LogField(std::string_view key, bool value) : key_(key), value_(value ? "true" : "false") {}
  template <typename Integer, typename = std::enable_if_t<std::is_integral_v<Integer>>>
  LogField(std::string_view key, Integer value) : key_(key), value_(std::to_string(value)) {}
  LogField(std::string_view key, Duration value);
  LogField(std::string_view key, const Error& error) : key_(key), value_(error.message()) {}

  std::string_view key() const { return key_; }
  std::string_view value() const { return value_; }

 private:
  std::string_view key_;
  std::string value_;
};

struct LogRecord {
  std::int64_t wall_ns;
  LogLevel level;
  std::string_view subsystem;
  std::string_view message;
  std::span<const LogField> fields;
};

// "2026-11-22T18:00:00.123456Z INFO store: segment opened path=/data/1 bytes=4096", without line end. Values are quoted where
// they hold space, quotes or control characters, so that a record is always one line.
std::string format_log_record(const LogRecord& record);

// Where records go. Thread-safe; must not block for long.
class LogSink {
 public:
  virtual ~LogSink() = default;
  virtual void write(const LogRecord& record) = 0;
};

// One line per record on a file descriptor (standard error by default). Write errors are ignored: there is nowhere to tell.
class DescriptorLogSink final : public LogSink {
 public:
  explicit DescriptorLogSink(int descriptor = 2) : descriptor_(descriptor) {}
  void write(const LogRecord& record) override;

 private:
  std::mutex mutex_;  // one line at a time
  int descriptor_;
};

// Keeps formatted lines; for tests.
class MemoryLogSink final : public LogSink {
 public:
  void write(const LogRecord& record) override;
  std::vector<std::string> lines() const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

// Cheap to copy. Thread-safe as far as its sink and clock are. A default one discards everything.
class Logger {
 public:
  Logger() = default;
  // Sink and clock must outlive all copies.
  Logger(LogSink* sink, const Clock* clock, std::string subsystem, LogLevel level_min = LogLevel::kInfo)
      : sink_(sink), clock_(clock), subsystem_(std::move(subsystem)), level_min_(level_min) {}

  // The same for another part of the program.
  Logger named(std::string subsystem) const { return Logger(sink_, clock_, std::move(subsystem), level_min_); }
  bool enabled(LogLevel level) const { return sink_ != nullptr && level >= level_min_; }

  using Fields = std::initializer_list<LogField>;
  void debug(std::string_view message, Fields fields = {}) const { log(LogLevel::kDebug, message, fields); }
  void info(std::string_view message, Fields fields = {}) const { log(LogLevel::kInfo, message, fields); }
  void warning(std::string_view message, Fields fields = {}) const { log(LogLevel::kWarning, message, fields); }
  void error(std::string_view message, Fields fields = {}) const { log(LogLevel::kError, message, fields); }
  void log(LogLevel level, std::string_view message, Fields fields = {}) const;

 private:
  LogSink* sink_ = nullptr;
  const Clock* clock_ = nullptr;
  std::string subsystem_;
  LogLevel level_min_ = LogLevel::kInfo;
};

}  // namespace plinth
