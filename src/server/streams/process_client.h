// The client's end of exec and attach, whichever protocol it speaks: what it types, and where output goes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/world.h"

namespace plinth::server {

// What the client does; on its loop. The bytes are valid during the call only.
class ProcessClientEvents {
 public:
  virtual ~ProcessClientEvents() = default;
  virtual void on_ready() = 0;  // first: the client has opened all that it asked for
  virtual void on_input(std::string_view bytes) = 0;
  virtual void on_input_end() = 0;
  virtual void on_resize(std::uint16_t width, std::uint16_t height) = 0;
  virtual void on_drained() = 0;  // queued_bytes() has become 0
  virtual void on_gone() = 0;     // last: it left, broke the protocol, or took too long
};

// Destroying it without finish() cuts the client off. It may be destroyed inside of its own events; none follows.
class ProcessClient {
 public:
  virtual ~ProcessClient() = default;
  virtual void start(ProcessClientEvents* events) = 0;  // they outlive it
  virtual void write_output(SharedBytes bytes) = 0;
  virtual void write_error_output(SharedBytes bytes) = 0;
  // The process has ended, or could not be started, or was lost. No event follows; what is queued is still sent.
  virtual void finish(Result<std::int32_t> exit_code) = 0;
  virtual std::size_t queued_bytes() const = 0;
  virtual void pause_input(bool paused) = 0;
};

// Which streams a client asks for.
struct ProcessStreams {
  bool standard_input = false, standard_output = false, standard_error = false, tty = false;
};

// What the client is told at the end: a Status (protocols v4 and later), or in words for people (before; empty after success).
std::string process_end_status(const Result<std::int32_t>& exit_code);
std::string process_end_text(const Result<std::int32_t>& exit_code);

// {"Width":80,"Height":24}; nothing for anything else.
struct TerminalSize {
  std::uint16_t width = 0, height = 0;
};
Result<TerminalSize> parse_terminal_size(std::string_view json);

}  // namespace plinth::server
