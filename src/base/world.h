// The world behind interfaces: clock, entropy, disk, event loop and network. The platform is a library over these;
// `plinth up` gives it the real ones, tests a simulated one with a seed.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/function.h"
#include "base/result.h"

namespace plinth {

using Duration = std::chrono::nanoseconds;

// Wall time is nanoseconds since the Unix epoch; monotonic time has no fixed origin. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::int64_t wall_ns() const = 0;
  virtual std::int64_t monotonic_ns() const = 0;
};

// Unpredictable bytes (predictable from the seed in a simulated world). Thread-safe.
class Entropy {
 public:
  virtual ~Entropy() = default;
  virtual void fill(std::span<unsigned char> out) = 0;
};

using TimerId = std::uint64_t;

// A thread that runs tasks one after the other. No task may block or hold the loop for more than a millisecond.
class Loop {
 public:
  virtual ~Loop() = default;
  // From any thread. Tasks posted by one thread run in order. The queue is bounded only by what callers bound.
  virtual void post(Task task) = 0;
  // On the loop's thread only.
  virtual TimerId after(Duration delay, Task task) = 0;
  virtual void cancel(TimerId timer) = 0;
  virtual bool in_loop() const = 0;
};

// Runs work that may block (disk sync, getaddrinfo, compression) off the loops. Bounded: run() fails with
// ServiceUnavailable when `queue_max` tasks wait.
class Pool {
 public:
  virtual ~Pool() = default;
  virtual Result<void> run(Task task) = 0;
};

// A random-access file. Calls block; they are made on a thread that may wait (the store's writer, a pool).
class File {
 public:
  virtual ~File() = default;
  virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<char> out) = 0;  // short only at the end
  virtual Result<void> write_at(std::uint64_t offset, std::string_view data) = 0;
  virtual Result<void> write_at(std::uint64_t offset, std::span<const std::string_view> parts) = 0;
  // Data is durable when this returns (fdatasync). A failure is final for the file: its content is then unknown.
  virtual Result<void> sync() = 0;
  virtual Result<void> truncate(std::uint64_t size) = 0;
  virtual Result<std::uint64_t> size() = 0;
};

enum class OpenMode : std::uint8_t { kRead, kReadWrite, kCreate, kCreateExclusive };

// Held as long as the object lives.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

class Disk {
 public:
  virtual ~Disk() = default;
  virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode, int permissions = 0600) = 0;
  virtual Result<void> make_directories(const std::string& path, int permissions = 0700) = 0;
  virtual Result<std::vector<std::string>> list(const std::string& directory) = 0;  // names, sorted
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  virtual Result<void> remove(const std::string& path) = 0;
  // Makes created, renamed and removed names of a directory durable.
  virtual Result<void> sync_directory(const std::string& directory) = 0;
  // Conflict when another process holds it.
  virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;
  virtual Result<std::uint64_t> free_bytes(const std::string& directory) = 0;
};

// Whole-file helpers over a Disk.
Result<std::string> read_file(Disk& disk, const std::string& path, std::uint64_t bytes_max);
// Written to a temporary name, synced, renamed over `path`, directory synced.
Result<void> write_file_atomically(Disk& disk, const std::string& path, std::string_view data, int permissions = 0600);

// What a byte stream tells its owner; all calls on the stream's loop.
class StreamEvents {
 public:
  virtual ~StreamEvents() = default;
  virtual void on_data(std::string_view bytes) = 0;  // valid during the call only
  virtual void on_drained() {}                       // the write queue became empty after a write() had left bytes in it
  virtual void on_read_closed() {}                   // the peer will send no more
  virtual void on_closed() = 0;                      // last call; the stream is dead
};

struct PeerCertificate {
  bool present = false;
  std::string common_name;
  std::vector<std::string> organizations;
  std::string serial;
  std::int64_t not_after_s = 0;  // its end, in seconds since the epoch; 0: not known
};

struct PeerInfo {
  std::string address;  // "127.0.0.1:34567"
  bool loopback = false;
  std::string alpn;  // "h2", "http/1.1" or ""
  PeerCertificate certificate;
};

// A bidirectional byte stream (TCP, TLS over TCP, or simulated), bound to one loop. It may be destroyed at any time on the
// loop, also inside one of its own callbacks; no callback follows then. No member function calls back before it returns.
class Stream {
 public:
  virtual ~Stream() = default;
  // Begins to read. Called again, it hands the stream to another receiver; nullptr parks it (nothing is read meanwhile).
  virtual void start(StreamEvents* events) = 0;
  virtual void write(ByteChain bytes) = 0;  // queued; never blocks; dropped after shutdown_write() or close()
  virtual std::size_t queued_bytes() const = 0;
  virtual void pause_reading(bool paused) = 0;
  virtual void shutdown_write() = 0;  // ends the write side once everything queued is sent
  virtual void close() = 0;           // drops what is queued; on_closed follows, later
  virtual const PeerInfo& peer() const = 0;
  virtual Loop& loop() = 0;
};

class Listener {
 public:
  virtual ~Listener() = default;
  virtual std::string address() const = 0;  // with the port that was bound
  virtual void close() = 0;
};

using AcceptHandler = UniqueFunction<void(std::unique_ptr<Stream>)>;
using ConnectHandler = UniqueFunction<void(Result<std::unique_ptr<Stream>>)>;

struct TlsServerContext;  // defined by net
struct TlsClientContext;

// Plain streams by default; TLS when a context is given. The real network speaks plain TCP and refuses a context:
// net/tls_network.h puts TLS on top of any network. The simulated network ignores TLS and delivers PeerInfo as configured
// ("the simulation ends above TLS"). Addresses are "host:port", "[::1]:port", ":port" (every local address) or "unix:/path", a
// socket file of at most 107 bytes; listening replaces a file that nobody serves, and makes it for its owner only (0600).
class Network {
 public:
  virtual ~Network() = default;
  // accept runs on `loop`, which also serves the accepted streams. Conflict when the address is in use.
  virtual Result<std::unique_ptr<Listener>> listen(Loop& loop, const std::string& address,
                                                   std::shared_ptr<TlsServerContext> tls, AcceptHandler accept) = 0;
  // One port served by several loops: accepted streams are dealt in turn, and `accept` runs on the loop that serves the
  // stream, so on several threads at once. By default everything stays on the first loop.
  virtual Result<std::unique_ptr<Listener>> listen_shared(std::span<Loop* const> loops, const std::string& address,
                                                          std::shared_ptr<TlsServerContext> tls, AcceptHandler accept);
  virtual void connect(Loop& loop, const std::string& address, std::shared_ptr<TlsClientContext> tls,
                       const std::string& server_name, Duration timeout, ConnectHandler done) = 0;
};

// What the platform is assembled over.
struct World {
  Clock* clock = nullptr;
  Entropy* entropy = nullptr;
  Disk* disk = nullptr;
  Network* network = nullptr;
};

}  // namespace plinth
