// Datagrams (UDP) to and from this machine.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/function.h"
#include "base/world.h"

namespace plinth {

// On its loop; destroying it closes it.
class DatagramSocket {
 public:
  virtual ~DatagramSocket() = default;
  // Dropped where the kernel does not take it at once, as any network may drop it.
  virtual void send(const std::string& to, std::string_view bytes) = 0;
  virtual std::string address() const = 0;  // with the port that was bound
};

class Datagrams {
 public:
  // Longer ones are cut off.
  static constexpr std::size_t kBytesMax = 4096;
  using Received = UniqueFunction<void(const std::string& from, std::string_view bytes)>;
  virtual ~Datagrams() = default;
  // `address` is numeric, "host:port". Conflict when it is in use.
  virtual Result<std::unique_ptr<DatagramSocket>> bind(Loop& loop, const std::string& address, Received received) = 0;
};

}  // namespace plinth
