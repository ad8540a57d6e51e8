// A server under measurement: a child process with a data directory of its own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

namespace plinth::bench {

class TlsClient;

class Process {
 public:
  // What the child writes to stderr goes to the file `errors_to`, or where ours goes.
  explicit Process(const std::vector<std::string>& arguments, const std::string& errors_to = "");
  ~Process() { stop(); }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // The first line of stdout that starts with `start`, and everything before it.
  std::string wait_for_line(const std::string& start);
  void stop();  // SIGTERM, then waits

  double cpu_seconds() const;  // user and system
  std::uint64_t resident_bytes() const;
  // Once it no longer changes: after more than the second for which the allocator keeps what was freed.
  std::uint64_t settled_bytes() const;

 private:
  pid_t pid_ = -1;
  int output_ = -1;
};

int free_port();

// A `plinth up` on a free port.
class Plinth {
 public:
  Plinth(const std::string& program, const std::string& data_dir);
  const std::string& address() const { return address_; }
  std::string ca() const { return data_dir_ + "/pki/ca.crt"; }
  std::string certificate() const { return data_dir_ + "/pki/admin.crt"; }
  std::string key() const { return data_dir_ + "/pki/admin.key"; }
  double start_ms() const { return start_ms_; }
  Process& process() { return process_; }

 private:
  std::string data_dir_;
  std::int64_t started_ns_;
  Process process_;
  std::string address_;
  double start_ms_ = 0;
};

// etcd, serving with the certificate of a Plinth's data directory.
class Etcd {
 public:
  // Returns once it has elected itself and takes a put.
  Etcd(const std::string& program, const std::string& data_dir, const std::string& pki, const TlsClient& tls);
  const std::string& address() const { return address_; }
  Process& process() { return process_; }

 private:
  std::string address_;
  Process process_;
};

}  // namespace plinth::bench
