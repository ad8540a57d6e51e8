// What the protocol keeps of one stream. For .cpp files of net only.
#pragma once

#include <cstdint>
#include <string>

namespace plinth::net {

struct Http2Stream {
  std::string head;               // a header block that waits to be sent
  std::int64_t content_length = -1;  // as the request's head says; -1 for nothing
  std::int64_t body_bytes = 0;    // received
  std::int64_t send_window = 0;   // may be negative: the peer may take back what it gave
  std::uint32_t received = 0;     // of our window, not given back ...
  std::uint32_t used = 0;         // ... and how much of it may be
  bool with_body = false;         // a body follows the head
  bool is_ready = false;          // has its turn to come
  bool is_blocked = false;        // by the connection's window
};

}  // namespace plinth::net
