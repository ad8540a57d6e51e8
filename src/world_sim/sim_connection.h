// Both ends of a simulated connection and the bytes between them.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "base/world.h"
#include "world_sim/sim_network.h"

namespace plinth::world_sim {

// Kept alive by its two streams and by what is in flight.
class SimConnection : public std::enable_shared_from_this<SimConnection> {
 public:
  SimConnection(SimNetwork& network, std::string address) : network_(network), address_(std::move(address)) {}

  // The stream of side 0 (the connecting one) or 1. Once for each side.
  std::unique_ptr<Stream> open(int side, Loop& loop, PeerInfo peer);
  // Both sides die without a word.
  void reset();
  bool is_open() const { return sides_[0].open || sides_[1].open; }
  const std::string& address() const { return address_; }
  // Bytes may move again after a partition.
  void resume();

 private:
  friend class SimStream;
  struct Side {
    Loop* loop = nullptr;
    StreamEvents* events = nullptr;
    PeerInfo peer;
    bool attached = false;  // a stream object exists
    bool open = false;
    bool paused = false;
    // Sending.
    std::deque<SharedBytes> queue;
    std::size_t queued = 0;
    bool ending = false;       // shutdown_write was called
    bool ended = false;        // and everything queued was sent
    bool carrying = false;     // a chunk is on the wire
    bool drained_due = false;  // on_drained is posted
    // Receiving.
    std::string received;
    bool input_ended = false;  // the peer's end has arrived
    bool input_told = false;
    bool reading_due = false;
    bool closed_told = false;
  };

  Side& side(int s) { return sides_[s]; }
  void write(int from, ByteChain bytes);
  void shutdown_write(int from);
  void close(int s);
  void detach(int s);
  void carry(int from);
  void arrive(int from);
  void arrive_close(int from);
  std::string take_chunk(Side& sender, std::size_t room);
  void schedule_reading(int s);
  void read(int s);
  void tell_closed(int s);
  // Runs on the side's loop if its stream still exists then.
  void post(int s, void (SimConnection::*what)(int));
  void tell_drained(int s);

  SimNetwork& network_;
  std::string address_;
  Side sides_[2];
};

}  // namespace plinth::world_sim
