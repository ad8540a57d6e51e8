// A TCP connection that blocks: what the clients of NATS and PostgreSQL stand on.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace silly_demo {

// One thread reads; write() may be called by another one meanwhile.
class Connection {
 public:
  Connection();
  ~Connection();
  // "" or what went wrong. `read_seconds_max` 0: a read waits for ever.
  std::string open(const std::string& host, const std::string& port, int read_seconds_max);
  // False when the connection is lost.
  bool read(std::string& out, std::size_t bytes);
  // Without its end (LF, or CR LF).
  bool read_line(std::string& line);
  bool write(std::string_view bytes);

 private:
  bool fill();
  struct Socket;
  std::unique_ptr<Socket> socket_;
  std::string buffer_;
};

}  // namespace silly_demo
